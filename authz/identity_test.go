package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestFromRequest(t *testing.T) {
	t.Parallel()
	const missing = "no identity in the request: requestContext.authorizer is missing; does the route have an authorizer?"
	const empty = "no identity in the request: requestContext.authorizer has none of lambda, jwt and iam; does the authorizer give a context?"
	const badExpiry = "malformed identity in the request: expiresAt: it is not a whole number of seconds since the Unix epoch"
	const badUser = "malformed identity in the request: userId: it is not a string"
	identity := func(members string) string { return `{"authorizer":{"lambda":{` + members + `}}}` }
	jwt := func(claims string) string { return `{"authorizer":{"jwt":{"claims":{` + claims + `},"scopes":null}}}` }
	cognito := func(n int) string {
		identity := strings.ReplaceAll("eu-central-1:NNNNNNNN-NNNN-NNNN-NNNN-NNNNNNNNNNNN", "N", fmt.Sprint(n))
		return `{"authorizer":{"iam":{"accessKey":"ASIAEXAMPLE","accountId":"000000000000","userId":"AROAEXAMPLE:CognitoIdentityCredentials",
			"userArn":"arn:aws:sts::000000000000:assumed-role/pool/CognitoIdentityCredentials",
			"cognitoIdentity":{"amr":["authenticated"],"identityId":"` + identity + `","identityPoolId":"eu-central-1:pool"}}}}`
	}
	soon := time.Unix(testNow+1, 0).UTC()
	tests := []struct {
		name, context string
		want          Identity
		err           error
		text          string
	}{
		{name: "good", context: identity(`"userId":"usr_abc","expiresAt":1700000001,"other":[1]`), want: Identity{Subject: "usr_abc", ExpiresAt: time.Unix(1_700_000_001, 0).UTC()}},
		{name: "whole number with an exponent", context: identity(`"userId":"u","expiresAt":2e9`), want: Identity{Subject: "u", ExpiresAt: time.Unix(2_000_000_000, 0).UTC()}},
		{name: "last of the range", context: identity(`"userId":"u","expiresAt":253402300799`), want: Identity{Subject: "u", ExpiresAt: time.Unix(253402300799, 0).UTC()}},
		{"no authorizer", `{}`, Identity{}, ErrNoIdentity, missing},
		{"authorizer without context", `{"authorizer":{"lambda":null}}`, Identity{}, ErrNoIdentity, empty},
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
		{name: "everything", context: identity(`"userId":"u","issuer":"i","tenant":"t","method":"APIKey","credentialId":"k1","scopes":"a b","permissions":"events:*","tier":"gold","expiresAt":1700000001`), want: Identity{
			Subject: "u", Issuer: "i", Tenant: "t", Method: "APIKey", CredentialID: "k1", Scopes: []string{"a", "b"}, Permissions: []string{"events:*"}, Tier: "gold", ExpiresAt: soon}},
		{"tenant a number", identity(`"userId":"u","tenant":1,"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: tenant: it is not a string"},
		{"permissions an array", identity(`"userId":"u","permissions":["a"],"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: permissions: it is not a string"},
		{"permissions with two spaces", identity(`"userId":"u","permissions":"a  b","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: permissions: it is not a list of words"},
		{"scopes with a line break", identity(`"userId":"u","scopes":"a\nb","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: scopes: it is not a list of words"},
		{"tier with a line break", identity(`"userId":"u","tier":"a\nb","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: the tier has a character that is not printable"},
		{name: "a digest is required", context: identity(`"userId":"u","contentDigest":"required","expiresAt":1700000001`), want: Identity{Subject: "u", DigestRequired: true, ExpiresAt: soon}},
		{"a digest in other words", identity(`"userId":"u","contentDigest":"yes","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, `malformed identity in the request: contentDigest: it is not "required"`},
		{"a digest that is true", identity(`"userId":"u","contentDigest":true,"expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: contentDigest: it is not a string"},
		{"credential's id", identity(`"userId":"u","credentialId":"a b","expiresAt":1700000001`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: the credential's id: the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it"},

		{name: "JWT authorizer", context: jwt(`"sub":"u","exp":"1700000001","iss":"https://issuer.example","jti":"j1","scope":"a b","aud":"[a b]"`), want: Identity{
			Subject: "u", Issuer: "https://issuer.example", Method: "JWT", CredentialID: "j1", Scopes: []string{"a", "b"}, ExpiresAt: soon}},
		{name: "JWT authorizer, exp as it prints large numbers", context: jwt(`"sub":"u","exp":"1.700000001e+09"`), want: Identity{Subject: "u", Method: "JWT", ExpiresAt: soon}},
		{name: "JWT authorizer, jti of another form", context: jwt(`"sub":"u","exp":"1700000001","jti":"a b","scope":"a  b"`), want: Identity{Subject: "u", Method: "JWT", ExpiresAt: soon}},
		{name: "JWT authorizer, scp", context: jwt(`"sub":"u","exp":"1700000001","scp":"a b"`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"a", "b"}, ExpiresAt: soon}},
		{name: "JWT authorizer, scp an array", context: jwt(`"sub":"u","exp":"1700000001","scp":"[a b]"`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"a", "b"}, ExpiresAt: soon}},
		{name: "JWT authorizer, scope an array of one", context: jwt(`"sub":"u","exp":"1700000001","scope":"[a]"`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"a"}, ExpiresAt: soon}},
		{name: "JWT authorizer, scope an empty array", context: jwt(`"sub":"u","exp":"1700000001","scope":"[]"`), want: Identity{Subject: "u", Method: "JWT", ExpiresAt: soon}},
		{name: "JWT authorizer, scope with brackets of its own", context: jwt(`"sub":"u","exp":"1700000001","scope":"[[a] b]"`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"[a]", "b"}, ExpiresAt: soon}},
		{name: "JWT authorizer, one bracket", context: jwt(`"sub":"u","exp":"1700000001","scope":"["`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"["}, ExpiresAt: soon}},
		{name: "JWT authorizer, the other bracket", context: jwt(`"sub":"u","exp":"1700000001","scope":"ab]"`), want: Identity{Subject: "u", Method: "JWT", Scopes: []string{"ab]"}, ExpiresAt: soon}},
		{name: "JWT authorizer, scope before scp", context: jwt(`"sub":"u","exp":"1700000001","scope":"","scp":"a"`), want: Identity{Subject: "u", Method: "JWT", ExpiresAt: soon}},
		{"JWT authorizer, expired", jwt(`"sub":"u","exp":"1700000000"`), Identity{}, ErrExpired, "expired: the credential behind the identity has expired"},
		{"JWT authorizer, no exp", jwt(`"sub":"u"`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: exp: it is not a number of seconds since the Unix epoch"},
		{"JWT authorizer, exp NaN", jwt(`"sub":"u","exp":"NaN"`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: exp: it is not a number of seconds since the Unix epoch"},
		{"JWT authorizer, no sub", jwt(`"exp":"1700000001"`), Identity{}, ErrMalformedIdentity, "malformed identity in the request: sub: the subject is empty"},
		{name: "IAM authorizer", context: `{"authorizer":{"iam":{"accessKey":"AKIAEXAMPLE","accountId":"000000000000","userArn":"arn:aws:iam::000000000000:user/u","userId":"AIDAEXAMPLE"}}}`, want: Identity{
			Subject: "AIDAEXAMPLE", Method: "IAM", CredentialID: "AKIAEXAMPLE"}},
		{name: "identity pool, one identity", context: cognito(1), want: Identity{
			Subject: "eu-central-1:11111111-1111-1111-1111-111111111111", Issuer: "eu-central-1:pool", Method: "IAM", CredentialID: "ASIAEXAMPLE"}},
		{name: "identity pool, another identity of the same role", context: cognito(2), want: Identity{
			Subject: "eu-central-1:22222222-2222-2222-2222-222222222222", Issuer: "eu-central-1:pool", Method: "IAM", CredentialID: "ASIAEXAMPLE"}},
		{"identity pool, identity with a line break", `{"authorizer":{"iam":{"userId":"u","cognitoIdentity":{"identityId":"a\nb"}}}}`, Identity{}, ErrMalformedIdentity, "malformed identity in the request: cognitoIdentity.identityId: the subject has a character that is not printable"},
		{"IAM authorizer, no user", `{"authorizer":{"iam":{"accessKey":"AKIAEXAMPLE"}}}`, Identity{}, ErrMalformedIdentity, "malformed identity in the request: userId: the subject is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var request events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal([]byte(`{"version":"2.0","requestContext":`+tt.context+`}`), &request); err != nil {
				t.Fatal(err)
			}
			got, err := fromRequest(request, time.Unix(testNow, 0))
			if !reflect.DeepEqual(got, tt.want) || !errors.Is(err, tt.err) || text(err) != tt.text {
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
	answer, _, err := invoke(t, Handler{Chain: chainOf(newJWT(t))}, readEvent(t, "Bearer "+sign(testHeader, testClaims)))
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
	got, err := fromRequest(request, time.Unix(testNow, 0))
	if want := (Identity{Subject: "usr_abc", Method: "JWT", CredentialID: "sha256:f12fd46e9b45", ExpiresAt: time.Unix(testNow+60, 0).UTC()}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func requestWith(authorizerContext map[string]any) events.APIGatewayV2HTTPRequest {
	var request events.APIGatewayV2HTTPRequest
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: authorizerContext}
	return request
}
