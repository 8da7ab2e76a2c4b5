package authz

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// reused is an environment with a TTL of 300 s and these identity sources.
func reused(sources string) func(string) string {
	return environ("AUTHORIZER_CACHE_TTL", "300", "AUTHORIZER_IDENTITY_SOURCES", sources)
}

const (
	bearerSource = "$request.header.Authorization"
	reusedText   = "misconfigured: API Gateway reuses this answer for 300 s; "
	unknownText  = "misconfigured: API Gateway may reuse this answer: the event has identity sources, and AUTHORIZER_CACHE_TTL is not set; "
	tellTTL      = "; and set AUTHORIZER_CACHE_TTL to that TTL, in seconds"
	elsewhere    = "the credential (%) is in none of the identity sources, so that others would get its answer: make where the credential is an identity source, or set the authorizer's TTL to 0"
	notCounted   = "authz.Handler.Limiter counts no request that API Gateway answers itself: set the authorizer's TTL to 0"
	byRoute      = "it depends on $context.routeKey: add $context.routeKey to the authorizer's identity sources, or set the authorizer's TTL to 0"
	unnamedRoute = "it depends on $context.routeKey: name the authorizer's identity sources in AUTHORIZER_IDENTITY_SOURCES, with commas between them and $context.routeKey among them, or set the authorizer's TTL to 0"
	byPath       = "it depends on $context.path: add $context.path to the authorizer's identity sources, or set the authorizer's TTL to 0"
	onlyThis     = "it is good for this request only: set the authorizer's TTL to 0"
)

