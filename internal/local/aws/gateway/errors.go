package gateway

import "fmt"

// Codes of an APIError: the exceptions of the apigatewayv2 API.
const (
	CodeBadRequest      = "BadRequestException"
	CodeNotFound        = "NotFoundException"
	CodeConflict        = "ConflictException"
	CodeTooManyRequests = "TooManyRequestsException" // a quota is reached
)

// APIError is a call that AWS refuses too.
type APIError struct {
	// Code is the exception's name.
	Code string
	// Message is AWS's own wording where that is known.
	Message string
}

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// UnsupportedError is a call that AWS would accept and the local AWS does not
// imitate. It is refused so that nobody takes for tested what is not.
type UnsupportedError struct {
	// Feature is what was asked for, with its setting.
	Feature string
	// Cure is what to use instead.
	Cure string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("the local AWS does not support %s: %s", e.Feature, e.Cure)
}

func badRequest(format string, args ...any) error {
	return &APIError{CodeBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &APIError{CodeNotFound, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &APIError{CodeConflict, fmt.Sprintf(format, args...)}
}

// quota refuses one more resource where an API already has its maximum.
func quota(what string, have, limit int) error {
	if have < limit {
		return nil
	}
	return &APIError{CodeTooManyRequests, fmt.Sprintf("Maximum number of %s for this API has been reached. The limit is %d.", what, limit)}
}

// setting is a setting that must be left out, and whether it was given.
type setting struct {
	given bool
	name  string
	cure  string
}

func refuse(settings ...setting) error {
	for _, s := range settings {
		if s.given {
			return &UnsupportedError{Feature: s.name, Cure: s.cure}
		}
	}
	return nil
}
