package awsjson

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// conditionalCheckFailed is the Type of DynamoDB's refusal of a write whose
// condition is not met.
const conditionalCheckFailed = "ConditionalCheckFailedException"

const (
	maxType    = 100 // bytes of AWS's error type
	maxMessage = 512 // bytes of AWS's message
)

// Error is a refusal by the service. It wraps authz.ErrUnavailable if it
// passes by itself, else authz.ErrMisconfigured; but nothing for a condition that
// is not met (ConditionFailed), which is an answer rather than a fault.
type Error struct {
	// Type is AWS's, without namespace, at most 100 bytes. Empty if what
	// answered was not AWS.
	Type string
	// Message is AWS's, at most 512 bytes.
	Message string
	// Status is the HTTP status.
	Status int

	item     json.RawMessage // that did not meet the condition
	title    string
	sentinel error
	retry    bool
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s answered status %d, %q: %q", cmp.Or(e.title, "AWS"), e.Status, e.Type, e.Message)
	if e.sentinel != nil {
		text = e.sentinel.Error() + ": " + text
	}
	return text
}

// Unwrap returns the sentinel of package authz.
func (e *Error) Unwrap() error { return e.sentinel }

// Is makes an error that is worth another call known to Call.
func (e *Error) Is(err error) bool { return err == errRetry && e.retry }

// errRetry is what errors are that are worth another call.
var errRetry = errors.New("worth another call")

// retryable is a failed exchange that is worth another call.
type retryable struct{ error }

func (e *retryable) Unwrap() error     { return e.error }
func (e *retryable) Is(err error) bool { return err == errRetry }

// throttles are the refusals that come with status 400 and pass by themselves
// (the list of AWS's SDKs).
var throttles = map[string]bool{
	"ThrottlingException": true, "Throttling": true, "ThrottledException": true, "TooManyRequestsException": true,
	"RequestLimitExceeded": true, "RequestThrottled": true, "RequestThrottledException": true, "SlowDown": true,
	"RequestTimeout": true, "RequestTimeoutException": true, "PriorRequestNotComplete": true,
	"ProvisionedThroughputExceededException": true, "BandwidthLimitExceeded": true, "LimitExceededException": true,
	"TransactionInProgressException": true,
}

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
	switch {
	case e.Status >= 500 || e.Status == http.StatusTooManyRequests || throttles[kind]:
		e.sentinel, e.retry = authz.ErrUnavailable, true
	case kind == conditionalCheckFailed:
		e.sentinel = nil
	}
	return e
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
