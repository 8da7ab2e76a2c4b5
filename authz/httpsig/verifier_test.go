package httpsig

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestPrincipal(t *testing.T) {
	t.Parallel()
	s := testSigner(t)
	v, store := newVerifier(t, nil)
	p, err := authenticate(t.Context(), v, signed(t, s, "POST", "/events?a=b", "{}"))
	if err != nil {
		t.Fatal(err)
	}
	end := testCreated.Add(5 * time.Minute)
	if p.Subject != testKeyID || p.Method != "HTTPSignature" || !p.DigestRequired || p.CredentialID != testKeyID || !p.ExpiresAt.Equal(end) {
		t.Errorf("got %+v", p)
	}
	want := map[string]time.Time{testKeyID + " " + testNonce: end.Add(time.Minute)}
	if !maps.EqualFunc(store.used, want, time.Time.Equal) {
		t.Errorf("the store was asked %v, want %v", store.used, want)
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	r := signed(t, testSigner(t), "GET", "/", "")
	mapped := func(keyID string, p *authz.Principal) error {
		*p = authz.Principal{Identity: authz.Identity{Subject: "usr_of_" + keyID, Tenant: "acme", Permissions: []string{"events:write"}, Tier: "gold", Method: "x", CredentialID: "y", ExpiresAt: testNow.Add(time.Hour)}}
		return nil
	}
	v, _ := newVerifier(t, func(c *Config) { c.Map = mapped })
	p, err := authenticate(t.Context(), v, r)
	if err != nil || p.Subject != "usr_of_partner-1" || p.Tenant != "acme" || p.Tier != "gold" || !slices.Equal(p.Permissions, []string{"events:write"}) {
		t.Errorf("got %+v, %v", p, err)
	}
	// What the signature says is not Map's to change.
	if p.Method != Method || !p.DigestRequired || p.CredentialID != testKeyID || !p.ExpiresAt.Equal(testCreated.Add(5*time.Minute)) {
		t.Errorf("got %+v", p)
	}
}

// TestMapRefuses: what Map refuses, or would leave to another method of the
// chain, is decided before the nonce is used.
func TestMapRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		m    func(string, *authz.Principal) error
		is   error
		err  string
	}{
		{"revoked", func(string, *authz.Principal) error { return fmt.Errorf("%w: closed account", authz.ErrRevoked) }, authz.ErrRevoked, "mapping the key id: revoked: closed account"},
		{"unknown error", func(string, *authz.Principal) error { return errors.New("broken") }, nil, "mapping the key id: broken"},
		{"not applicable", func(string, *authz.Principal) error { return fmt.Errorf("mine: %w", authz.ErrNotApplicable) }, authz.ErrMisconfigured, "mapping the key id: misconfigured: httpsig.Config.Map returned an error that leaves the request to another method: mine: credential of another kind"},
		{"no credential", func(string, *authz.Principal) error { return authz.ErrNoCredential }, authz.ErrMisconfigured, "mapping the key id: misconfigured: httpsig.Config.Map returned an error that leaves the request to another method: no credential"},
		{"no subject", func(_ string, p *authz.Principal) error { p.Subject = ""; return nil }, authz.ErrMisconfigured, "mapping the key id: misconfigured: httpsig.Config.Map: the subject is empty"},
	}
	r := signed(t, testSigner(t), "GET", "/", "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, store := newVerifier(t, func(c *Config) { c.Map = tt.m })
			other, _ := newVerifier(t, nil)
			p, err := authz.Chain{{Extractor: Extractor{}, Verifier: v}, {Extractor: Extractor{}, Verifier: other}}.Authenticate(t.Context(), r)
			if text(err) != tt.err || tt.is != nil && !errors.Is(err, tt.is) || p.Subject != "" || len(store.used) != 0 {
				t.Errorf("got %v, %q, %d nonces used", p, text(err), len(store.used))
			}
		})
	}
}

