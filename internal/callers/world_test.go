package callers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

const (
	staffSecret   = "staff-0123456789abcdef0123456789abcdef"
	partnerSecret = "partner-0123456789abcdef0123456789abcdef"
	signingSecret = "signing-0123456789abcdef0123456789abcdef"
)

// world is a local AWS with four authorizers: of tokens, of tokens with demands, of keys
// and signatures, and one of which nothing is known.
type world struct {
	server      *endpointtest.Server
	environment endpointtest.Environment
	admin       apikey.Admin

	mu     sync.Mutex
	values map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": dynamodb.New(endpointtest.Account, nil).Handler()}})
	server.CreateTables(t, "keys", "state")
	w := &world{server: server, environment: server.Root(), values: map[string]string{
		"/staff": staffSecret, "/partners": `{"current":{"kid":"k2","secret":"` + partnerSecret + `"},"previous":{"kid":"k1","secret":"` + staffSecret + `"}}`,
		"/keys": `{"keys":{"mill":"` + signingSecret + `"}}`,
	}}
	w.admin = callers.New(w).Admin(callers.Authorizer{KeyTable: "keys", StateTable: "state"})
	return w
}

func (w *world) Environment() map[string]string { return w.environment }

func (w *world) SecretValue(name string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	value, there := w.values[name]
	if !there {
		return "", fmt.Errorf("reading the parameter %q: there is none", name)
	}
	return value, nil
}

func (w *world) Functions() []lambda.FunctionInfo {
	function := func(name string, environment map[string]string) (f lambda.FunctionInfo) {
		f.Name, f.Environment = name, environment
		return f
	}
	return []lambda.FunctionInfo{
		function("foreign", map[string]string{"SECRET": "x"}),
		function("inline", map[string]string{"JWT_SECRET": staffSecret}),
		function("machines", map[string]string{"API_KEY_TABLE_NAME": "keys", "AUTHORIZER_STATE_TABLE_NAME": "state", "SIGNING_KEYS_PATH": "/keys", "AUTHORIZER_ACCEPTS": `{"tiers":["gold","silver"]}`}),
		function("partners", map[string]string{"JWT_SECRET_PATH": "/partners", "AUTHORIZER_ACCEPTS": `{"issuer":"https://issuer","audience":"api","permissionsClaim":"may"}`}),
		function("staff", map[string]string{"JWT_SECRET_PATH": "/staff"}),
	}
}

func by(authorizer string) local.Route {
	return local.Route{Key: "POST /a", Authorization: "CUSTOM", Authorizer: authorizer, Permissions: []string{"a:write", "a:own:{id}"}}
}

// newNonces takes every nonce for a new one.
type newNonces struct{}

func (newNonces) Use(context.Context, string, string, time.Time) error { return nil }

// judge says what an authorizer like the deployed ones makes of a request.
func (w *world) judge(t *testing.T, authorizer string, r *http.Request) (authz.Principal, error) {
	t.Helper()
	keys := func(path string) authz.StaticKeys {
		value, err := w.SecretValue(path)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := secret.ParseKeys(authz.HS256, value)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	permissions := func(claim string) func(authz.Claims, *authz.Principal) error {
		return func(c authz.Claims, p *authz.Principal) error { return c.Decode(claim, &p.Permissions) }
	}
	tiers, err := apikey.NewTiers(map[string]apikey.Tier{"gold": {}})
	if err != nil {
		t.Fatal(err)
	}
	staff, err1 := authz.NewJWT(authz.JWTConfig{Keys: keys("/staff"), AnyIssuer: true, AnyAudience: true, Map: permissions("permissions")})
	partners, err2 := authz.NewJWT(authz.JWTConfig{Keys: keys("/partners"), Issuer: "https://issuer", Audience: "api", Map: permissions("may")})
	known, err3 := apikey.NewVerifier(apikey.Config{Store: w.admin.DynamoDB, Tiers: tiers})
	signed, err4 := httpsig.New(httpsig.Config{Keys: keys("/keys"), Replays: newNonces{}})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	chain := map[string]authz.Chain{
		"staff": {{Verifier: staff}}, "inline": {{Verifier: staff}}, "partners": {{Verifier: partners}},
		"machines": {{Extractor: apikey.Header{}, Verifier: known}, {Extractor: httpsig.Extractor{}, Verifier: signed}},
	}[authorizer]
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return chain.Authenticate(t.Context(), authz.Request{Method: r.Method, Path: r.URL.Path, Host: r.Host, Headers: headers})
}

func request(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1/a", strings.NewReader("{}"))
}
