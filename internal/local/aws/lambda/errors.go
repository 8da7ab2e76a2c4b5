package lambda

import (
	"fmt"
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// ErrClosed is what a call returns once the service has been closed.
var ErrClosed error = &awserr.Error{Code: "ServiceException", Message: "the local Lambda service is closed", Status: http.StatusInternalServerError}

// Codes of the Lambda API.
const (
	codeInvalidParameter = "InvalidParameterValueException"
	codeConflict         = "ResourceConflictException"
)

// refusal is an error that the caller is to blame for.
func refusal(code, cure, format string, args ...any) *awserr.Error {
	return &awserr.Error{Code: code, Message: fmt.Sprintf(format, args...), Cure: cure, Members: map[string]any{"Type": "User"}}
}

func notFound(arn string) error {
	return refusal(awserr.ResourceNotFound, "", "Function not found: %s", arn)
}

func invalidParameter(cure, format string, args ...any) error {
	return refusal(codeInvalidParameter, cure, format, args...)
}

// constraint is AWS's wording of a broken constraint of the API's model.
func constraint(member string, value any, rule, cure string) error {
	return refusal(awserr.Validation, cure, "1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, rule)
}
