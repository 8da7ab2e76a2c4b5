// Package awserr is the error of every service of the local AWS: what a client of
// AWS sees, and beside it what a developer has to change.
package awserr

import (
	"errors"
	"fmt"
	"net/http"
)

// Codes that several services have.
const (
	AccessDenied     = "AccessDeniedException"
	ResourceNotFound = "ResourceNotFoundException"
	TooManyRequests  = "TooManyRequestsException"
	Validation       = "ValidationException"
)

// Error is an error that a client of AWS sees.
type Error struct {
	// Code is the error's name in the service's API, for instance
	// ParameterNotFound. It is empty for what the local AWS alone refuses; see
	// [Unsupported].
	Code string
	// Message is AWS's own wording where that is known.
	Message string
	// Status is the HTTP status. Defaults to 400.
	Status int
	// Members are further members of the answer, such as CancellationReasons.
	Members map[string]any
	// Cure is what a developer has to change so that the call succeeds; it is told
	// on the console and in Pulumi's output, never to a client. May be empty.
	Cure string
}

// Error implements error: code and message, as AWS's own tools print them.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// WithCure returns e with a cure.
func (e *Error) WithCure(format string, args ...any) *Error {
	e.Cure = fmt.Sprintf(format, args...)
	return e
}

// New returns an Error of status 400.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unsupported is the refusal of what AWS would accept and the local AWS does not
// imitate, so that nobody takes for tested what is not. feature is what was asked
// for, with its setting; cure is what to use instead.
func Unsupported(feature, cure string) *Error {
	return &Error{Message: fmt.Sprintf("the local AWS does not support %s: %s", feature, cure)}
}

// Unavailable is what a service answers that is down.
func Unavailable() *Error {
	return &Error{Code: "ServiceUnavailableException", Message: "The service is unavailable. Please try again later.", Status: http.StatusServiceUnavailable}
}

// Has reports whether err is, or wraps, an Error with this code.
func Has(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Message returns the message of the Error that err is or wraps, without its code;
// any other error's text.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// Explain returns err with its cure, where it has one, in its text.
func Explain(err error) error {
	if cure := CureOf(err); cure != "" {
		return fmt.Errorf("%w; cure: %s", err, cure)
	}
	return err
}

// CureOf returns the cure of the Error that err is or wraps, empty where it has
// none.
func CureOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Cure
	}
	return ""
}

// Of returns the Error that err is or wraps. What is not meant for clients becomes
// an InternalFailure without details.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error.", Status: http.StatusInternalServerError}
}
