package live_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// TestKindOfTokens: why a token is refused has a name.
func TestKindOfTokens(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	w := newWorld(t)
	authorizer := must(w.service.CreateAuthorizer(w.api.ID, jwtAuthorizer(issuer.URL)))
	must(w.service.CreateRoute(w.api.ID, management.Route{
		RouteKey: "GET /jwt", Target: "integrations/" + w.integration.ID, AuthorizationType: "JWT", AuthorizerID: authorizer.ID, AuthorizationScopes: []string{"write"},
	}))
	claims := func(name string, value any) map[string]any {
		claims := issuer.Claims("events", time.Now())
		claims["scope"] = "write"
		if name != "" {
			claims[name] = value
		}
		return claims
	}
	good := issuer.Token(t, claims("", nil))
	signed := func(name string, value any) string { return issuer.Token(t, claims(name, value)) }
	headed := func(header map[string]any) string { return oidctest.Sign(t, header, claims("", nil)) }
	past, future := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	for _, tt := range []struct{ token, want string }{
		{good, ""},
		{"Bearer ", "no credential"},
		{"x", "malformed"},
		{"x.y.z", "malformed"},
		{headed(map[string]any{"alg": "RS256"}), "malformed"},
		{headed(map[string]any{"alg": "RS256", "kid": "another"}), "unknown key"},
		{headed(map[string]any{"alg": "none", "kid": "key-1"}), "unsupported algorithm"},
		{good[:strings.LastIndexByte(good, '.')] + signed("sub", "another")[strings.LastIndexByte(signed("sub", "another"), '.'):], "invalid signature"},
		{signed("iss", "https://another.example"), "wrong issuer"},
		{signed("aud", "another"), "wrong audience"},
		{signed("exp", past), "expired"},
		{signed("exp", "tomorrow"), "invalid claim"},
		{signed("nbf", future), "not yet valid"},
		{signed("iat", future), "not yet valid"},
		{signed("scope", "read"), "insufficient scope"},
	} {
		if d := w.decision(w.get("/jwt", "Authorization: "+tt.token)); d.Kind != tt.want || d.Allowed != (tt.want == "") {
			t.Errorf("%s is %q, want %q", d.Failure, d.Kind, tt.want)
		}
	}
	issuer.Instead(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	unread := must(jwtauth.New(jwtauth.Config{Issuer: issuer.URL, Audience: []string{"events"}}))
	if _, err := unread.Authorize(t.Context(), good, nil); live.KindOf(err) != "unavailable" {
		t.Errorf("%v is %q", err, live.KindOf(err))
	}
	if d := w.decision(w.get("/r/1")); d.Kind != "" {
		t.Errorf("a Lambda authorizer's refusal is %q", d.Kind)
	}
}

// TestKindOfSignatures: so has why a signature is refused, or who signed.
func TestKindOfSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "GET /iam", Target: "integrations/" + w.integration.ID, AuthorizationType: "AWS_IAM"}))
	_, caller, _ := w.caller()
	sent := func(service, region string, after time.Duration, credentials iam.Credentials) live.Decision {
		t.Helper()
		return w.decision(w.signFor(service, region, w.clock.Now().Add(after), credentials, http.MethodGet, "/iam", ""))
	}
	unknown, wrong := caller, caller
	unknown.AccessKeyID, wrong.SecretAccessKey = "ASIAUNKNOWN", "wrong"
	for want, d := range map[string]live.Decision{
		"":                  sent("execute-api", testRegion, 0, w.identities.Root()),
		"denied":            sent("execute-api", testRegion, 0, caller),
		"unknown key":       sent("execute-api", testRegion, 0, unknown),
		"invalid signature": sent("execute-api", testRegion, 0, wrong),
		"wrong service":     sent("lambda", testRegion, 0, caller),
		"wrong Region":      sent("execute-api", "us-east-1", 0, caller),
		"expired":           sent("execute-api", testRegion, -time.Hour, caller),
		"not yet valid":     sent("execute-api", testRegion, time.Hour, caller),
		"no credential":     w.decision(w.get("/iam")),
		"malformed":         w.decision(w.get("/iam", "Authorization: Bearer x")),
	} {
		if d.Kind != want || d.Allowed != (want == "") {
			t.Errorf("%s is %q, want %q", d.Failure, d.Kind, want)
		}
	}
}