// event returns the fixture's event with headers and values of identity sources.
func eventWith(t testing.TB, headers map[string]string, identity ...string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(readEvent(t, ""), &event); err != nil {
		t.Fatal(err)
	}
	event["headers"], event["identitySource"] = headers, identity
	data, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// apiKeys is a link that takes one key, in a header of its own.
func apiKeys(key string) Link {
	return Link{Extractor: headerExtractor("x-api-key"), Verifier: verifyFunc(func(_ context.Context, c Credential) (Principal, error) {
		switch {
		case c.Scheme == BearerScheme:
			return Principal{}, ErrNotApplicable
		case c.Value() != key:
			return Principal{}, ErrUnknownKey
		}
		p, err := newPrincipal()
		p.Subject = "victim"
		return p, err
	})}
}

func newPrincipal() (Principal, error) {
	return Principal{Identity: Identity{Subject: "s", ExpiresAt: at(testNow + 60)()}}, nil
}

// TestReuse: no answer that API Gateway would give to somebody else, allow or
// denial.
func TestReuse(t *testing.T) {
	t.Parallel()
	token := sign(testHeader, testClaims)
	forged := token[:len(token)-4] + "AAAA"
	bearer := func(value string) map[string]string { return map[string]string{"authorization": "Bearer " + value} }
	chain := Chain{{Verifier: newJWT(t)}, apiKeys("the victim's key")}
	basic := func(key string) map[string]string {
		return map[string]string{"authorization": "Basic x", "x-api-key": key}
	}
	of := func(scheme string) string { return strings.Replace(elsewhere, "%", scheme, 1) }
	jwt := Handler{Chain: chainOf(newJWT(t))}
	byRoutes := Handler{Chain: jwt.Chain, Policy: PolicyFunc(func(_ context.Context, _ Principal, r Request) error {
		if r.Method == "GET" {
			return nil
		}
		return ErrDenied
	})}
	counted := Handler{Chain: jwt.Chain, Limiter: limiterFunc(func(context.Context, Principal, Request) error {
		t.Error("a request is counted")
		return nil
	})}
	once := Handler{Chain: chainOf(verifierFunc(func(_ context.Context, r Request, _ Credential) (Principal, error) {
		if err := r.CheckReuse(); err != nil {
			return Principal{}, err
		}
		return newPrincipal()
	}))}
	variables := Handler{Chain: jwt.Chain, Policy: RoutePermissions{"POST /events": {"events:write:{id}"}}}
	const allow, deny = `{"isAuthorized":true`, `{"isAuthorized":false}`
	tests := []struct {
		name    string
		h       Handler
		getenv  func(string) string
		headers map[string]string
		values  []string
		answer  string
		text    string
	}{
		{"token, by its header", jwt, reused(bearerSource), bearer(token), []string{"Bearer " + token}, allow, ""},
		{"token after two spaces", jwt, reused(bearerSource), bearer(" " + token), []string{"Bearer  " + token}, allow, ""},
		{"token, by header and route", jwt, reused(bearerSource + "," + SourceRouteKey), bearer(token), []string{"Bearer " + token, "POST /events"}, allow, ""},
		{"token, in another order", jwt, reused(bearerSource + "," + SourceRouteKey), bearer(token), []string{"POST /events", "Bearer " + token}, allow, ""},
		{"bad token, by its header", jwt, reused(bearerSource), bearer(forged), []string{"Bearer " + forged}, deny, ""},
		{"another scheme", jwt, reused(bearerSource), map[string]string{"authorization": "Basic x"}, []string{"Basic x"}, deny, ""},
		{"token, by its header, TTL not known", jwt, environ(), bearer(token), []string{"Bearer " + token}, allow, ""},
		{"token, by the source address", jwt, reused("$context.identity.sourceIp"), bearer(token), []string{"203.0.113.7"}, "", reusedText + of("Bearer")},
		{"bad token, by the source address", jwt, reused("$context.identity.sourceIp"), bearer(forged), []string{"203.0.113.7"}, "", reusedText + of("Bearer")},
		{"token, by what is accepted", jwt, reused("$request.header.Accept"), bearer(token), []string{"*/*"}, "", reusedText + of("Bearer")},
		{"token, by tenant", jwt, reused("$request.header.X-Tenant"), bearer(token), []string{"acme"}, "", reusedText + of("Bearer")},
		{"token, by tenant, TTL not known", jwt, environ(), bearer(token), []string{"acme"}, "", unknownText + of("Bearer") + tellTTL},
		{"token, by tenant, no TTL", jwt, uncached, bearer(token), []string{"acme"}, allow, ""},
		{"token, no identity source, TTL not known", jwt, environ(), bearer(token), nil, allow, ""},
		{"token within a longer word", jwt, reused(bearerSource), bearer(token), []string{"Bearer x" + token}, "", reusedText + of("Bearer")},
		{"chain by Authorization, the victim", Handler{Chain: chain}, reused(bearerSource), basic("the victim's key"), []string{"Basic x"}, "", reusedText + of("x-api-key")},
		{"chain by Authorization, a stranger with a bad key", Handler{Chain: chain}, reused(bearerSource), basic("guessed"), []string{"Basic x"}, "", reusedText + of("x-api-key")},
		{"chain by Authorization, a stranger", Handler{Chain: chain}, reused(bearerSource), map[string]string{"authorization": "Basic x"}, []string{"Basic x"}, deny, ""},
		{"chain by Authorization, a token", Handler{Chain: chain}, reused(bearerSource), bearer(token), []string{"Bearer " + token}, allow, ""},
		{"chain by the key", Handler{Chain: chain}, reused("$request.header.X-Api-Key"), basic("the victim's key"), []string{"the victim's key"}, allow, ""},
		{"chain by no source", Handler{Chain: chain}, environ("AUTHORIZER_CACHE_TTL", "0"), basic("the victim's key"), nil, allow, ""},
		{"policy without the route", byRoutes, reused(bearerSource), bearer(token), []string{"Bearer " + token}, "", reusedText + byRoute},
		{"policy with the route", byRoutes, reused(bearerSource + "," + SourceRouteKey), bearer(token), []string{"Bearer " + token, "POST /events"}, deny, ""},
		{"policy, no TTL", byRoutes, uncached, bearer(token), []string{"Bearer " + token}, deny, ""},
		{"policy, nothing known", byRoutes, environ(), bearer(token), []string{"Bearer " + token}, "", unknownText + unnamedRoute + tellTTL},
		{"policy, the route in a header of the client's", byRoutes, environ(), bearer(token), []string{"Bearer " + token, "POST /events"}, "", unknownText + unnamedRoute + tellTTL},
		{"policy, sources not named", byRoutes, environ("AUTHORIZER_CACHE_TTL", "300"), bearer(token), []string{"Bearer " + token, "POST /events"}, "", reusedText + unnamedRoute},
		{"policy by path, without the path", variables, reused(bearerSource + "," + SourceRouteKey), bearer(token), []string{"Bearer " + token, "POST /events"}, "", reusedText + byPath},
		{"policy by path, with the path", variables, reused(bearerSource + "," + SourceRouteKey + "," + SourcePath), bearer(token), []string{"Bearer " + token, "POST /events", "/events"}, deny, ""},
		{"limiter", counted, reused(bearerSource), bearer(token), []string{"Bearer " + token}, "", reusedText + notCounted},
		{"limiter, TTL not known", counted, environ(), bearer(token), []string{"Bearer " + token}, "", unknownText + notCounted + tellTTL},
		{"for one request", once, reused(bearerSource), bearer("abc"), []string{"Bearer abc"}, "", reusedText + onlyThis},
		{"for one request, TTL not known", once, environ(), bearer("abc"), []string{"Bearer abc"}, "", unknownText + onlyThis + tellTTL},
		{"for one request, no TTL", once, uncached, bearer("abc"), []string{"Bearer abc"}, allow, ""},
		{"fewer values than sources", jwt, reused(bearerSource + ",$request.header.X-Tenant"), bearer(token), []string{"Bearer " + token}, "", "misconfigured: the event has 1 identity sources, and environment variable AUTHORIZER_IDENTITY_SOURCES names 2 of the request; set it to those of the API's authorizer"},
		{"no value of the route's", byRoutes, reused(bearerSource + "," + SourceRouteKey), bearer(token), []string{"Bearer " + token}, deny, ""},
		{"no value at all", jwt, reused(bearerSource), bearer(token), nil, "", "misconfigured: the event has 0 identity sources, and environment variable AUTHORIZER_IDENTITY_SOURCES names 1 of the request; set it to those of the API's authorizer"},
		{"a TTL that is none", jwt, environ("AUTHORIZER_CACHE_TTL", "5m"), bearer(token), []string{"Bearer " + token}, "", `misconfigured: environment variable AUTHORIZER_CACHE_TTL is "5m", which is not a whole number of seconds from 0 to 3600; set it to the TTL of the API's authorizer`},
		{"a TTL beyond API Gateway's", jwt, environ("AUTHORIZER_CACHE_TTL", "3601"), bearer(token), nil, "", `misconfigured: environment variable AUTHORIZER_CACHE_TTL is "3601", which is not a whole number of seconds from 0 to 3600; set it to the TTL of the API's authorizer`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.h.Getenv = tt.getenv
			answer, log, err := invoke(t, tt.h, eventWith(t, tt.headers, tt.values...))
			if tt.text != "" {
				if text(err) != "judging a request: "+tt.text || answer != "" {
					t.Errorf("got %s, %q; want %q", answer, text(err), tt.text)
				}
			} else if err != nil || !strings.HasPrefix(answer, tt.answer) {
				t.Errorf("got %s, %v; want %s", answer, err, tt.answer)
			}
			if strings.Contains(log, token) || strings.Contains(log, "the victim's key") {
				t.Error("the credential is in the log")
			}
		})
	}
}

