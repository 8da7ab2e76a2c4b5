package lambda

import (
	"errors"
	"fmt"
)

// APIError is a refusal of the Lambda API.
type APIError struct {
	// Code is AWS's, for instance InvalidParameterValueException.
	Code string
	// Message is AWS's where AWS has one for the case.
	Message string

	cure string
}

func (e *APIError) Error() string {
	text := e.Code + ": " + e.Message
	if e.cure != "" {
		text += "; cure: " + e.cure
	}
	return text
}

// Cure is what a developer has to change so that the call succeeds; it may be
// empty.
func (e *APIError) Cure() string { return e.cure }

// ErrClosed is what a call returns once the service has been closed.
var ErrClosed = errors.New("the local Lambda service is closed")

// Codes of the Lambda API.
const (
	codeInvalidParameter = "InvalidParameterValueException"
	codeValidation       = "ValidationException"
	codeConflict         = "ResourceConflictException"
	codeNotFound         = "ResourceNotFoundException"
	codeAccessDenied     = "AccessDeniedException"
)

func invalidParameter(cure, format string, args ...any) error {
	return &APIError{Code: codeInvalidParameter, Message: fmt.Sprintf(format, args...), cure: cure}
}

// constraint is AWS's wording of a broken constraint of the API's model.
func constraint(member string, value any, rule, cure string) error {
	return &APIError{
		Code:    codeValidation,
		Message: fmt.Sprintf("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, rule),
		cure:    cure,
	}
}
