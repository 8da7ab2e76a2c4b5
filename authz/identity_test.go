package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestFromRequest(t *testing.T) {
	t.Parallel()
	const missing = "no identity in the request: requestContext.authorizer.lambda is missing; does the route have the Lambda authorizer?"
	const badExpiry = "malformed identity in the request: expiresAt is not a whole number of seconds since the Unix epoch"
	const badUser = "malformed identity in the request: userId is not a string"
	identity := func(members string) string { return `{"authorizer":{"lambda":{` + members + `}}}` }
	tests := []struct {
		name, context string
		want          Identity
		err           error
		text          string
	}{
		{name: "good", context: identity(`"userId":"usr_abc","expiresAt":1700000001,"other":[1]`), want: Identity{"usr_abc", time.Unix(1_700_000_001, 0).UTC()}},
		{name: "whole number with an exponent", context: identity(`"userId":"u","expiresAt":2e9`), want: Identity{"u", time.Unix(2_000_000_000, 0).UTC()}},
		{name: "last of the range", context: identity(`"userId":"u","expiresAt":253402300799`), want: Identity{"u", time.Unix(253402300799, 0).UTC()}},
		{"no authorizer", `{}`, Identity{}, ErrNoIdentity, missing},
		{"authorizer without context", `{"authorizer":{"lambda":null}}`, Identity{}, ErrNoIdentity, missing},
		{"JWT authorizer", `{"authorizer":{"jwt":{"claims":{"sub":"u","exp":"1700000001"}}}}`, Identity{}, ErrNoIdentity, missing},
		{"empty context", identity(``), Identity{}, ErrMalformedIdentity, badUser},
		{"no user", identity(`"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, badUser},
		{"user in another case", identity(`"userid":"u","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, badUser},
		{"user a number", identity(`"userId":7,"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, badUser},
		{"user null", identity(`"userId":null,"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, badUser},
		{"user empty", identity(`"userId":"","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: userId: the subject is empty"},
		{"user with a line break", identity(`"userId":"a\nb","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: userId: the subject has a character that is not printable"},
		{"user too long", identity(`"userId":"` + strings.Repeat("u", 256) + `","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: userId: the subject is longer than 255 bytes"},
		{"no expiry", identity(`"userId":"u"`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry a string", identity(`"userId":"u","expiresAt":"1700000001"`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry a fraction", identity(`"userId":"u","expiresAt":1700000001.5`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry zero", identity(`"userId":"u","expiresAt":0`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry negative", identity(`"userId":"u","expiresAt":-1`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry beyond the range", identity(`"userId":"u","expiresAt":253402300800`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expiry beyond int64", identity(`"userId":"u","expiresAt":1e300`), Identity{}, ErrMalformedIdentity, badExpiry},
		{"expires now", identity(`"userId":"u","expiresAt":1700000000`), Identity{}, ErrExpired, "expired: the credential behind the identity has expired"},
		{"expired long ago", identity(`"userId":"u","expiresAt":1`), Identity{}, ErrExpired, "expired: the credential behind the identity has expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var request events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal([]byte(`{"version":"2.0","requestContext":`+tt.context+`}`), &request); err != nil {
				t.Fatal(err)
			}
			got, err := IdentityReader{Now: at(testNow)}.FromRequest(request)
			if got != tt.want || !errors.Is(err, tt.err) || text(err) != tt.text {
				t.Errorf("got %+v, error %q; want %+v, error %q", got, text(err), tt.want, tt.text)
			}
		})
	}
}

// TestFromRequestNotFinite: JSON has no such numbers, but the map could.
func TestFromRequestNotFinite(t *testing.T) {
	t.Parallel()
	for _, seconds := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		request := requestWith(map[string]any{"userId": "u", "expiresAt": seconds})
		if _, err := FromRequest(request); !errors.Is(err, ErrMalformedIdentity) {
			t.Errorf("%v: got %v, want %v", seconds, err, ErrMalformedIdentity)
		}
	}
}

// TestFromRequestClock: the default clock is the system's.
func TestFromRequestClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ahead time.Duration
		want  error
	}{{time.Hour, nil}, {-time.Hour, ErrExpired}} {
		request := requestWith(map[string]any{"userId": "u", "expiresAt": float64(time.Now().Add(tt.ahead).Unix())})
		if _, err := FromRequest(request); !errors.Is(err, tt.want) {
			t.Errorf("%v ahead: got %v, want %v", tt.ahead, err, tt.want)
		}
	}
}

// TestHandlerToFromRequest: what the authorizer answers is what the handler
// reads, through JSON both ways.
func TestHandlerToFromRequest(t *testing.T) {
	t.Parallel()
	answer, _, err := invoke(t, Handler{Verifier: newHS256(t)}, readEvent(t, "Bearer "+sign(testHeader, testClaims)))
	if err != nil {
		t.Fatal(err)
	}
	var simple struct{ Context json.RawMessage }
	if err := json.Unmarshal([]byte(answer), &simple); err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(fmt.Appendf(nil, `{"requestContext":{"authorizer":{"lambda":%s}}}`, simple.Context), &request); err != nil {
		t.Fatal(err)
	}
	got, err := IdentityReader{Now: at(testNow)}.FromRequest(request)
	if want := (Identity{"usr_abc", time.Unix(testNow+60, 0).UTC()}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func requestWith(authorizerContext map[string]any) events.APIGatewayV2HTTPRequest {
	var request events.APIGatewayV2HTTPRequest
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: authorizerContext}
	return request
}
