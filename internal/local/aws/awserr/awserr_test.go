package awserr_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func TestError(t *testing.T) {
	t.Parallel()
	refused := awserr.New(awserr.AccessDenied, "not %s", "you").WithCure("be %s", "me")
	for _, tt := range []struct {
		name                   string
		err                    error
		denied                 bool
		message, code, explain string
	}{
		{"with a cure", refused, true, "not you", awserr.AccessDenied, "AccessDeniedException: not you; cure: be me"},
		{"wrapped", fmt.Errorf("reading: %w", refused), true, "not you", awserr.AccessDenied, "reading: AccessDeniedException: not you; cure: be me"},
		{"another code", awserr.New(awserr.Validation, "no"), false, "no", awserr.Validation, "ValidationException: no"},
		{"unsupported", awserr.Unsupported("streams", "use none"), false, "the local AWS does not support streams: use none", "", "the local AWS does not support streams: use none"},
		{"not of AWS", errors.New("secret"), false, "secret", "InternalFailure", "secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := awserr.Has(tt.err, awserr.AccessDenied); got != tt.denied {
				t.Errorf("denied: %v", got)
			}
			if got := awserr.Message(tt.err); got != tt.message {
				t.Errorf("message: %s", got)
			}
			if got := awserr.Of(tt.err).Code; got != tt.code {
				t.Errorf("code: %s", got)
			}
			if got := awserr.Explain(tt.err).Error(); got != tt.explain {
				t.Errorf("explained: %s", got)
			}
		})
	}
}
