package authz

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// BenchmarkHandle is a whole answer to a request with a good token, without the
// decoding of the event: by an authorizer whose answers are not reused, and by one
// whose answers are.
func BenchmarkHandle(b *testing.B) {
	var event events.APIGatewayV2CustomAuthorizerV2Request
	if err := json.Unmarshal(readEvent(b, "Bearer "+sign(testHeader, testClaims)), &event); err != nil {
		b.Fatal(err)
	}
	for _, ttl := range []string{"0", "300"} {
		b.Run("TTL="+ttl, func(b *testing.B) {
			b.Setenv("AUTHORIZER_CACHE_TTL", ttl)
			b.Setenv("AUTHORIZER_IDENTITY_SOURCES", "$request.header.Authorization")
			h := Handler{Chain: chainOf(newJWT(b)), Logger: slog.New(slog.DiscardHandler)}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if answer, err := h.Handle(ctx, event); err != nil || !answer.IsAuthorized {
					b.Fatal(answer, err)
				}
			}
		})
	}
}
