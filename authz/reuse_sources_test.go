package authz

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

// routedEvent returns an event of a route with a good token.
func routedEvent(t *testing.T, method, route string, headers map[string]string, identity ...string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(eventWith(t, headers, identity...), &event); err != nil {
		t.Fatal(err)
	}
	event["routeKey"] = route
	event["requestContext"].(map[string]any)["http"].(map[string]any)["method"] = method
	data, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bySubject is a policy that looks at the caller only.
type bySubject struct{}

func (bySubject) Decide(context.Context, Principal, Request) error { return nil }

func (bySubject) IdentitySources() []string { return nil }

// TestReuseByRoute: what the route key does not say of method and path is an
// identity source, unless the policy says that it does not look at it.
func TestReuseByRoute(t *testing.T) {
	t.Parallel()
	token := sign(testHeader, testClaims)
	bearer := "Bearer " + token
	all := PolicyFunc(func(context.Context, Principal, Request) error { return nil })
	with := func(policy string, source string) string {
		return "policy " + policy + " without the method IdentitySources: " + reusedText + strings.ReplaceAll(byPath, SourcePath, source)
	}
	const base, route = bearerSource, bearerSource + "," + SourceRouteKey
	other := func(source string) string {
		return reusedText + "the event's identity sources do not have the value of " + source + ": set AUTHORIZER_IDENTITY_SOURCES to those of the API's authorizer; during a deployment, wait for its end"
	}
	for _, tt := range []struct {
		name, route, sources string
		policy               Policy
		values               []string
		text                 string
	}{
		{"one method", "GET /x", route, all, []string{bearer, "GET /x"}, ""},
		{"any method", "ANY /x", route, all, []string{bearer, "ANY /x"}, with("authz.PolicyFunc", SourceMethod)},
		{"any method, kept by it", "ANY /x", route + "," + SourceMethod, all, []string{bearer, "ANY /x", "GET"}, ""},
		{"a method that begins as another", "GETS /x", route, all, []string{bearer, "GETS /x"}, with("authz.PolicyFunc", SourceMethod)},
		{"the default route", "$default", route + "," + SourceMethod, all, []string{bearer, "$default", "GET"}, with("authz.PolicyFunc", SourcePath)},
		{"the default route, kept by all", "$default", route + "," + SourceMethod + "," + SourcePath, all, []string{bearer, "$default", "GET", "/x"}, ""},
		{"a variable", "GET /{x}", route, all, []string{bearer, "GET /{x}"}, with("authz.PolicyFunc", SourcePath)},
		{"a variable, kept by the path", "GET /{x}", route + "," + SourcePath, all, []string{bearer, "GET /{x}", "/x"}, ""},
		{"one of several policies", "ANY /x", route, AllPolicies{RoutePermissions{"ANY /x": {}}, all}, []string{bearer, "ANY /x"}, with("authz.PolicyFunc", SourceMethod)},
		{"permissions of any method", "ANY /x", route, RoutePermissions{"ANY /x": {}}, []string{bearer, "ANY /x"}, ""},
		{"permissions of the default route", "$default", route, RoutePermissions{"$default": {}}, []string{bearer, "$default"}, ""},
		{"permissions without the route", "ANY /x", base, RoutePermissions{"ANY /x": {}}, []string{bearer}, reusedText + byRoute},
		{"by the caller", "$default", base, bySubject{}, []string{bearer}, ""},
		{"a space behind the comma", "GET /x", bearerSource + ", " + SourceRouteKey + ",", all, []string{bearer, "GET /x"}, ""},
		{"the route in another case", "GET /x", bearerSource + ",$context.routekey", all, []string{bearer, "GET /x"}, reusedText + byRoute},
		{"the header in another case", "GET /x", strings.ToLower(bearerSource) + "," + SourceRouteKey, all, []string{bearer, "GET /x"}, ""},
		{"another value in the route's place", "GET /x", route, all, []string{bearer, "*/*"}, other(SourceRouteKey)},
		{"the sources of before", "ANY /x", route + "," + SourceMethod, all, []string{bearer, "ANY /x"}, "policy authz.PolicyFunc without the method IdentitySources: " + other(SourceMethod)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := Handler{Chain: chainOf(newJWT(t)), Policy: tt.policy, Getenv: reused(tt.sources)}
			answer, _, err := invoke(t, h, routedEvent(t, "GET", tt.route, map[string]string{"authorization": bearer}, tt.values...))
			if want := tt.text; want == "" && (err != nil || !strings.HasPrefix(answer, `{"isAuthorized":true`)) || want != "" && text(err) != "judging a request: "+want {
				t.Errorf("got %s, %q; want %q", answer, text(err), want)
			}
		})
	}
	for _, ttl := range []string{"+300", "0300", "00", " 0", "-1"} {
		h := Handler{Chain: chainOf(newJWT(t)), Getenv: environ("AUTHORIZER_CACHE_TTL", ttl, "AUTHORIZER_IDENTITY_SOURCES", base)}
		_, _, err := invoke(t, h, routedEvent(t, "GET", "GET /x", map[string]string{"authorization": bearer}, bearer))
		if want := `judging a request: misconfigured: environment variable AUTHORIZER_CACHE_TTL is "` + ttl + `", which is not a whole number of seconds from 0 to 3600; set it to the TTL of the API's authorizer`; text(err) != want {
			t.Errorf("%q: got %q, want %q", ttl, text(err), want)
		}
	}
}

