package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/authztest"
	"github.com/protected-http-api/protected-http-api/handlers/internal/own"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

const testSecret = "0123456789abcdef0123456789abcdef"

const allMethods = `{"tokens":{},"apiKeys":{"tiers":{"trial":{"permissions":["events:write"],"perDay":100},"partner":{"permissions":["events:*"],"perMinute":600}}},` +
	`"signatures":{"permissions":["events:write"],"keyPermissions":{"partner":["events:delete"]}}}`

// environment is a complete one for the methods, changed by name=value.
func environment(t *testing.T, methods string, changes ...string) func(string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, contract.MethodsFile), []byte(methods), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"LAMBDA_TASK_ROOT": folder, contract.EnvRoutePermissions: `{"POST /events":["events:write"]}`,
		contract.EnvSecret: testSecret, contract.EnvSigningKeysPath: "/signing-keys",
		contract.EnvAPIKeyTable: "keys", contract.EnvStateTable: "state", "AWS_REGION": "eu-central-1",
	}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func newAuthorizer(getenv func(string) string) (*own.Authorizer, error) {
	return own.New(getenv, slog.New(slog.DiscardHandler), configure)
}

// TestConfiguration: what no component writes is refused at the start.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens"
	for _, tt := range []struct {
		name, methods, text string
		changes             []string
	}{
		{"everything", allMethods, "", nil},
		{"tokens only", `{"tokens":{}}`, "", nil},
		{"one secret for tokens and signatures", allMethods, "method signatures: SIGNING_KEYS_PATH and JWT_SECRET_PATH name one secret, so that whoever has a key to sign requests could make tokens for anybody: name another one",
			[]string{"JWT_SECRET=", "JWT_SECRET_PATH=" + arn + "-AbCd12", "SIGNING_KEYS_PATH=" + arn}},
		{"two secrets for tokens and signatures", allMethods, "", []string{"JWT_SECRET=", "JWT_SECRET_PATH=" + arn + "-AbCd12", "SIGNING_KEYS_PATH=" + arn + "2-AbCd12"}},
		{"leeway too long", `{"tokens":{"leewaySeconds":61}}`, "method tokens: misconfigured: JWTConfig.Leeway is 1m1s, allowed is 0 to 1m0s", nil},
		{"no tiers", `{"apiKeys":{"tiers":{}}}`, "method apiKeys: misconfigured: there are no tiers", nil},
		{"bad tier", `{"apiKeys":{"tiers":{"a":{"perDay":-1}}}}`, `method apiKeys: misconfigured: tier "a": its quota is 0 a minute and -1 a day, allowed are 0 (no limit) and more`, nil},
		{"bad permission", `{"signatures":{"permissions":["a b"]}}`, `method signatures: permission "a b" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`, nil},
		{"bad permission of a key", `{"signatures":{"keyPermissions":{"k":["a:"]}}}`, `method signatures: key "k": permission "a:" is not segments with colons between them, each a word or a star`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := newAuthorizer(environment(t, tt.methods, tt.changes...))
			if got := text(err); got != tt.text || (err == nil) != (a != nil) {
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
		{"no path of signing keys", contract.EnvSigningKeysPath + "=", map[string]string{
			"signature-input": fmt.Sprintf(`sig1=("@method" "@path" "@query" "@authority");created=%d;keyid="k";nonce="abcdefghijklmnop"`, time.Now().Unix()),
			"signature":       "sig1=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:",
		}},
		{"permissions that are none", contract.EnvRoutePermissions + "=[]", map[string]string{"authorization": "Bearer " + signed(t, nil)}},
		{"no table of keys", contract.EnvAPIKeyTable + "=", map[string]string{"x-api-key": key.Reveal()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := newAuthorizer(environment(t, allMethods, tt.change))
			if err != nil {
				t.Fatal(err)
			}
			event := authztest.Request{RouteKey: "POST /events", Headers: tt.headers}.Authorizer()
			event.RequestContext.DomainName = "a.example"
			answer, err := a.Handler.Handle(t.Context(), event)
			if !errors.Is(err, authz.ErrMisconfigured) || answer.IsAuthorized {
				t.Errorf("got %v, error %v", answer.IsAuthorized, err)
			}
		})
	}
}

func TestPermissionsOfTokens(t *testing.T) {
	t.Parallel()
	a, err := newAuthorizer(environment(t, `{"tokens":{}}`))
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
			p, err := a.Handler.Chain.Authenticate(t.Context(), authz.Request{Headers: map[string]string{"authorization": "Bearer " + signed(t, tt.claims)}})
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
