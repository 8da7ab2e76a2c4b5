package authz

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// signers are a key pair, or a secret, of each algorithm.
func signers(t testing.TB) map[Algorithm]struct {
	method jwt.SigningMethod
	sign   any
	verify Key
} {
	t.Helper()
	type signer = struct {
		method jwt.SigningMethod
		sign   any
		verify Key
	}
	all := map[Algorithm]signer{}
	for algorithm, method := range map[Algorithm]jwt.SigningMethod{HS256: jwt.SigningMethodHS256, HS384: jwt.SigningMethodHS384, HS512: jwt.SigningMethodHS512} {
		secret := []byte(strings.Repeat(string(algorithm), 16))
		key, err := NewHMACKey(algorithm, string(algorithm), secret)
		if err != nil {
			t.Fatal(err)
		}
		all[algorithm] = signer{method, secret, key}
	}
	public := func(algorithm Algorithm, key crypto.PublicKey) Key {
		k, err := NewPublicKey(algorithm, string(algorithm), key)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rsaPrivate, _ := rsaKey(t)
	all[RS256] = signer{jwt.SigningMethodRS256, rsaPrivate, public(RS256, &rsaPrivate.PublicKey)}
	pssPrivate, _ := rsaKey(t)
	all[PS256] = signer{jwt.SigningMethodPS256, pssPrivate, public(PS256, &pssPrivate.PublicKey)}
	ec := ecdsaKey(t, elliptic.P256())
	all[ES256] = signer{jwt.SigningMethodES256, ec, public(ES256, &ec.PublicKey)}
	ed := ed25519Key(t)
	all[EdDSA] = signer{jwt.SigningMethodEdDSA, ed, public(EdDSA, ed.Public())}
	return all
}

// TestEveryAlgorithm: with one key of each algorithm of a kind, told apart by kid,
// each token fits its own key and, with another kid, none of the others.
func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	all := signers(t)
	verifiers := map[bool]*JWT{}
	for _, secrets := range []bool{true, false} {
		var keys StaticKeys
		for algorithm, s := range all {
			if algorithm.isHMAC() == secrets {
				keys = append(keys, s.verify)
			}
		}
		verifiers[secrets] = newJWT(t, func(c *JWTConfig) { c.Keys = keys })
	}
	for algorithm, s := range all {
		v := verifiers[algorithm.isHMAC()]
		for other := range all {
			if other.isHMAC() != algorithm.isHMAC() {
				continue
			}
			token := jwt.NewWithClaims(s.method, jwt.MapClaims{"sub": string(algorithm), "exp": testNow + 60})
			token.Header["kid"] = string(other)
			signed, err := token.SignedString(s.sign)
			if err != nil {
				t.Fatal(err)
			}
			want := ErrUnsupportedAlgorithm
			if other == algorithm {
				want = nil
			}
			p, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, signed))
			if !errors.Is(err, want) || (err == nil && p.Subject != string(algorithm)) {
				t.Errorf("%s with the kid of %s: got %q, %v", algorithm, other, p.Subject, err)
			}
		}
		signed, err := jwt.NewWithClaims(s.method, jwt.MapClaims{"sub": "s", "exp": testNow + 60}).SignedString(s.sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, signed)); err != nil {
			t.Errorf("%s without kid: %v", algorithm, err)
		}
		broken := signed[:len(signed)-8] + "AAAAAAAA"
		if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, broken)); err == nil {
			t.Errorf("%s: a broken signature is accepted", algorithm)
		}
	}
}

