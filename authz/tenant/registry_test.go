package tenant

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

const (
	unknownText  = "unknown key: no tenant fits the request"
	adaSuspended = `tenant "ada": tenant suspended`
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	ada, cid := issuers()[0], issuers()[2]
	set := func(change ...func(*Tenant)) []Tenant { return []Tenant{ada.tenant(t, change...)} }
	keys := func(keys ...authz.Key) []Tenant {
		return set(func(t *Tenant) { t.JWT.Keys = authz.StaticKeys(keys) })
	}
	key := func(i *issuerOf, kid string) authz.Key {
		k, err := i.key(kid)
		check(err)
		return k
	}
	provider := keysFunc(func(context.Context) ([]authz.Key, error) { return nil, nil })
	tests := []struct {
		name    string
		cfg     Config
		tenants []Tenant
		text    string
	}{
		{"no selector", Config{}, set(), "misconfigured: Config.Selectors is empty or has a nil"},
		{"nil selector", Config{Selectors: []Selector{nil}}, set(), "misconfigured: Config.Selectors is empty or has a nil"},
		{"path parameter without name", Config{Selectors: []Selector{PathParameter{}}}, set(), "misconfigured: PathParameter.Name is not set"},
		{"no tenant", Config{Selectors: every}, nil, "misconfigured: there is no tenant"},
		{"no id", Config{Selectors: every}, set(func(t *Tenant) { t.ID = "" }), `tenant "": misconfigured: the tenant's id is not 1 to 64 characters of ` + lower + upper + digit + "._-"},
		{"id with a slash", Config{Selectors: every}, set(func(t *Tenant) { t.ID = "a/b" }), `tenant "a/b": misconfigured: the tenant's id is not 1 to 64 characters of ` + lower + upper + digit + "._-"},
		{"host in upper case", Config{Selectors: every}, set(func(t *Tenant) { t.Hosts = []string{"a.example", "A.example"} }), `tenant "ada": misconfigured: the host 1 is not 1 to 253 characters of ` + lower + digit + ".-"},
		{"nothing that verifies", Config{Selectors: every}, set(func(t *Tenant) { t.JWT = nil }), `tenant "ada": misconfigured: neither JWT nor Verifier is set`},
		{"no keys", Config{Selectors: every}, set(func(t *Tenant) { t.JWT.Keys = nil }), `tenant "ada": misconfigured: JWTConfig.Keys is not set`},
		{"no key", Config{Selectors: every}, keys(), `tenant "ada": misconfigured: there is no key`},
		{"zero key", Config{Selectors: every}, keys(authz.Key{}), `tenant "ada": misconfigured: key 0 is the zero Key`},
		{"secrets and public keys", Config{Selectors: every}, keys(key(ada, "a"), key(cid, "b")), `tenant "ada": misconfigured: the keys are secrets and public keys; use one kind for a tenant`},
		{"ids for some", Config{Selectors: every}, keys(key(ada, "a"), key(ada, "")), `tenant "ada": misconfigured: some keys have an id and some have none; give all of them one, or none`},
		{"an id twice", Config{Selectors: every}, keys(key(ada, "a"), key(ada, "a")), `tenant "ada": misconfigured: two keys have the id "a"`},
		{"issuer not decided", Config{Selectors: every}, set(func(t *Tenant) { t.JWT.Issuer = "" }), `tenant "ada": misconfigured: set one of JWTConfig.Issuer and JWTConfig.AnyIssuer`},
		{"no host, selected by host", Config{Selectors: []Selector{Host{}}}, set(func(t *Tenant) { t.Hosts = nil }), `tenant "ada": misconfigured: the selector Host cannot find it: it has no Hosts`},
		{"no host beside others", Config{Selectors: every}, set(func(t *Tenant) { t.Hosts = nil }), `tenant "ada": misconfigured: the selector Host cannot find it: it has no Hosts`},
		{"any issuer, selected by issuer", Config{Selectors: []Selector{Issuer{}, KeyID{}}}, set(bare(ada)),
			`tenant "ada": misconfigured: none of the selectors (Issuer, KeyID) can find it: set what they look for, its Hosts, JWT.Issuer or the ids of its keys`},
		{"no token, selected by issuer", Config{Selectors: []Selector{Issuer{}}}, set(func(t *Tenant) { t.JWT, t.Verifier = nil, verifierFunc(nil) }),
			`tenant "ada": misconfigured: none of the selectors (Issuer) can find it: set what they look for, its Hosts, JWT.Issuer or the ids of its keys`},
		{"keys that are read, selected by key id", Config{Selectors: []Selector{Host{}, KeyID{}}}, set(func(t *Tenant) { t.JWT.Keys = provider }),
			`tenant "ada": misconfigured: the selector KeyID cannot find it: its keys are not authz.StaticKeys, so their ids are not known before they are read`},
		{"keys that are read, without issuer", Config{Selectors: every}, set(func(t *Tenant) { t.JWT.Keys, t.JWT.Issuer, t.JWT.AnyIssuer = provider, "", true }),
			`tenant "ada": misconfigured: JWT.Issuer is not set: without it the keys must be authz.StaticKeys, which can be compared with those of other tenants beforehand`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, err := New(tt.cfg, tt.tenants...)
			if g != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestNewRefusesOneRSAKeyForTwoAlgorithms: it is the same key all the same.
func TestNewRefusesOneRSAKeyForTwoAlgorithms(t *testing.T) {
	t.Parallel()
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a, b := newPublic("a", authz.RS256, &pair.PublicKey, nil), newPublic("b", authz.PS256, &pair.PublicKey, nil)
	_, err = New(Config{Selectors: every}, a.tenant(t), b.tenant(t))
	if want := `misconfigured: tenants "a" and "b" have the same key in common`; text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

// TestNewRefusesOneSecretInTwoSpellings: HMAC makes one key of a secret and the
// same with zeros at its end, and of a long one and its hash (RFC 2104 section 2).
func TestNewRefusesOneSecretInTwoSpellings(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("long "), 30)
	sum := sha256.Sum256(long)
	for name, secrets := range map[string][2][]byte{
		"zeros": {long[:40], append(bytes.Clone(long[:40]), 0, 0)}, "hash": {long, sum[:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spelled := func(id string, secret []byte) *issuerOf {
				i := newHMAC(id, authz.HS256)
				i.key = func(kid string) (authz.Key, error) { return authz.NewHMACKey(authz.HS256, kid, secret) }
				return i
			}
			const want = `misconfigured: tenants "a" and "b" have the same key in common`
			a, b := spelled("a", secrets[0]), spelled("b", secrets[1])
			if _, err := New(Config{Selectors: every}, a.tenant(t), b.tenant(t)); text(err) != want {
				t.Errorf("got %q, want %q", text(err), want)
			}
			one, err := b.key("b-key")
			check(err)
			g := newRegistry(t, []Selector{Host{}, Issuer{}}, a.tenant(t), b.tenant(t, func(t *Tenant) {
				t.JWT.Keys = keysFunc(func(context.Context) ([]authz.Key, error) { return []authz.Key{one}, nil })
			}))
			if _, err := g.Verify(t.Context(), b.request(), b.token()); text(err) != `tenant "b": `+want {
				t.Errorf("keys that are read: got %q", text(err))
			}
		})
	}
}

type customSelector struct{}

func (customSelector) Select(authz.Request, authz.Credential) Hint { return Hint{ByID, "ada"} }

// TestNewAcceptsWhatCanBeSelected: by something else, or by who knows what.
func TestNewAcceptsWhatCanBeSelected(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	noHost := func(t *Tenant) { t.Hosts = nil }
	for name, selectors := range map[string][]Selector{
		"issuer": {Issuer{}}, "key id": {KeyID{}},
		"path": {PathParameter{"tenant"}}, "custom": {customSelector{}},
	} {
		if p, err := newRegistry(t, selectors, ada.tenant(t, noHost)).Verify(t.Context(), authz.Request{Host: "api", PathParameters: ada.request().PathParameters}, ada.token()); err != nil || p.Tenant != "ada" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSelect: which of two tenants, by what.
func TestSelect(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	token := ada.token()
	path := func(id string) map[string]string { return map[string]string{"tenant": id} }
	noIssuer := jwt(ada.header("kid", nil), ada.claims("iss", nil), ada.sign)
	tests := []struct {
		name       string
		selectors  []Selector
		request    authz.Request
		credential authz.Credential
		want       error
		text       string
	}{
		{"host in another case", []Selector{Host{}}, authz.Request{Host: "ADA.Example.com"}, token, nil, ""},
		{"host with a dot", []Selector{Host{}}, authz.Request{Host: "ada.example.com."}, token, ErrUnknown, unknownText},
		{"no host", every, authz.Request{PathParameters: path("ada")}, token, ErrUnknown, unknownText},
		{"path", []Selector{PathParameter{"tenant"}}, authz.Request{PathParameters: path("ada")}, token, nil, ""},
		{"path in another case", []Selector{PathParameter{"tenant"}}, authz.Request{PathParameters: path("Ada")}, token, ErrUnknown, unknownText},
		{"path empty", []Selector{PathParameter{"tenant"}, Issuer{}}, authz.Request{PathParameters: path("")}, token, ErrUnknown, unknownText},
		{"path parameter missing", []Selector{PathParameter{"tenant"}}, authz.Request{}, token, ErrUnknown, unknownText},
		{"path parameter missing, and issuer", []Selector{PathParameter{"tenant"}, Issuer{}}, authz.Request{}, token, nil, ""},
		{"host and path disagree", every, authz.Request{Host: bob.host(), PathParameters: path("ada")}, token, authz.ErrDenied, "denied: host and id are of different tenants"},
		{"host and issuer disagree", []Selector{Host{}, Issuer{}}, authz.Request{Host: bob.host()}, token, authz.ErrDenied, "denied: host and issuer are of different tenants"},
		{"kid and issuer disagree", []Selector{KeyID{}, Issuer{}}, authz.Request{}, jwt(ada.header("kid", bob.kid()), ada.claims(), ada.sign), authz.ErrDenied, "denied: key id and issuer are of different tenants"},
		{"issuer unknown", []Selector{Issuer{}}, authz.Request{}, jwt(ada.header(), ada.claims("iss", "https://nobody.example"), ada.sign), ErrUnknown, unknownText},
		{"issuer not a string", []Selector{Issuer{}}, authz.Request{}, jwt(ada.header(), ada.claims("iss", 1), ada.sign), ErrUnknown, unknownText},
		{"host known and issuer unknown", []Selector{Host{}, Issuer{}}, ada.request(), jwt(ada.header(), ada.claims("iss", "x"), ada.sign), ErrUnknown, unknownText},
		{"neither kid nor iss", []Selector{KeyID{}, Issuer{}}, authz.Request{}, noIssuer, ErrUnknown, unknownText},
		{"iss is verified where host selects", []Selector{Host{}}, ada.request(), noIssuer, authz.ErrInvalidClaim, `tenant "ada": invalid claim: iss is missing or empty`},
		{"no token", []Selector{KeyID{}, Issuer{}}, authz.Request{}, authz.NewCredential(authz.BearerScheme, "nonsense"), authz.ErrMalformed, "malformed credential: the token does not have exactly three segments"},
		{"another scheme", []Selector{Issuer{}}, authz.Request{}, authz.NewCredential("Basic", token.Value()), ErrUnknown, unknownText},
		{"another scheme at the host", []Selector{Host{}, Issuer{}}, ada.request(), authz.NewCredential("Basic", token.Value()), authz.ErrNotApplicable, `tenant "ada": credential of another kind: a token has the scheme Bearer; return NewCredential(BearerScheme, …)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newRegistry(t, tt.selectors, ada.tenant(t), bob.tenant(t)).Verify(t.Context(), tt.request, tt.credential)
			if !errors.Is(err, tt.want) || text(err) != tt.text || (err == nil) != (p.Tenant == "ada") {
				t.Errorf("got tenant %q, %q; want %q", p.Tenant, text(err), tt.text)
			}
		})
	}
}

// TestChecklist4TenantByKeyID: a kid is looked up exactly, in a map and nowhere
// else, and does not get into an error.
func TestChecklist4TenantByKeyID(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	g := newRegistry(t, []Selector{KeyID{}}, ada.tenant(t), bob.tenant(t))
	if p, err := g.Verify(t.Context(), authz.Request{}, ada.token()); err != nil || p.Tenant != "ada" {
		t.Fatalf("the good kid is refused: %v", err)
	}
	for _, kid := range []any{
		"", "ADA-KEY", "ada-key ", " ada-key", "ada-key\x00", "ada-ke", "ada-key2", "ada", "*", "%",
		"../ada-key", "/dev/null", "../../etc/passwd", "ada-key' OR '1'='1", "{{ada-key}}", "https://keys.example/ada-key",
		"ada\u200b-key", "аda-key", strings.Repeat("a", 4096), 1, true, []string{"ada-key"}, map[string]string{"kid": "ada-key"},
	} {
		p, err := g.Verify(t.Context(), authz.Request{}, jwt(ada.header("kid", kid), ada.claims(), ada.sign))
		if err == nil || p.Tenant != "" || text(err) != unknownText || !errors.Is(err, authz.ErrUnknownKey) {
			t.Errorf("kid %.40q: got tenant %q, %q", kid, p.Tenant, text(err))
		}
	}
	// A duplicate is a mistake of the configuration.
	_, err := New(Config{Selectors: every}, ada.tenant(t), bob.tenant(t, func(b *Tenant) {
		key, keyErr := bob.key(ada.kid())
		check(keyErr)
		b.JWT.Keys = authz.StaticKeys{key}
	}))
	if want := `misconfigured: tenants "ada" and "bob" have the key id "ada-key" in common`; text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
	// At the host of a tenant, another's kid is not looked up among all.
	hosts := newRegistry(t, []Selector{Host{}}, ada.tenant(t), bob.tenant(t))
	if _, err := hosts.Verify(t.Context(), ada.request(), jwt(ada.header("kid", "bob-key"), ada.claims(), ada.sign)); !errors.Is(err, authz.ErrUnknownKey) || errors.Is(err, ErrUnknown) {
		t.Errorf("got %q", text(err))
	}
}

// TestSuspended: only the tenant's own good credentials learn of it.
func TestSuspended(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	suspend := func(t *Tenant) { t.Suspended = true }
	suspended := newRegistry(t, every, ada.tenant(t, suspend), bob.tenant(t))
	active := newRegistry(t, every, ada.tenant(t), bob.tenant(t))
	if _, err := suspended.Verify(t.Context(), ada.request(), ada.token()); !errors.Is(err, authz.ErrTenantSuspended) || text(err) != adaSuspended {
		t.Errorf("got %q, want %q", text(err), adaSuspended)
	}
	if p, err := suspended.Verify(t.Context(), bob.request(), bob.token()); err != nil || p.Tenant != "bob" {
		t.Errorf("the other tenant is refused: %v", err)
	}
	bad := []attempt{{"expired", jwt(ada.header(), ada.claims("exp", testNow), ada.sign), false},
		{"another audience", jwt(ada.header(), ada.claims("aud", "x"), ada.sign), false}}
	for _, try := range append(bad, attempts(bob, ada)[2:]...) {
		_, got := suspended.Verify(t.Context(), ada.request(), try.credential)
		_, want := active.Verify(t.Context(), ada.request(), try.credential)
		if want == nil || errors.Is(got, authz.ErrTenantSuspended) || text(got) != text(want) {
			t.Errorf("%s: a suspended tenant answers %q, another %q", try.name, text(got), text(want))
		}
	}
}

// TestTenantIsSetByTheRegistry: whatever Map or a claim says.
func TestTenantIsSetByTheRegistry(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	mapped := func(f func(authz.Claims, *authz.Principal) error) func(*Tenant) {
		return func(t *Tenant) { t.JWT.Map = f }
	}
	tests := []struct {
		name string
		Map  func(authz.Claims, *authz.Principal) error
		text string
	}{
		{"the tenant", func(c authz.Claims, p *authz.Principal) error { p.Tenant, _ = c.String("org"); return nil }, ""},
		{"another tenant", func(_ authz.Claims, p *authz.Principal) error { p.Tenant = "bob"; return nil }, `tenant "ada": denied: the credential is another tenant's`},
		{"another issuer", func(_ authz.Claims, p *authz.Principal) error { p.Issuer = bob.issuer(); return nil }, `tenant "ada": invalid claim: the principal's issuer is not the tenant's`},
		{"no issuer", func(_ authz.Claims, p *authz.Principal) error { p.Issuer = ""; return nil }, `tenant "ada": invalid claim: the principal's issuer is not the tenant's`},
		{"a long credential id", func(_ authz.Claims, p *authz.Principal) error {
			p.CredentialID = strings.Repeat("i", authz.MaxCredentialIDBytes)
			return nil
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newRegistry(t, every, ada.tenant(t, mapped(tt.Map)), bob.tenant(t)).Verify(t.Context(), ada.request(), ada.token())
			if text(err) != tt.text || (err == nil) != (p.Tenant == "ada") || len(p.CredentialID) > authz.MaxCredentialIDBytes {
				t.Errorf("got tenant %q, %q; want %q", p.Tenant, text(err), tt.text)
			}
		})
	}
}

// TestVerifier: tenants whose credentials are no tokens, from one verifier for
// all or from one each.
func TestVerifier(t *testing.T) {
	t.Parallel()
	ada, bob, cid := issuers()[0], issuers()[1], issuers()[2]
	// The key's text says whose it is: "tenant/subject".
	table := verifierFunc(func(_ authz.Request, c authz.Credential) (authz.Principal, error) {
		if c.Scheme != "ApiKey" {
			return authz.Principal{}, authz.ErrNotApplicable
		}
		tenant, subject, ok := strings.Cut(c.Value(), "/")
		if !ok {
			return authz.Principal{}, authz.ErrUnknownKey
		}
		return authz.Principal{Identity: authz.Identity{Subject: subject, Tenant: tenant, CredentialID: "key1"}}, nil
	})
	g := newRegistry(t, []Selector{Host{}, Issuer{}},
		ada.tenant(t, func(t *Tenant) { t.Verifier = table }),
		bob.tenant(t, func(t *Tenant) { t.Verifier, t.JWT = table, nil }),
		cid.tenant(t, func(t *Tenant) { t.Verifier, t.JWT, t.Exclusive = table, nil, true }))
	key := func(value string) authz.Credential { return authz.NewCredential("ApiKey", value) }
	tests := []struct {
		name       string
		request    authz.Request
		credential authz.Credential
		tenant     string
		text       string
	}{
		{"own key", ada.request(), key("ada/u"), "ada", ""},
		{"own key of a tenant without tokens", bob.request(), key("bob/u"), "bob", ""},
		{"token beside keys", ada.request(), ada.token(), "ada", ""},
		{"another's key", ada.request(), key("bob/u"), "", `tenant "ada": denied: the credential is another tenant's`},
		{"another's key the other way", bob.request(), key("ada/u"), "", `tenant "bob": denied: the credential is another tenant's`},
		{"nobody's key", ada.request(), key("/u"), "", `tenant "ada": denied: the credential names no tenant`},
		{"nobody's key, exclusive", cid.request(), key("/u"), "cid", ""},
		{"another's key, exclusive", cid.request(), key("ada/u"), "", `tenant "cid": denied: the credential is another tenant's`},
		{"bad key", bob.request(), key("x"), "", `tenant "bob": unknown key`},
		{"token where there are only keys", bob.request(), jwt(bob.header(), bob.claims("iss", nil), bob.sign), "", `tenant "bob": credential of another kind`},
		{"key without a tenant's host", authz.Request{Host: "x"}, key("ada/u"), "", unknownText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := g.Verify(t.Context(), tt.request, tt.credential)
			if p.Tenant != tt.tenant || text(err) != tt.text {
				t.Errorf("got tenant %q, %q; want %q, %q", p.Tenant, text(err), tt.tenant, tt.text)
			}
			if err == nil && !strings.HasPrefix(p.CredentialID, tt.tenant+":") {
				t.Errorf("got credential id %q", p.CredentialID)
			}
		})
	}
}
