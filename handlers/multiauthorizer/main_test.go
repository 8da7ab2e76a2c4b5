package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

const testSecret = "0123456789abcdef0123456789abcdef"

// environment is a complete one, changed by name=value.
func environment(changes ...string) func(string) string {
	env := map[string]string{
		envAuthMethods: "jwt,apikey,signature", contract.EnvRoutePermissions: `{"POST /events":["events:write"]}`,
		contract.EnvSecret: testSecret, envSigningKeysPath: "/signing-keys",
		contract.EnvAPIKeyTable: "keys", contract.EnvStateTable: "state", "AWS_REGION": "eu-central-1",
	}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	const known = " is not one of jwt, apikey, signature, with commas between them"
	tests := []struct{ name, change, text string }{
		{"everything", "", ""},
		{"tokens only", envAuthMethods + "=jwt", ""},
		{"no method", envAuthMethods + "=", `environment variable AUTH_METHODS: ""` + known},
		{"unknown method", envAuthMethods + "=jwt,basic", `environment variable AUTH_METHODS: "basic"` + known},
		{"method twice", envAuthMethods + "=jwt,apikey,jwt", `environment variable AUTH_METHODS: "jwt" is there twice`},
		{"leeway", "JWT_LEEWAY=10s", ""},
		{"leeway too long", "JWT_LEEWAY=2m", `method jwt: misconfigured: environment variable JWT_LEEWAY is "2m", which is not a Go duration of 0s to 1m0s; set it to 30s, for instance`},
		{"method with a space", envAuthMethods + "=jwt, apikey", `environment variable AUTH_METHODS: " apikey"` + known},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := newAuthorizer(environment(tt.change), slog.New(slog.DiscardHandler))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.text || (err == nil) != (a != nil) {
				t.Errorf("got %q, want %q", got, tt.text)
			}
		})
	}
}

// TestWithoutItsSettings: what a method needs and does not find is a fault of
// each request, never an allow.
func TestWithoutItsSettings(t *testing.T) {
	t.Parallel()
	key, err := apikey.Generate(apikey.DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, change string
		headers      map[string]string
	}{
		{"no secret", contract.EnvSecret + "=", map[string]string{"authorization": "Bearer a.b.c"}},
		{"no path of signing keys", envSigningKeysPath + "=", map[string]string{
			"signature-input": fmt.Sprintf(`sig1=("@method" "@path" "@query" "@authority");created=%d;keyid="k";nonce="abcdefghijklmnop"`, time.Now().Unix()),
			"signature":       "sig1=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:",
		}},
		{"no permissions", contract.EnvRoutePermissions + "=", map[string]string{"authorization": "Bearer " + signed(t, nil)}},
		{"no table of keys", contract.EnvAPIKeyTable + "=", map[string]string{"x-api-key": key.Reveal()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := newAuthorizer(environment(tt.change), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			event := events.APIGatewayV2CustomAuthorizerV2Request{Version: "2.0", RouteKey: "POST /events", RawPath: "/events", Headers: tt.headers}
			event.RequestContext.DomainName = "a.example"
			event.RequestContext.HTTP.Method = "POST"
			answer, err := a.handler.Handle(t.Context(), event)
			if !errors.Is(err, authz.ErrMisconfigured) || answer.IsAuthorized {
				t.Errorf("got %v, error %v", answer.IsAuthorized, err)
			}
		})
	}
}

// TestTiers: every tier is one that keys can name, and grants only what the
// routes of the Events API require.
func TestTiers(t *testing.T) {
	t.Parallel()
	if _, err := apikey.NewTiers(tiers); err != nil {
		t.Error(err)
	}
	for name, tier := range tiers {
		if !authz.Permits(tier.Permissions, "events:write") {
			t.Errorf("tier %s does not permit events:write", name)
		}
		if got := authz.Permits(tier.Permissions, "events:delete"); got != (name == "partner") {
			t.Errorf("tier %s permits events:delete: %v", name, got)
		}
	}
}

func TestPermissionsOfTokens(t *testing.T) {
	t.Parallel()
	a, err := newAuthorizer(environment(envAuthMethods+"=jwt"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name                string
		claims              map[string]any
		permissions, scopes []string
		err                 error
	}{
		{"none", nil, nil, nil, nil},
		{"scope", map[string]any{"scope": "events:write x"}, []string{"events:write", "x"}, []string{"events:write", "x"}, nil},
		{"permissions before scope", map[string]any{"scope": "events:read profile", "permissions": []string{"a"}}, []string{"a"}, []string{"events:read", "profile"}, nil},
		{"no permissions, in spite of a scope", map[string]any{"scope": "events:write", "permissions": []string{}}, nil, []string{"events:write"}, nil},
		{"permissions of another type", map[string]any{"permissions": "a"}, nil, nil, authz.ErrInvalidClaim},
		{"a permission with a space", map[string]any{"permissions": []string{"a b"}}, nil, nil, authz.ErrInvalidClaim},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := a.handler.Chain.Authenticate(t.Context(), authz.Request{Headers: map[string]string{"authorization": "Bearer " + signed(t, tt.claims)}})
			if !errors.Is(err, tt.err) || !slices.Equal(p.Permissions, tt.permissions) || !slices.Equal(p.Scopes, tt.scopes) {
				t.Errorf("got %q, scopes %q, %v; want %q, %q, %v", p.Permissions, p.Scopes, err, tt.permissions, tt.scopes, tt.err)
			}
		})
	}
}

func signed(t *testing.T, claims map[string]any) string {
	t.Helper()
	text, err := token.Sign([]byte(testSecret), token.Claims{Subject: "s", ExpiresAt: time.Now().Add(time.Hour), Extra: claims})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