func TestNewPublicKeyRefuses(t *testing.T) {
	t.Parallel()
	const kind = "; RS256 and PS256 take RSA, ES256 takes ECDSA on P-256, EdDSA takes Ed25519"
	small := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	const exponent = ", which is even, below 3 or beyond 2147483647; 65537 is usual"
	longest := new(big.Int).Lsh(big.NewInt(1), 8191)
	for _, e := range []int{3, 65537} {
		if _, err := NewPublicKey(RS256, "", &rsa.PublicKey{N: longest, E: e}); err != nil {
			t.Errorf("8192 bits, exponent %d: %v", e, err)
		}
	}
	off := ecdsaKey(t, elliptic.P256()).PublicKey
	off.X = new(big.Int).Add(off.X, big.NewInt(1)) //nolint:staticcheck // a point that is not on the curve cannot be made otherwise
	tests := []struct {
		name      string
		algorithm Algorithm
		id        string
		key       crypto.PublicKey
		text      string
	}{
		{"short RSA", RS256, "", small, "the RSA key has 1024 bits, RS256 takes 2048 to 8192 (RFC 7518 section 3.3)"},
		{"empty RSA", PS256, "", &rsa.PublicKey{}, "the RSA key has 0 bits, PS256 takes 2048 to 8192 (RFC 7518 section 3.3)"},
		{"long RSA", RS256, "", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}, "the RSA key has 8193 bits, RS256 takes 2048 to 8192 (RFC 7518 section 3.3)"},
		{"exponent 1", RS256, "", &rsa.PublicKey{N: longest, E: 1}, "the RSA key's exponent is 1" + exponent},
		{"exponent even", PS256, "", &rsa.PublicKey{N: longest, E: 65536}, "the RSA key's exponent is 65536" + exponent},
		{"no exponent", PS256, "", &rsa.PublicKey{N: longest}, "the RSA key's exponent is 0" + exponent},
		{"exponent too large", PS256, "", &rsa.PublicKey{N: longest, E: 1<<31 + 1}, "the RSA key's exponent is 2147483649" + exponent},
		{"ECDSA without a point", ES256, "", &ecdsa.PublicKey{Curve: elliptic.P256()}, `a *ecdsa.PublicKey is no key of "ES256"` + kind},
		{"ECDSA with half a point", ES256, "", &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1)}, `a *ecdsa.PublicKey is no key of "ES256"` + kind}, //nolint:staticcheck // so is one that somebody else made
		{"RSA for ES256", ES256, "", small, `a *rsa.PublicKey is no key of "ES256"` + kind},
		{"P-384", ES256, "", &ecdsaKey(t, elliptic.P384()).PublicKey, `a *ecdsa.PublicKey is no key of "ES256"` + kind},
		{"not on the curve", ES256, "", &off, `a *ecdsa.PublicKey is no key of "ES256"` + kind},
		{"private key", EdDSA, "", ed25519Key(t), `a ed25519.PrivateKey is no key of "EdDSA"` + kind},
		{"nothing", EdDSA, "", nil, `a <nil> is no key of "EdDSA"` + kind},
		{"HMAC", HS256, "", small, `a *rsa.PublicKey is no key of "HS256"` + kind},
		{"none", "none", "", small, `a *rsa.PublicKey is no key of "none"` + kind},
		{"id", EdDSA, "a b", ed25519Key(t).Public(), "the key's id: the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := NewPublicKey(tt.algorithm, tt.id, tt.key); text(err) != "misconfigured: "+tt.text || !errors.Is(err, ErrMisconfigured) {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	private := ecdsaKey(t, elliptic.P256())
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	want, err := NewPublicKey(ES256, "k", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{block("PUBLIC KEY", der), "\n" + block("CERTIFICATE", certificate) + "\n"} {
		if got, err := ParsePublicKey(ES256, "k", text); err != nil || !got.Equal(want) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	const jwks = "the public key is a JSON Web Key Set or an address; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it"
	for given, wantText := range map[string]string{
		"":            "the public key is not one PEM block",
		"what":        "the public key is not one PEM block",
		`{"keys":[]}`: jwks,
		"https://issuer.example/.well-known/jwks.json":           jwks,
		block("PUBLIC KEY", der) + block("PUBLIC KEY", der):      "the public key is not one PEM block",
		block("PRIVATE KEY", der):                                "this is a private key, which must stay with the issuer; give its public key (openssl pkey -pubout)",
		block("PUBLIC KEYS", der):                                "the PEM block is neither PUBLIC KEY nor CERTIFICATE",
		block("PUBLIC KEY", der[:20]):                            "the public key cannot be read: asn1: syntax error: data truncated",
		block("CERTIFICATE", certificate[:len(certificate)-100]): "the public key cannot be read: x509: malformed certificate",
	} {
		if _, err := ParsePublicKey(ES256, "k", given); text(err) != "misconfigured: "+wantText {
			t.Errorf("got %q, want %q", text(err), wantText)
		}
	}
}

// refresher is a key provider whose keys have been rotated since they were
// read.
type refresher struct {
	old, newer []Key
	changed    bool
	err        error
	asked      int
}

func (r *refresher) Keys(context.Context) ([]Key, error) { return r.old, nil }

func (r *refresher) Refresh(context.Context) ([]Key, bool, error) {
	r.asked++
	return r.newer, r.changed, r.err
}

func TestRefreshOnUnknownKey(t *testing.T) {
	t.Parallel()
	key := func(id, secret string) Key {
		k, err := NewHMACKey(HS256, id, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	other := strings.Repeat("x", 32)
	tests := []struct {
		name, header string
		keys         refresher
		want         error
		asked        int
	}{
		{"a signature that fits nothing, newer key", testHeader, refresher{old: []Key{key("", other)}, newer: []Key{key("", string(testSecret))}, changed: true}, nil, 1},
		{"an unknown kid, newer key", `{"alg":"HS256","kid":"b"}`, refresher{old: []Key{key("a", other)}, newer: []Key{key("b", string(testSecret))}, changed: true}, nil, 1},
		{"nothing newer", testHeader, refresher{old: []Key{key("", other)}}, ErrInvalidSignature, 1},
		{"newer, and still not it", testHeader, refresher{old: []Key{key("", other)}, newer: []Key{key("", strings.ToUpper(other))}, changed: true}, ErrInvalidSignature, 1},
		{"cannot look", testHeader, refresher{old: []Key{key("", other)}, err: ErrUnavailable}, ErrUnavailable, 1},
		{"fits", testHeader, refresher{old: []Key{key("", string(testSecret))}}, nil, 0},
		{"another algorithm, newer key", testHeader, refresher{old: []Key{newTestKey(t, HS512, "")}, newer: []Key{key("", string(testSecret))}, changed: true}, nil, 1},
		{"another algorithm, nothing newer", `{"alg":"HS512"}`, refresher{old: []Key{key("", string(testSecret))}}, ErrUnsupportedAlgorithm, 1},
		{"no key can be for none", `{"alg":"none"}`, refresher{old: []Key{key("", string(testSecret))}}, ErrUnsupportedAlgorithm, 0},
		{"no key can be for an unknown algorithm", `{"alg":"ES512"}`, refresher{old: []Key{key("", string(testSecret))}}, ErrUnsupportedAlgorithm, 0},
		{"a kid that no key can have", `{"alg":"HS256","kid":"a b"}`, refresher{old: []Key{key("a", string(testSecret))}}, ErrMalformed, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newJWT(t, func(c *JWTConfig) { c.Keys = &tt.keys })
			_, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(tt.header, testClaims)))
			if !errors.Is(err, tt.want) || tt.keys.asked != tt.asked {
				t.Errorf("got %v, asked %d times; want %v, %d", err, tt.keys.asked, tt.want, tt.asked)
			}
		})
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	claims := `{"uid":"u-1","sub":"s","exp":1700000060,"scope":"events:read events:write","roles":["admin","ops"],"n":7,"null":null,"deep":{"a":1}}`
	tests := []struct {
		name   string
		change func(*JWTConfig)
		check  func(Principal) bool
		text   string
	}{
		{name: "scopes by themselves", change: func(*JWTConfig) {}, check: func(p Principal) bool {
			return p.Subject == "s" && slices.Equal(p.Scopes, []string{"events:read", "events:write"}) && p.Permissions == nil
		}},
		{name: "everything", change: func(c *JWTConfig) {
			c.Map = func(claims Claims, p *Principal) error {
				p.Subject, _ = claims.String("uid")
				p.Permissions, _ = claims.Strings("roles")
				p.Tenant = "t"
				return claims.Decode("deep", &struct{ A int }{})
			}
		}, check: func(p Principal) bool {
			return p.Subject == "u-1" && p.Tenant == "t" && slices.Equal(p.Permissions, []string{"admin", "ops"})
		}},
		{name: "required claims", change: func(c *JWTConfig) { c.RequiredClaims = []string{"uid", "n"} }, check: func(p Principal) bool { return p.Subject == "s" }},
		{name: "a required claim is missing", change: func(c *JWTConfig) { c.RequiredClaims = []string{"nope"} }, text: `invalid claim: "nope" is missing`},
		{name: "a required claim is null", change: func(c *JWTConfig) { c.RequiredClaims = []string{"null"} }, text: `invalid claim: "null" is missing`},
		{name: "the mapping refuses", change: func(c *JWTConfig) { c.Map = func(Claims, *Principal) error { return errors.New("no") } }, text: "invalid claim: no"},
		{name: "the mapping suspends", change: func(c *JWTConfig) { c.Map = func(Claims, *Principal) error { return ErrTenantSuspended } }, text: "tenant suspended"},
		{name: "the mapping decodes another type", change: func(c *JWTConfig) {
			c.Map = func(c Claims, _ *Principal) error { var n int; return c.Decode("uid", &n) }
		}, text: `invalid claim: "uid" is not of the type that it should be`},
		{name: "the mapping decodes nothing", change: func(c *JWTConfig) {
			c.Map = func(c Claims, _ *Principal) error { var n int; return c.Decode("nope", &n) }
		}, text: `invalid claim: "nope" is missing`},
		{name: "the mapping decodes null", change: func(c *JWTConfig) {
			c.Map = func(c Claims, p *Principal) error { return c.Decode("null", &p.Tenant) }
		}, text: `invalid claim: "null" is missing`},
		{name: "the mapping makes a bad permission", change: func(c *JWTConfig) {
			c.Map = func(_ Claims, p *Principal) error { p.Permissions = []string{"a b"}; return nil }
		}, text: "invalid claim: permission 0: it has a character outside printable ASCII, a space, a quote or a backslash"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newJWT(t, tt.change).Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(testHeader, claims)))
			if text(err) != tt.text || (err == nil && !tt.check(p)) {
				t.Errorf("got %+v, error %q; want error %q", p, text(err), tt.text)
			}
		})
	}
}

