package callers_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

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
	third := key()
	if third == first {
		t.Error("a key is used that was deleted")
	}
	w.server.Stop() // then the authorizer is to fail, not the try
	if key() != third {
		t.Error("in an outage the key is another one")
	}
	if err := callers.New(w).Apply(request(t), local.API{}, by("machines"), callers.APIKey); err == nil || !strings.HasPrefix(err.Error(), "the table keys: creating an API key: ") {
		t.Errorf("without a key: got %v", err)
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
