package cedar

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

type anybody struct{}

var getContext = events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "GET"}}

func (anybody) Verify(context.Context, authz.Request, authz.Credential) (authz.Principal, error) {
	return authz.Principal{Identity: authz.Identity{Subject: "alice", ExpiresAt: time.Now().Add(time.Hour)}}, nil
}

// TestReuse: with a cache TTL a decision is kept by whatever the policies look at.
func TestReuse(t *testing.T) {
	t.Parallel()
	const how = "judging a request: misconfigured: API Gateway reuses this answer for 60 s; "
	const byPath = how + "it depends on $context.path: add $context.path to the authorizer's identity sources, or set the authorizer's TTL to 0"
	const never = how + "it is good for this request only: set the authorizer's TTL to 0"
	when := func(condition string) string {
		return permitAll + "permit(principal, action, resource) when { " + condition + " };"
	}
	resource := func(c *Config) {
		c.Resource = func(context.Context, authz.Principal, authz.Request) (types.Entity, error) {
			return types.Entity{UID: types.NewEntityUID("Thing", "1")}, nil
		}
	}
	action := func(c *Config) { c.Action = func(authz.Request) string { return "act" } }
	byAction := strings.ReplaceAll(byPath, "$context.path", "$request.header.X-Action")
	for _, tt := range []struct {
		name, policies string
		change         func(*Config)
		text           string // where only the route is a source beside the credential
		path           string // where the path is one too
	}{
		{"caller and action", permitAll, nil, "", ""},
		{"the word in a text", when(`principal.subject == "{\"Var\":\"context\"}" || principal.subject like "context*" || true`), nil, "", ""},
		{"method", when(`context.method == "GET" || context has method`), nil, "", ""},
		{"path parameters", when(`context.pathParameters has id && context.pathParameters.id == principal.subject`), nil, byPath, ""},
		{"whether there are path parameters", when(`context has pathParameters`), nil, byPath, ""},
		{"time", when(`context.time > datetime("2020-01-01")`), nil, never, never},
		{"address", when(`context has sourceIp && context.sourceIp.isLoopback()`), nil, never, never},
		{"address and path parameters", when(`context.pathParameters has id && context has sourceIp`), nil, never, never},
		{"all of it", when(`[context].contains(context)`), nil, never, never},
		{"in the condition of a forbid", permitAll + `forbid(principal, action, resource) unless { context.time > datetime("2020-01-01") };`, nil, never, never},
		{"a resource", permitAll, resource, never, never},
		{"a resource of the path", permitAll, func(c *Config) {
			resource(c)
			c.IdentitySources = []string{authz.SourceRouteKey, authz.SourcePath}
		}, byPath, ""},
		{"an action", permitAll, action, never, never},
		{"an action of the caller alone", permitAll, func(c *Config) {
			action(c)
			c.IdentitySources = []string{}
		}, "", ""},
		{"an action of a header", permitAll, func(c *Config) {
			action(c)
			c.IdentitySources = []string{"$request.header.X-Action"}
		}, byAction, byAction},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var change []func(*Config)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			policy := newPolicy(t, tt.policies, change...)
			ask := func(ttl, sources string) string {
				h := authz.Handler{Chain: authz.Chain{{Verifier: anybody{}}}, Policy: policy, Logger: slog.New(slog.DiscardHandler), Getenv: func(name string) string {
					return map[string]string{"AUTHORIZER_CACHE_TTL": ttl, "AUTHORIZER_IDENTITY_SOURCES": sources}[name]
				}}
				answer, err := h.Handle(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{
					Version: "2.0", RouteKey: "GET /x", RequestContext: getContext, Headers: map[string]string{"authorization": "Bearer a"}, IdentitySource: []string{"Bearer a", "GET /x", "/x"},
				})
				if (err == nil) != answer.IsAuthorized {
					t.Errorf("got %v, %v", answer, err)
				}
				return text(err)
			}
			const least = "$request.header.Authorization,$context.routeKey"
			if got := ask("60", least); got != tt.text {
				t.Errorf("got %q, want %q", got, tt.text)
			}
			if got := ask("60", least+",$context.path"); got != tt.path {
				t.Errorf("with the path: got %q, want %q", got, tt.path)
			}
			if got := ask("0", ""); got != "" {
				t.Errorf("without a TTL: got %q", got)
			}
		})
	}
}

// TestReuseOfTheMethod: a route for any method does not say which it is.
func TestReuseOfTheMethod(t *testing.T) {
	t.Parallel()
	policy := newPolicy(t, `permit(principal, action, resource) when { context.method == "GET" };`)
	const missing = "judging a request: misconfigured: API Gateway reuses this answer for 60 s; it depends on $context.httpMethod: add $context.httpMethod to the authorizer's identity sources, or set the authorizer's TTL to 0"
	for _, route := range []string{"ANY /x", "$default"} {
		for sources, want := range map[string]string{"": missing, ",$context.httpMethod": ""} {
			h := authz.Handler{Chain: authz.Chain{{Verifier: anybody{}}}, Policy: policy, Logger: slog.New(slog.DiscardHandler), Getenv: func(name string) string {
				return map[string]string{"AUTHORIZER_CACHE_TTL": "60", "AUTHORIZER_IDENTITY_SOURCES": "$request.header.Authorization,$context.routeKey" + sources}[name]
			}}
			_, err := h.Handle(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{
				Version: "2.0", RouteKey: route, RequestContext: getContext, Headers: map[string]string{"authorization": "Bearer a"}, IdentitySource: []string{"Bearer a", route, "GET"},
			})
			if text(err) != want {
				t.Errorf("%s: got %q, want %q", route, text(err), want)
			}
		}
	}
}