// TestChecklist12Window: both ends of the window to the second, the default and
// a shorter one.
func TestChecklist12Window(t *testing.T) {
	t.Parallel()
	const old, future = "expired: the signature is too old", "not yet valid: the signature was created in the future"
	tests := []struct {
		name     string
		lifetime time.Duration
		signed   time.Duration // after created
		now      time.Duration // the same
		err      string
	}{
		{name: "as late as may be", now: 5*time.Minute - time.Nanosecond},
		{name: "too late", now: 5 * time.Minute, err: old},
		{name: "as early as may be", now: -5 * time.Minute},
		{name: "too early", now: -5*time.Minute - time.Nanosecond, err: future},
		{name: "before it expires", lifetime: 10 * time.Second, now: 10*time.Second - 1},
		{name: "when it expires", lifetime: 10 * time.Second, now: 10 * time.Second, err: old},
		{name: "signed within a second", signed: 999 * time.Millisecond, lifetime: time.Second, now: 1999*time.Millisecond - 1},
		{name: "to the end of the next second", signed: 1, lifetime: time.Second, now: 2*time.Second - 1},
		{name: "and no longer", signed: 1, lifetime: time.Second, now: 2 * time.Second, err: old},
		{name: "expires beyond the window", lifetime: time.Hour, now: 5 * time.Minute, err: old},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testSigner(t)
			s.Lifetime, s.Now = tt.lifetime, func() time.Time { return testCreated.Add(tt.signed) }
			v, store := newVerifier(t, func(c *Config) {
				c.now = func() time.Time { return testCreated.Add(tt.now) }
			})
			p, err := authenticate(t.Context(), v, signed(t, s, "GET", "/", ""))
			if text(err) != tt.err || (err == nil) != (len(store.used) == 1) {
				t.Fatalf("got error %q, %d nonces used; want error %q", text(err), len(store.used), tt.err)
			}
			if err == nil && !testCreated.Add(tt.now).Before(p.ExpiresAt) {
				t.Errorf("the principal has expired at %v", p.ExpiresAt)
			}
		})
	}
}

// TestChecklist12CoversRequest: no part of a request can be another than was
// signed.
func TestChecklist12CoversRequest(t *testing.T) {
	t.Parallel()
	good := signed(t, testSigner(t), "POST", "/events?limit=5&a=%20", "{}")
	const invalid = "invalid signature: the key did not make it for this request"
	tests := []struct {
		name   string
		change func(*authz.Request)
		err    string
	}{
		{"unchanged", func(*authz.Request) {}, ""},
		{"method", func(r *authz.Request) { r.Method = "PUT" }, invalid},
		{"path", func(r *authz.Request) { r.Path = "/events/1" }, invalid},
		{"slash at the end", func(r *authz.Request) { r.Path = "/events/" }, invalid},
		{"path encoded twice", func(r *authz.Request) { r.Path = "/%65vents" }, invalid},
		{"query", func(r *authz.Request) { r.RawQuery = "limit=6&a=%20" }, invalid},
		{"query in another encoding", func(r *authz.Request) { r.RawQuery = "limit=5&a=+" }, invalid},
		{"no query", func(r *authz.Request) { r.RawQuery = "" }, invalid},
		{"host", func(r *authz.Request) { r.Host = "other.example" }, invalid},
		{"another digest", func(r *authz.Request) { *r = with(*r, "content-digest", sha512Digest) }, invalid},
		{"another algorithm for the digest added", func(r *authz.Request) { *r = with(*r, "content-digest", testDigest+","+sha512Digest) }, invalid},
		{"input", func(r *authz.Request) {
			*r = with(*r, "signature-input", "sig1="+withDigest+";created=1760000001;keyid=\"partner-1\";nonce=\""+testNonce+"\"")
		}, invalid},
		{"another key's secret", func(r *authz.Request) {
			*r = resign(*r, []byte("another secret of 32 bytes or more"), "sig1", withDigest+parameters)
		}, invalid},
		{"line break in the path", func(r *authz.Request) { r.Path = "/events\n\"@query\": ?" }, invalid},
		{"line break in the query", func(r *authz.Request) { r.RawQuery = "limit=5\n" }, "malformed credential: the query string has a character outside visible ASCII; percent-encode it"},
		{"line break in the method", func(r *authz.Request) { r.Method = "POST\n" }, "malformed credential: the method is not in upper-case letters"},
		{"line break in the host", func(r *authz.Request) { r.Host += "\n" }, "malformed credential: the authority is not a host name or address with an optional port"},
		{"no path", func(r *authz.Request) { r.Path = "" }, "malformed credential: the path does not begin with a slash"},
		{"path parameter", func(r *authz.Request) {
			r.RouteKey, r.PathParameters = "POST /{name}", map[string]string{"name": "other"}
		}, otherParameters},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good
			tt.change(&r)
			v, store := newVerifier(t, nil)
			_, err := authenticate(t.Context(), v, r)
			if text(err) != tt.err || (err == nil) != (len(store.used) == 1) {
				t.Errorf("got error %q, %d nonces used; want error %q", text(err), len(store.used), tt.err)
			}
		})
	}
}

