package gateway

import "github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"

// Codes of the apigatewayv2 API.
const (
	CodeBadRequest      = "BadRequestException"
	CodeNotFound        = "NotFoundException"
	CodeConflict        = "ConflictException"
	CodeTooManyRequests = "TooManyRequestsException" // a quota is reached
)

func badRequest(format string, args ...any) error {
	return awserr.New(CodeBadRequest, format, args...)
}

func notFound(format string, args ...any) error {
	return awserr.New(CodeNotFound, format, args...)
}

func conflict(format string, args ...any) error {
	return awserr.New(CodeConflict, format, args...)
}

// quota refuses one more resource where an API already has its maximum.
func quota(what string, have, limit int) error {
	if have < limit {
		return nil
	}
	return awserr.New(CodeTooManyRequests, "Maximum number of %s for this API has been reached. The limit is %d.", what, limit)
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
			return awserr.Unsupported(s.name, s.cure)
		}
	}
	return nil
}
