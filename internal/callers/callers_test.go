package callers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
	environment endpointtest.Environment
	admin       apikey.Admin

	mu     sync.Mutex
	values map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": dynamodb.New(endpointtest.Account, nil).Handler()}})
	server.CreateTables(t, "keys", "state")
	w := &world{environment: server.Root(), values: map[string]string{
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

// TestApply has authorizers judge every credential of every route.
func TestApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := callers.New(w)
	for authorizer, want := range map[string]map[callers.Kind]error{
		"staff":    {callers.None: authz.ErrNoCredential, callers.Bad: authz.ErrInvalidSignature, callers.Token: nil, callers.Expired: authz.ErrExpired, callers.Own: authz.ErrNoCredential},
		"inline":   {callers.None: authz.ErrNoCredential, callers.Bad: authz.ErrInvalidSignature, callers.Token: nil, callers.Expired: authz.ErrExpired, callers.Own: authz.ErrNoCredential},
		"partners": {callers.None: authz.ErrNoCredential, callers.Bad: authz.ErrInvalidSignature, callers.Token: nil, callers.Expired: authz.ErrExpired, callers.Own: authz.ErrNoCredential},
		"machines": {callers.None: authz.ErrNoCredential, callers.Bad: authz.ErrUnknownKey, callers.APIKey: nil, callers.Signature: nil, callers.Own: authz.ErrNoCredential},
	} {
		kinds := c.Kinds(by(authorizer))
		if len(kinds) != len(want) {
			t.Errorf("%s: the credentials are %v", authorizer, kinds)
		}
		for _, kind := range kinds {
			r := request(t)
			if err := c.Apply(r, local.API{}, by(authorizer), kind); err != nil {
				t.Fatalf("%s, %s: %v", authorizer, kind, err)
			}
			principal, err := w.judge(t, authorizer, r)
			if !errors.Is(err, want[kind]) || err != nil && want[kind] == nil {
				t.Errorf("%s, %s: got %v, want %v", authorizer, kind, err, want[kind])
			}
			if err == nil && kind != callers.Signature && !authz.Permits(principal.Permissions, "a:write") {
				t.Errorf("%s, %s: the permissions are %q", authorizer, kind, principal.Permissions)
			}
			if body, err := io.ReadAll(r.Body); string(body) != "{}" || err != nil {
				t.Errorf("%s, %s: the body is now %q, %v", authorizer, kind, body, err)
			}
		}
	}
}

// TestPermissions: a star, and what the route requires.
func TestPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := request(t)
	if err := callers.New(w).Apply(r, local.API{}, by("staff"), callers.Token); err != nil {
		t.Fatal(err)
	}
	principal, err := w.judge(t, "staff", r)
	if err != nil || !slices.Equal(principal.Permissions, []string{"*", "a:write"}) || principal.Subject != callers.Subject || principal.ExpiresAt.Before(time.Now().Add(callers.TokenLife-6*time.Minute)) {
		t.Errorf("got %+v, %v", principal, err)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	c := callers.New(newWorld(t))
	for _, tt := range []struct {
		route local.Route
		want  []callers.Kind
	}{
		{local.Route{Authorization: "NONE"}, []callers.Kind{"none", "own"}},
		{local.Route{Authorization: "AWS_IAM"}, []callers.Kind{"none", "bad", "iam"}},
		{local.Route{Authorization: "JWT"}, []callers.Kind{"none", "bad", "own"}},
		{by("foreign"), []callers.Kind{"none", "bad", "own"}},
		{by("gone"), []callers.Kind{"none", "bad", "own"}},
		{by("staff"), []callers.Kind{"none", "bad", "token", "expired", "own"}},
		{by("machines"), []callers.Kind{"none", "bad", "apikey", "signature", "own"}},
	} {
		if got := c.Kinds(tt.route); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.route, got, tt.want)
		}
	}
	for _, route := range []local.Route{{Authorization: "JWT"}, by("foreign")} {
		r := request(t)
		if err := c.Apply(r, local.API{}, route, callers.Bad); err != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") {
			t.Errorf("%+v: got %v, %v", route, r.Header, err)
		}
	}
}

// TestKeyIsReused: there is one key, until the table no longer has it.
func TestKeyIsReused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := callers.New(w)
	key := func() string {
		r := request(t)
		if err := c.Apply(r, local.API{}, by("machines"), callers.APIKey); err != nil {
			t.Fatal(err)
		}
		return r.Header.Get("X-Api-Key")
	}
	first := key()
	if second := key(); first == "" || second != first {
		t.Error("each try has a key of its own")
	}
	infos, err := w.admin.List(t.Context())
	if err != nil || len(infos) != 1 || infos[0].Tier != "gold" {
		t.Fatalf("the keys are %+v, %v", infos, err)
	}
	if _, err := w.admin.Delete(t.Context(), infos[0].CredentialID()); err != nil {
		t.Fatal(err)
	}
	if third := key(); third == first {
		t.Error("a key is used that was deleted")
	}
}