// TestChecklist12ContentDigest: what a man in the middle can do to a request
// with or without a body.
func TestChecklist12ContentDigest(t *testing.T) {
	t.Parallel()
	bare, full := signed(t, testSigner(t), "POST", "/events", ""), signed(t, testSigner(t), "POST", "/events", "{}")
	const (
		uncovered = "malformed credential: the request has the header Content-Digest, but the signature does not cover it"
		missing   = "malformed credential: the request has a body, but no header Content-Digest that the signature covers"
		malformed = "malformed credential: the header Content-Digest is not one sha-256 or sha-512 digest, or one of each"
	)
	sign := func(digest string) authz.Request {
		return resign(with(full, "content-digest", digest), testSecret, "sig1", withDigest+parameters)
	}
	tests := []struct {
		name string
		r    authz.Request
		err  string
	}{
		{"body added", with(bare, "content-length", "2"), missing},
		{"body added, in chunks", with(bare, "transfer-encoding", "chunked"), missing},
		{"body added, length twice", with(bare, "content-length", "0,2"), missing},
		{"body added, length in another form", with(bare, "content-length", "+2"), missing},
		{"body and digest added", with(with(bare, "content-length", "2"), "content-digest", testDigest), uncovered},
		{"digest added", with(bare, "content-digest", testDigest), uncovered},
		{"empty digest added", with(bare, "content-digest", ""), uncovered},
		{"digest of another algorithm", sign("md5=:AAAAAAAAAAAAAAAAAAAAAA==:"), malformed},
		{"unknown algorithm beside", sign(testDigest + ", x=:AAAA:"), malformed},
		{"digest twice", sign(testDigest + "," + testDigest), malformed},
		{"digest too short", sign("sha-256=:AAAA:"), malformed},
		{"digest with parameters", sign(testDigest + ";x"), malformed},
		{"digest with a line break", sign(testDigest + "\n\"@path\": /"), malformed},
		{"algorithm in capitals", sign("SHA-256" + testDigest[7:]), malformed},
		{"empty", sign(""), malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.r, tt.err)
		})
	}
}

// TestChecklist12AlgorithmFromKey: a key signs with its own algorithm, and is
// found by its exact id.
func TestChecklist12AlgorithmFromKey(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	edwards, err := authz.NewPublicKey(authz.EdDSA, testKeyID, public)
	if err != nil {
		t.Fatal(err)
	}
	long := append(append([]byte{}, testSecret...), testSecret...)
	const unsupported, unknown = "unsupported algorithm: the key is not one of HS256", "unknown key: there is no key with the id of the signature"
	tests := []struct {
		name string
		keys authz.StaticKeys
		err  string
	}{
		{"HS512", authz.StaticKeys{newKey(t, authz.HS512, testKeyID, long)}, unsupported},
		{"EdDSA", authz.StaticKeys{edwards}, unsupported},
		{"another id", authz.StaticKeys{newKey(t, authz.HS256, "partner-2", testSecret)}, unknown},
		{"an id that begins alike", authz.StaticKeys{newKey(t, authz.HS256, "partner-10", testSecret)}, unknown},
		{"other case", authz.StaticKeys{newKey(t, authz.HS256, "Partner-1", testSecret)}, unknown},
		{"no id", authz.StaticKeys{newKey(t, authz.HS256, "", testSecret)}, `misconfigured: unknown key: the keys have no ids; write {"keys": {"key id": "secret"}}`},
		{"another secret", authz.StaticKeys{newKey(t, authz.HS256, testKeyID, long)}, "invalid signature: the key did not make it for this request"},
		{"among others", authz.StaticKeys{newKey(t, authz.HS256, "partner-2", long), testKey(t)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, store := newVerifier(t, func(c *Config) { c.Keys = tt.keys })
			s := testSigner(t)
			_, err := authenticate(t.Context(), v, resign(signed(t, s, "GET", "/", ""), testSecret, "sig1", covered+parameters))
			if text(err) != tt.err || (err == nil) != (len(store.used) == 1) {
				t.Errorf("got error %q, %d nonces used; want error %q", text(err), len(store.used), tt.err)
			}
			if described := (*authz.CredentialError)(nil); err != nil && (!errors.As(err, &described) || described.Method != Method || described.CredentialID != "") {
				t.Errorf("the error does not name the method, or a key that is only claimed: %#v", err)
			}
		})
	}
}

