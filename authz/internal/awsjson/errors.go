package awsjson

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Types of DynamoDB's refusals of a write whose condition is not met, and of a
// transaction; the message of that has the reasons.
const (
	conditionalCheckFailed = "ConditionalCheckFailedException"
	transactionCanceled    = "TransactionCanceledException"
)

const (
	maxType    = 100 // bytes of AWS's error type
	maxMessage = 512 // bytes of AWS's message
)

// Error is a refusal by the service. It wraps authz.ErrUnavailable if it
// passes by itself, or is not about what was asked for but about who asked, or
// not AWS's at all; else authz.ErrMisconfigured. It wraps nothing for a condition
// that is not met (ConditionFailed), which is an answer rather than a fault.
type Error struct {
	// Type is AWS's, without namespace, at most 100 bytes. Empty if what
	// answered was not AWS.
	Type string
	// Message is AWS's, at most 512 bytes.
	Message string
	// Status is the HTTP status.
	Status int

	condition bool            // a condition is not met
	item      json.RawMessage // that did not meet it
	title     string
	sentinel  error
	retry     bool
	throttled bool
	repeated  bool // an exchange before it may have been carried out
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s answered status %d", cmp.Or(e.title, "AWS"), e.Status)
	switch {
	case e.Type == "" && e.Message == "":
		text += " without saying why"
	case e.Type == "" || e.Message == "":
		text += fmt.Sprintf(", %q", e.Type+e.Message)
	default:
		text += fmt.Sprintf(", %q: %q", e.Type, e.Message)
	}
	if e.sentinel != nil {
		text = e.sentinel.Error() + ": " + text
	}
	return text
}

// Unwrap returns the sentinel of package authz.
func (e *Error) Unwrap() error { return e.sentinel }

// Is makes an error that is worth another call known to Call, and one about a
// table that does not exist to [errors.Is].
func (e *Error) Is(err error) bool {
	return err == errRetry && e.retry || err == ErrNoTable && e.Type == "ResourceNotFoundException"
}

// ErrNoTable is what an Error of DynamoDB is where it has no such table.
var ErrNoTable = errors.New("no such table")

// errRetry is what errors are that are worth another call.
var errRetry = errors.New("worth another call")

// retryable is a failed exchange that is worth another call.
type retryable struct{ error }

func (e *retryable) Unwrap() error     { return e.error }
func (e *retryable) Is(err error) bool { return err == errRetry }

// throttles are the refusals that come with status 400 and pass by themselves:
// the list of AWS's SDKs, and a write that met a transaction.
var throttles = map[string]bool{
	"ThrottlingException": true, "Throttling": true, "ThrottledException": true, "TooManyRequestsException": true,
	"RequestLimitExceeded": true, "RequestThrottled": true, "RequestThrottledException": true, "SlowDown": true,
	"RequestTimeout": true, "RequestTimeoutException": true, "PriorRequestNotComplete": true,
	"ProvisionedThroughputExceededException": true, "BandwidthLimitExceeded": true, "LimitExceededException": true,
	"TransactionInProgressException": true, "TransactionConflictException": true,
}

// unheard are the refusals of a request that was not looked at, because of its
// signature, the caller's clock or session: nothing was said of what it asks
// for. Another call with the same credentials has no better chance (API
// references, "Common Errors").
var unheard = map[string]bool{
	"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "RequestExpired": true, "RequestTimeTooSkewed": true,
	"ExpiredTokenException": true, "ExpiredToken": true, "UnrecognizedClientException": true, "InvalidClientTokenId": true,
	"IncompleteSignature": true, "MissingAuthenticationTokenException": true, "MissingAuthenticationToken": true,
}

// passing are the reasons that cancel a transaction and pass by themselves (API
// reference, TransactWriteItems).
var passing = []string{"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}

// refusal makes an error of an answer that is not 200.
func (c *Client) refusal(response *http.Response, body []byte) error {
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // spelt Message by some services
		Item    json.RawMessage
	}
	_ = json.Unmarshal(body, &answer) // a proxy's answer may be no JSON
	kind := answer.Type
	if kind == "" {
		kind, _, _ = strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	}
	kind = kind[strings.LastIndexByte(kind, '#')+1:]
	e := &Error{
		Type: kind[:min(len(kind), maxType)], Message: answer.Message[:min(len(answer.Message), maxMessage)],
		Status: response.StatusCode, item: answer.Item, title: c.title, sentinel: authz.ErrMisconfigured,
	}
	canceled := func(reason string) bool {
		return kind == transactionCanceled && strings.Contains(answer.Message, reason)
	}
	switch {
	case kind == conditionalCheckFailed || canceled("ConditionalCheckFailed"):
		e.sentinel, e.condition = nil, true
	case e.Status >= 500 || e.Status == http.StatusTooManyRequests || throttles[kind] || slices.ContainsFunc(passing, canceled):
		e.sentinel, e.retry = authz.ErrUnavailable, true
		e.throttled = e.Status == http.StatusTooManyRequests || throttles[kind]
	case kind == "" || unheard[kind]:
		e.sentinel = authz.ErrUnavailable
	}
	return e
}

// Unheard reports whether the service refused the request without looking at
// what it asks for, because of its signature, the caller's clock or session, and
// at the first attempt: an earlier one may have been carried out.
func Unheard(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && unheard[refused.Type] && !refused.repeated
}

// WithCure adds to a refusal by the service what to do about it: cures are by
// Type. Other errors it leaves as they are.
func WithCure(err error, cures map[string]string) error {
	var refused *Error
	if errors.As(err, &refused) && cures[refused.Type] != "" {
		return fmt.Errorf("%w; %s", err, cures[refused.Type])
	}
	return err
}
