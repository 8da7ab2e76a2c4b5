// Package protocol is what the services behind the AWS endpoint have in
// common: the request that the endpoint has verified, the permissions that it
// needs, errors with AWS's code and message, and AWS's JSON protocols (1.0
// and 1.1). Which services there are is left to package endpoint, and what
// they do to themselves.
package protocol

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// Service answers the requests of one signing name.
type Service interface {
	// Serve answers a request whose signature is good. It calls
	// Request.Authorize before it does anything.
	Serve(w http.ResponseWriter, r *Request)
	// Fail answers with an error in the service's own protocol.
	Fail(w http.ResponseWriter, err error)
}

// Request is one request to a service.
type Request struct {
	// Identity is who signed it, for what Scope.
	Identity iam.Identity
	Scope    iam.Scope
	// HTTP is the request itself; its body has been read into Body.
	HTTP *http.Request
	Body []byte
	// Authorize returns nil or an *iam.AccessDeniedError.
	Authorize func(iam.Grant) error
	Console   *console.Console
}

// Allow authorizes all grants, in their order. The first refusal is told to
// the developer, with its cure, and returned.
func (r *Request) Allow(grants []iam.Grant) error {
	for _, g := range grants {
		err := r.Authorize(g)
		var denied *iam.AccessDeniedError
		if errors.As(err, &denied) {
			r.Console.Refused(denied.Error(), denied.Cure())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Error is an error that a client of AWS sees.
type Error struct {
	// Code is the error's name, for instance ParameterNotFound.
	Code    string
	Message string
	// Status is the HTTP status. Defaults to 400.
	Status int
	// Members are further members of the answer, such as CancellationReasons.
	Members map[string]any
	// Cure, where not empty, is told to the developer on the console.
	Cure string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error of status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError turns any error into one that a client may see. What is not meant
// for clients becomes an InternalFailure without details.
func AsError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var denied *iam.AccessDeniedError
	if errors.As(err, &denied) {
		return &Error{Code: "AccessDeniedException", Message: denied.Error()}
	}
	var api *iam.APIError
	if errors.As(err, &api) {
		return &Error{Code: api.Code, Message: api.Message}
	}
	return &Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error.", Status: http.StatusInternalServerError}
}

// RequestID returns a random UUID, as most services send in x-amzn-requestid.
func RequestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // crypto/rand never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