// rotating is a provider whose Refresh gives newer keys.
type rotating struct {
	authz.StaticKeys
	newer   []authz.Key
	changed bool
	err     error
	asked   *int
}

func (r rotating) Refresh(context.Context) ([]authz.Key, bool, error) {
	*r.asked++
	return r.newer, r.changed, r.err
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	mine, other := testKey(t), newKey(t, authz.HS256, "partner-2", testSecret)
	before := newKey(t, authz.HS256, testKeyID, append([]byte("before: "), testSecret...))
	foreign := newKey(t, authz.HS512, testKeyID, append(append([]byte{}, testSecret...), testSecret...))
	tests := []struct {
		name     string
		provider rotating
		asked    int
		err      string
	}{
		{"good without it", rotating{StaticKeys: authz.StaticKeys{mine}}, 0, ""},
		{"new key id", rotating{StaticKeys: authz.StaticKeys{other}, newer: []authz.Key{other, mine}, changed: true}, 1, ""},
		{"new secret", rotating{StaticKeys: authz.StaticKeys{before}, newer: []authz.Key{mine}, changed: true}, 1, ""},
		{"unchanged", rotating{StaticKeys: authz.StaticKeys{other}, newer: []authz.Key{mine}}, 1, "unknown key: there is no key with the id of the signature"},
		{"changed, but not to the key", rotating{StaticKeys: authz.StaticKeys{other}, newer: []authz.Key{before}, changed: true}, 1, "invalid signature: the key did not make it for this request"},
		{"unavailable", rotating{StaticKeys: authz.StaticKeys{other}, err: fmt.Errorf("%w: down", authz.ErrUnavailable)}, 1, "unavailable: down"},
		{"ids given", rotating{StaticKeys: authz.StaticKeys{newKey(t, authz.HS256, "", testSecret)}, newer: []authz.Key{mine}, changed: true}, 1, ""},
		{"new algorithm", rotating{StaticKeys: authz.StaticKeys{foreign}, newer: []authz.Key{mine}, changed: true}, 1, ""},
		{"another algorithm", rotating{StaticKeys: authz.StaticKeys{foreign}}, 1, "unsupported algorithm: the key is not one of HS256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			tt.provider.asked = &asked
			v, _ := newVerifier(t, func(c *Config) { c.Keys = tt.provider })
			_, err := authenticate(t.Context(), v, signed(t, testSigner(t), "GET", "/", ""))
			if text(err) != tt.err || asked != tt.asked {
				t.Errorf("got error %q, asked %d times; want error %q, %d times", text(err), asked, tt.err, tt.asked)
			}
		})
	}
}

type noKeys struct{}

func (noKeys) Keys(context.Context) ([]authz.Key, error) {
	return nil, fmt.Errorf("%w: no parameter", authz.ErrMisconfigured)
}

// TestFaults: what cannot be judged is a fault, never a denial or an allow.
func TestFaults(t *testing.T) {
	t.Parallel()
	r := signed(t, testSigner(t), "GET", "/", "")
	for _, v := range []*Verifier{nil, {}} {
		if _, err := authenticate(t.Context(), v, r); text(err) != "misconfigured: the httpsig.Verifier is not one of httpsig.New" || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("a verifier that New did not make: got %v", err)
		}
	}
	v, _ := newVerifier(t, func(c *Config) { c.Keys = noKeys{} })
	if _, err := authenticate(t.Context(), v, r); text(err) != "misconfigured: no parameter" || !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %v", err)
	}
	v, store := newVerifier(t, nil)
	store.err = fmt.Errorf("%w: down", authz.ErrUnavailable)
	if _, err := authenticate(t.Context(), v, r); text(err) != "using the nonce: unavailable: down" || !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := v.Verify(t.Context(), r, authz.NewCredential("Bearer", "x")); !errors.Is(err, authz.ErrNotApplicable) {
		t.Errorf("got %v", err)
	}
	store.err = nil
	if _, err := authenticate(t.Context(), v, r); err != nil {
		t.Errorf("after recovery: %v", err)
	}
	if _, err := authenticate(t.Context(), v, r); text(err) != "using the nonce: replayed" {
		t.Errorf("a replay: got %v", err)
	}
}
