package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/authztest"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

const guestSecret = "fedcba9876543210fedcba9876543210"

// newCloud returns a complete environment on a local AWS.
func newCloud(t *testing.T) endpointtest.Environment {
	t.Helper()
	store := ssm.New(endpointtest.Account, nil)
	server := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{
		"ssm": store.Handler(), "dynamodb": localdynamodb.New(endpointtest.Account, nil).Handler(),
	}})
	server.CreateTables(t, "keys", "state")
	if _, _, err := store.Put(ssm.Parameter{Name: "/signing-keys", Type: ssm.TypeSecureString, Value: `{"keys":{"partner":"` + testSecret + `","guest":"` + guestSecret + `"}}`}); err != nil {
		t.Fatal(err)
	}
	env := server.Root()
	complete := environment(t, allMethods)
	for _, name := range []string{
		"LAMBDA_TASK_ROOT", contract.EnvSecret, contract.EnvSigningKeysPath, contract.EnvAPIKeyTable, contract.EnvStateTable,
	} {
		env[name] = complete(name)
	}
	env[contract.EnvCacheTTL] = "0" // authztest's events name identity sources
	env[contract.EnvRoutePermissions] = `{"POST /events":["events:write"],"DELETE /events":["events:delete"],"GET /me":[]}`
	return env
}

// eventOf is the authorizer event of a request.
func eventOf(r *http.Request) events.APIGatewayV2CustomAuthorizerV2Request {
	headers := map[string]string{}
	for name := range r.Header {
		headers[name] = r.Header.Get(name)
	}
	event := authztest.Request{RouteKey: r.Method + " " + r.URL.Path, Headers: headers}.Authorizer()
	event.RequestContext.DomainName = r.URL.Host
	return event
}

// TestHandler: each method's callers may do what they have permissions for and
// nothing else, and those of API keys as often as their tier has it.
func TestHandler(t *testing.T) {
	t.Parallel()
	env := newCloud(t)
	admin := apikey.Admin{DynamoDB: apikey.NewDynamoDB(apikey.DynamoDBConfig{Getenv: env.Get})}
	apiKey := func(r *http.Request) error {
		key, _, err := admin.Create(t.Context(), apikey.Spec{Subject: "s", Tier: "trial"})
		r.Header.Set("X-Api-Key", key.Reveal())
		return err
	}
	bearer := func(claims map[string]any) func(*http.Request) error {
		return func(r *http.Request) error { r.Header.Set("Authorization", "Bearer "+signed(t, claims)); return nil }
	}
	key, err := authz.NewHMACKey(authz.HS256, "partner", []byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	guest, err := authz.NewHMACKey(authz.HS256, "guest", []byte(guestSecret))
	if err != nil {
		t.Fatal(err)
	}
	signature := (&httpsig.Signer{Key: key}).Sign
	const write, remove, me = "POST /events", "DELETE /events", "GET /me"
	tests := []struct {
		name, route string
		credential  func(*http.Request) error
		allowed     int // of 101 requests
		logged      string
	}{
		{"token with the permission", write, bearer(map[string]any{"permissions": []string{"events:write"}}), 101, ""},
		{"token with the scope", write, bearer(map[string]any{"scope": "events:write"}), 101, ""},
		{"token without the permission", write, bearer(nil), 0, `"reason":"denied","error":"denied: the permission \"events:write\" is missing"`},
		{"token on a route that requires none", me, bearer(nil), 101, ""},
		{"API key with the permission", write, apiKey, 100, `"reason":"quota exceeded"`},
		{"API key without the permission", remove, apiKey, 0, `"reason":"denied","error":"denied: the permission \"events:delete\" is missing"`},
		{"signature", write, signature, 101, ""},
		{"signature, a permission of its key", remove, signature, 101, ""},
		{"signature of another key", remove, (&httpsig.Signer{Key: guest}).Sign, 0, `"reason":"denied","error":"denied: the permission \"events:delete\" is missing"`},
		{"no credential", write, func(*http.Request) error { return nil }, 0, `"reason":"no credential"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			a, err := newAuthorizer(env.Get)
			if err != nil {
				t.Fatal(err)
			}
			a.Handler.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			method, path, _ := strings.Cut(tt.route, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, "https://a.example"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			// The quota is a day's, and the day shall not end meanwhile.
			if left := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); left < time.Minute {
				time.Sleep(left)
			}
			allowed := 0
			for i := range 101 {
				// A token and a key are good for many requests, a signature for one.
				if i == 0 || r.Header.Get("Signature") != "" {
					if err := tt.credential(r); err != nil {
						t.Fatal(err)
					}
				}
				answer, err := a.Handler.Handle(t.Context(), eventOf(r))
				if err != nil {
					t.Fatal(err)
				}
				if answer.IsAuthorized {
					allowed++
				}
			}
			if allowed != tt.allowed || !strings.Contains(log.String(), tt.logged) || tt.logged == "" && log.Len() > 0 {
				t.Errorf("allowed %d, logged %.300s; want %d, %s", allowed, log.String(), tt.allowed, tt.logged)
			}
		})
	}
}

// TestNoCache: with API keys, whose requests are counted, no answer may be reused,
// and none is given where it would be.
func TestNoCache(t *testing.T) {
	t.Parallel()
	env := newCloud(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+signed(t, nil))
	event := eventOf(r)
	event.IdentitySource = []string{r.Header.Get("Authorization")}
	const counted = "judging a request: misconfigured: API Gateway reuses this answer for 60 s; authz.Handler.Limiter counts no request that API Gateway answers itself: set the authorizer's TTL to 0"
	for _, tt := range []struct{ ttl, methods, text string }{
		{"60", allMethods, counted}, {"60", `{"tokens":{}}`, ""}, {"60", `{"tokens":{},"apiKeys":{"tiers":{"all":{}}}}`, ""}, {"0", allMethods, ""},
	} {
		folder := environment(t, tt.methods)("LAMBDA_TASK_ROOT")
		getenv := func(name string) string {
			switch name {
			case contract.EnvCacheTTL:
				return tt.ttl
			case contract.EnvIdentitySources:
				return "$request.header.Authorization,$context.routeKey"
			case "LAMBDA_TASK_ROOT":
				return folder
			}
			return env.Get(name)
		}
		a, err := newAuthorizer(getenv)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.Handler.Handle(t.Context(), event)
		if got := text(err); got != tt.text || answer.IsAuthorized != (tt.text == "") {
			t.Errorf("TTL %s, %s: got %v, %q; want %q", tt.ttl, tt.methods, answer.IsAuthorized, got, tt.text)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