type verifierFunc func(context.Context, Request, Credential) (Principal, error)

func (f verifierFunc) Verify(ctx context.Context, r Request, c Credential) (Principal, error) {
	return f(ctx, r, c)
}

// TestReuseOfPolicies: events of format 1.0 have their identity sources in one
// text.
func TestReuseOfPolicies(t *testing.T) {
	t.Parallel()
	token := sign(testHeader, testClaims)
	event := func(identity string) json.RawMessage {
		e := eventV1(t, "/events/42", map[string]string{"Authorization": "Bearer " + token})
		return json.RawMessage(strings.Replace(string(e), `"identitySource":"Bearer `+token+`"`, `"identitySource":"`+identity+`"`, 1))
	}
	const arn = "," + SourceMethod + "," + SourcePath
	by := func(source string) string { return reusedText + strings.ReplaceAll(byPath, SourcePath, source) }
	for _, tt := range []struct{ name, sources, identity, text string }{
		{"neither method nor path", bearerSource, "Bearer " + token, by(SourceMethod)},
		{"not the path", bearerSource + "," + SourceMethod, "Bearer " + token, by(SourcePath)},
		{"the route, which is not known", bearerSource + "," + SourceRouteKey + "," + SourcePath, "Bearer " + token, by(SourceMethod)},
		{"its header", bearerSource + arn, "Bearer " + token, ""},
		{"its header and another", bearerSource + ",$request.header.X" + arn, "Bearer " + token + ",y", ""},
		{"another and its header", "$request.header.X," + bearerSource + arn, "y,Bearer " + token, ""},
		{"another", "$request.header.X" + arn, "y", reusedText + strings.Replace(elsewhere, "%", "Bearer", 1)},
		{"fewer", bearerSource + ",$request.header.X", "Bearer " + token, "misconfigured: the event has 1 identity sources, and environment variable AUTHORIZER_IDENTITY_SOURCES names 2 of the request; set it to those of the API's authorizer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, err := Handler{Chain: chainOf(newJWT(t)), Getenv: reused(tt.sources)}.HandlePolicy(t.Context(), event(tt.identity))
			if want := tt.text; want == "" && (err != nil || answer.PolicyDocument.Statement[0].Effect != "Allow") || want != "" && text(err) != "judging a request: "+want {
				t.Errorf("got %v, %v; want %q", answer.PolicyDocument, err, want)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value, credential string
		want              bool
	}{
		{"abc", "abc", true}, {"Bearer abc", "abc", true}, {"Bearer  abc", "abc", true}, {"session=abc; x=1", "abc", true}, {"x=1;session=abc", "abc", true},
		{"POST /events,Bearer abc", "abc", true}, {"xabc,abc", "abc", true}, {"Bearer abc=", "abc=", true}, {`key="abc"`, "abc", true},
		{"", "abc", false}, {"ab", "abc", false}, {"xabc", "abc", false}, {"abcx", "abc", false}, {"abc=", "abc", false}, {"abc.x", "abc", false},
		{"x-abc", "abc", false}, {"anything", "", false}, {"", "", false}, {"aabaab", "aab", false}, {"aaa aa", "aa", true},
	} {
		if got := holds(tt.value, tt.credential); got != tt.want {
			t.Errorf("%q in %q: got %v", tt.credential, tt.value, got)
		}
	}
}