func TestType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want, header string
		good         bool
	}{
		{"", `{"alg":"HS256"}`, true}, {"", `{"alg":"HS256","typ":"application/jwt"}`, true}, {"", `{"alg":"HS256","typ":"at+jwt"}`, false},
		{"at+jwt", `{"alg":"HS256","typ":"at+jwt"}`, true}, {"at+jwt", `{"alg":"HS256","typ":"application/AT+JWT"}`, true},
		{"application/at+jwt", `{"alg":"HS256","typ":"at+jwt"}`, true}, {"at+jwt", `{"alg":"HS256","typ":"JWT"}`, false},
		{"at+jwt", `{"alg":"HS256"}`, false}, {"at+jwt", `{"alg":"HS256","typ":1}`, false}, {"", `{"alg":"HS256","typ":"application/"}`, false},
	} {
		_, err := newJWT(t, func(c *JWTConfig) { c.Type = tt.want }).Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(tt.header, testClaims)))
		if (err == nil) != tt.good || (err != nil && !errors.Is(err, ErrMalformed)) {
			t.Errorf("type %q, header %s: got %v", tt.want, tt.header, err)
		}
	}
}

func TestUnverifiedJWT(t *testing.T) {
	t.Parallel()
	header, claims, err := UnverifiedJWT(segment(`{"alg":"none","kid":"k"}`) + "." + segment(`{"iss":"i","a":["x"],"w":"a b","e":""}`) + ".")
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := header.String("kid")
	issuer, _ := claims.String("iss")
	list, _ := claims.Strings("a")
	words, _ := claims.Words("w")
	none, ok := claims.Words("e")
	if kid != "k" || issuer != "i" || !slices.Equal(list, []string{"x"}) || !slices.Equal(words, []string{"a", "b"}) || none != nil || !ok {
		t.Errorf("got %q, %q, %q, %q, %q", kid, issuer, list, words, none)
	}
	for _, name := range []string{"nope", "a"} {
		if _, ok := claims.String(name); ok {
			t.Errorf("%s is a string", name)
		}
	}
	for _, name := range []string{"nope", "iss"} {
		if _, ok := claims.Strings(name); ok {
			t.Errorf("%s is an array of strings", name)
		}
	}
	for _, token := range []string{"", "a.b.c", segment(`{}`) + "." + segment(`{"a":1,"a":2}`) + ".", segment(`{}`) + ".%."} {
		if _, _, err := UnverifiedJWT(token); !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v, want %v", err, ErrMalformed)
		}
	}
}
