package tenant

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// blind is a selector that does not say what it looks at.
type blind struct{ Issuer }

func (blind) IdentitySources() {}

// TestReuse: with a cache TTL an answer is kept by whatever selects the tenant.
func TestReuse(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	const reused = "judging a request: "
	const how = "misconfigured: API Gateway reuses this answer for 60 s; "
	byPath := "selector tenant.PathParameter: " + how + "it depends on $context.path: add $context.path to the authorizer's identity sources, or set the authorizer's TTL to 0"
	byHost := "selector tenant.Host: " + how + "it depends on $context.domainName: add $context.domainName to the authorizer's identity sources, or set the authorizer's TTL to 0"
	for _, tt := range []struct {
		name      string
		selectors []Selector
		ttl       string
		sources   string
		text      string
	}{
		{"by issuer", []Selector{Issuer{}, KeyID{}}, "60", "$request.header.Authorization", ""},
		{"by path, without the path", []Selector{PathParameter{"tenant"}, Issuer{}}, "60", "$request.header.Authorization", byPath},
		{"by path", []Selector{PathParameter{"tenant"}, Issuer{}}, "60", "$request.header.Authorization,$context.path,$context.routeKey", ""},
		{"by path, without the route", []Selector{PathParameter{"tenant"}, Issuer{}}, "60", "$request.header.Authorization,$context.path", strings.ReplaceAll(byPath, "$context.path", "$context.routeKey")},
		{"by host, without the host", []Selector{Host{}}, "60", "$request.header.Authorization,$context.path", byHost},
		{"by host", []Selector{Host{}}, "60", "$request.header.authorization,$context.domainName", ""},
		{"by host, no TTL", []Selector{Host{}}, "0", "", ""},
		{"by who knows what", []Selector{blind{}}, "60", "$request.header.Authorization", "selector tenant.blind without the method IdentitySources: " + how + "it is good for this request only: set the authorizer's TTL to 0"},
		{"by who knows what, no TTL", []Selector{blind{}}, "0", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := authz.Handler{
				Chain:  authz.Chain{{Verifier: newRegistry(t, tt.selectors, ada.tenant(t))}},
				Logger: slog.New(slog.DiscardHandler),
				Getenv: func(name string) string {
					return map[string]string{"AUTHORIZER_CACHE_TTL": tt.ttl, "AUTHORIZER_IDENTITY_SOURCES": tt.sources}[name]
				},
			}
			bearer := "Bearer " + ada.token().Value()
			event := events.APIGatewayV2CustomAuthorizerV2Request{
				Version: "2.0", Headers: map[string]string{"authorization": bearer}, PathParameters: ada.request().PathParameters,
				RouteKey: "GET /{tenant}", IdentitySource: []string{bearer, "x", "GET /{tenant}", ada.host()},
			}
			event.RequestContext.DomainName = ada.host()
			answer, err := h.Handle(t.Context(), event)
			if want := tt.text; want == "" && (err != nil || !answer.IsAuthorized) || want != "" && text(err) != reused+want {
				t.Errorf("got %v, %q; want %q", answer.IsAuthorized, text(err), want)
			}
		})
	}
}

// TestReuseOfThePolicy: the policy is asked for callers of other verifiers too.
func TestReuseOfThePolicy(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	registry := newRegistry(t, []Selector{Host{}}, ada.tenant(t))
	other := verifierFunc(func(authz.Request, authz.Credential) (authz.Principal, error) {
		return authz.Principal{Identity: authz.Identity{Subject: "s", Tenant: "ada", ExpiresAt: now().Add(authz.MaxIdentityLife)}}, nil
	})
	h := authz.Handler{
		Chain: authz.Chain{{Verifier: other}}, Policy: registry.Policy(), Logger: slog.New(slog.DiscardHandler),
		Getenv: func(name string) string {
			return map[string]string{"AUTHORIZER_CACHE_TTL": "60", "AUTHORIZER_IDENTITY_SOURCES": "$request.header.Authorization,$context.routeKey"}[name]
		},
	}
	event := events.APIGatewayV2CustomAuthorizerV2Request{Version: "2.0", Headers: map[string]string{"authorization": "Bearer x"}, IdentitySource: []string{"Bearer x", "GET /"}}
	event.RequestContext.DomainName = ada.host()
	_, err := h.Handle(t.Context(), event)
	const want = "judging a request: selector tenant.Host: misconfigured: API Gateway reuses this answer for 60 s; it depends on $context.domainName: add $context.domainName to the authorizer's identity sources, or set the authorizer's TTL to 0"
	if text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}