// TestReuseOfExtraction: a refusal by an extractor is kept only if it is one for all
// that API Gateway would give it to.
func TestReuseOfExtraction(t *testing.T) {
	t.Parallel()
	bearer := "Bearer " + sign(testHeader, testClaims)
	chain := Chain{{Verifier: newJWT(t)}, apiKeys("k")}
	const two = "malformed credential: the request has more than one credential: Bearer, x-api-key"
	const deny = `{"isAuthorized":false}`
	refused := func(why string) string {
		return reusedText + "it is a refusal (" + why + ") for what is in none of the identity sources, so that others would get it: make every place where a credential may be an identity source, or set the authorizer's TTL to 0"
	}
	both := bearerSource + ",$request.header.X-Api-Key"
	for _, tt := range []struct {
		name, sources string
		headers       map[string]string
		values        []string
		text          string // "" for a denial
	}{
		{"two, one of them a source", bearerSource, map[string]string{"authorization": bearer, "x-api-key": "junk"}, []string{bearer}, refused(two)},
		{"two, both sources", both, map[string]string{"authorization": bearer, "x-api-key": "junk"}, []string{bearer, "junk"}, ""},
		{"malformed in the source", bearerSource, map[string]string{"authorization": "Bearer a,b"}, []string{"Bearer a,b"}, ""},
		{"malformed in the source, and another", bearerSource, map[string]string{"authorization": "Bearer a,b", "x-api-key": "k"}, []string{"Bearer a,b"}, ""},
		{"malformed elsewhere", "$request.header.X-Api-Key", map[string]string{"authorization": "Bearer a,b", "x-api-key": "k"}, []string{"k"}, refused("malformed credential: the header Authorization has a comma, so it may be several headers")},
		{"malformed in a source of another value", bearerSource, map[string]string{"authorization": "Bearer a,b"}, []string{"x"}, refused("malformed credential: the header Authorization has a comma, so it may be several headers")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, _, err := invoke(t, Handler{Chain: chain, Getenv: reused(tt.sources)}, eventWith(t, tt.headers, tt.values...))
			if want := tt.text; want == "" && (err != nil || answer != deny) || want != "" && text(err) != "judging a request: "+want {
				t.Errorf("got %s, %q; want %q", answer, text(err), want)
			}
		})
	}
}

// TestReuseOfWildcardDenials: the answer to a path that no policy can name is for
// this path alone.
func TestReuseOfWildcardDenials(t *testing.T) {
	t.Parallel()
	bearer := "Bearer " + sign(testHeader, testClaims)
	event := eventV1(t, "/events/a$b", map[string]string{"Authorization": bearer})
	h := Handler{Chain: chainOf(newJWT(t)), Getenv: reused(bearerSource), Logger: slog.New(slog.DiscardHandler)}
	if _, err := h.HandlePolicy(t.Context(), event); text(err) != "judging a request: "+reusedText+strings.ReplaceAll(byPath, SourcePath, SourceMethod) {
		t.Errorf("got %v", err)
	}
	h.Getenv = reused(bearerSource + "," + SourceMethod + "," + SourcePath)
	if answer, err := h.HandlePolicy(t.Context(), event); err != nil || answer.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("got %v, %v", answer, err)
	}
}