// TestCredentialsStay: an authorizer's answer can be reused for the next try.
func TestCredentialsStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which begins at midnight
		c := callers.New(&world{values: map[string]string{"/staff": staffSecret}})
		of := func(authorizer string, kind callers.Kind) string {
			r := request(t)
			if err := c.Apply(r, local.API{}, by(authorizer), kind); err != nil {
				t.Fatal(err)
			}
			return r.Header.Get("Authorization") + r.Header.Get("X-Api-Key")
		}
		first, expired, bad, unknown := of("staff", callers.Token), of("staff", callers.Expired), of("staff", callers.Bad), of("machines", callers.Bad)
		time.Sleep(5*time.Minute - time.Nanosecond)
		if of("staff", callers.Token) != first || of("staff", callers.Expired) != expired || of("staff", callers.Bad) != bad || of("machines", callers.Bad) != unknown {
			t.Error("a credential is another one now")
		}
		time.Sleep(time.Nanosecond)
		if of("staff", callers.Token) == first {
			t.Error("the token will be the same until it has expired")
		}
	})
}

// TestSecretIsRead: whoever rotates a secret changes what tokens are signed with.
func TestSecretIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := callers.New(w)
	w.mu.Lock()
	w.values["/staff"] = "another-0123456789abcdef0123456789abcdef"
	w.mu.Unlock()
	r := request(t)
	if err := c.Apply(r, local.API{}, by("staff"), callers.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := w.judge(t, "staff", r); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delete(w.values, "/staff")
	w.values["/keys"] = `{"keys":{"mill":"short"}}`
	c := callers.New(w)
	for _, tt := range []struct {
		route local.Route
		kind  callers.Kind
		want  string
	}{
		{by("foreign"), callers.Token, `the route POST /a cannot be tried with the credential "token": it can with none, bad, own`},
		{by("staff"), callers.Token, `signing a token for the authorizer staff: reading the parameter "/staff": there is none`},
		{by("machines"), callers.Signature, `signing a request for the authorizer machines: what "/keys" holds: key 1: misconfigured: the secret has 5 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32`},
	} {
		if err := c.Apply(request(t), local.API{}, tt.route, tt.kind); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.kind, err, tt.want)
		}
	}
	_, err1 := c.Tokens()
	_, err2 := c.Signer()
	if text := fmt.Sprint(err1, "\n", err2); text != "no function of the project reads a secret of tokens (AuthorizerArgs.SecretPath)\nno function of the project reads signing keys (SecretsArgs.Paths)" {
		t.Errorf("got %s", text)
	}
}

// TestTier: what tiers an authorizer of the project's own has is not known.
func TestTier(t *testing.T) {
	t.Parallel()
	var tiers []string
	for _, a := range callers.New(newWorld(t)).Authorizers() {
		tiers = append(tiers, a.Name+" "+a.Tier())
	}
	if want := []string{"inline standard", "machines gold", "partners standard", "staff standard"}; !slices.Equal(tiers, want) {
		t.Errorf("got %q, want %q", tiers, want)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"POST /events", "events-api-dev-events-create-event", `{"name":"My first event"}`}, {"POST /events", "other", "{}"},
		{"PATCH /a", "", "{}"}, {"PUT /a", "", "{}"}, {"GET /a", "", ""}, {"DELETE /a", "", ""}, {"ANY /a", "", ""}, {"$default", "", ""},
	} {
		if got := callers.Body(local.Route{Key: tt[0], Function: tt[1]}); got != tt[2] {
			t.Errorf("%s: got %s", tt[0], got)
		}
	}
}

// TestSpread: where nothing is known of an authorizer, a bad credential is wherever it
// wants one.
func TestSpread(t *testing.T) {
	t.Parallel()
	api := local.API{Authorizers: []local.Authorizer{{ID: "other", Sources: []string{"$request.header.Other"}}, {ID: "z1", Sources: []string{
		"$request.header.authorization", "$request.header.X-Partner", "$request.querystring.t&", "$request.querystring.there", "$context.routeKey",
	}}}}
	route := by("foreign")
	route.AuthorizerID = "z1"
	r := request(t)
	r.URL.RawQuery = "there=1"
	if err := callers.New(newWorld(t)).Apply(r, api, route, callers.Bad); err != nil {
		t.Fatal(err)
	}
	bare := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if len(r.Header) != 2 || r.Header.Get("X-Partner") != bare || r.URL.RawQuery != "there=1&t%26="+bare {
		t.Errorf("the headers are %v, the query %s", slices.Sorted(maps.Keys(r.Header)), r.URL.RawQuery)
	}
}
