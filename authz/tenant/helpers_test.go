package tenant

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

const testNow = 1_700_000_000

func now() time.Time { return time.Unix(testNow, 0) }

// issuerOf is an issuer's side of a tenant: it signs by the standard library
// alone, so that the tests do not check golang-jwt against itself.
type issuerOf struct {
	id        string // of tenant and host
	algorithm authz.Algorithm
	sign      func(signed []byte) []byte
	key       func(kid string) (authz.Key, error)
	public    crypto.PublicKey // nil for HMAC
	written   map[string]any   // the key in a document, without kid
}

func (i *issuerOf) host() string   { return i.id + ".example.com" }
func (i *issuerOf) issuer() string { return "https://id." + i.id + ".example" }
func (i *issuerOf) kid() string    { return i.id + "-key" }

// issuers are six tenants' issuers, each of another algorithm. Making RSA keys
// takes time, so they are made once.
var issuers = sync.OnceValue(func() []*issuerOf {
	hs256, hs512 := newHMAC("ada", authz.HS256), newHMAC("bob", authz.HS512)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	ps, err := rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	return []*issuerOf{hs256, hs512,
		newPublic("cid", authz.RS256, &rs.PublicKey, func(signed []byte) []byte {
			sum := sha256.Sum256(signed)
			signature, err := rsa.SignPKCS1v15(rand.Reader, rs, crypto.SHA256, sum[:])
			check(err)
			return signature
		}),
		newPublic("dan", authz.PS256, &ps.PublicKey, func(signed []byte) []byte {
			sum := sha256.Sum256(signed)
			signature, err := rsa.SignPSS(rand.Reader, ps, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			check(err)
			return signature
		}),
		newPublic("eve", authz.ES256, &es.PublicKey, func(signed []byte) []byte {
			sum := sha256.Sum256(signed)
			r, s, err := ecdsa.Sign(rand.Reader, es, sum[:])
			check(err)
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}),
		newPublic("fay", authz.EdDSA, edPublic, func(signed []byte) []byte { return ed25519.Sign(ed, signed) }),
	}
})

func newHMAC(id string, algorithm authz.Algorithm) *issuerOf {
	secret := make([]byte, 64)
	_, err := rand.Read(secret)
	check(err)
	return &issuerOf{
		id: id, algorithm: algorithm,
		sign:    func(signed []byte) []byte { return hmacOf(algorithm, secret, signed) },
		key:     func(kid string) (authz.Key, error) { return authz.NewHMACKey(algorithm, kid, secret) },
		written: map[string]any{"algorithm": algorithm, "secret": "base64:" + base64.StdEncoding.EncodeToString(secret)},
	}
}

func newPublic(id string, algorithm authz.Algorithm, public crypto.PublicKey, sign func([]byte) []byte) *issuerOf {
	return &issuerOf{
		id: id, algorithm: algorithm, sign: sign, public: public,
		key:     func(kid string) (authz.Key, error) { return authz.NewPublicKey(algorithm, kid, public) },
		written: map[string]any{"algorithm": algorithm, "publicKey": string(publicKeyForms(public)[0])},
	}
}

func hmacOf(algorithm authz.Algorithm, secret, signed []byte) []byte {
	hash := sha256.New
	if algorithm == authz.HS512 {
		hash = sha512.New
	}
	h := hmac.New(hash, secret)
	h.Write(signed)
	return h.Sum(nil)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// publicKeyForms are the texts of a public key that an attacker could try as
// an HMAC secret.
func publicKeyForms(public crypto.PublicKey) [][]byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	check(err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	forms := [][]byte{block, block[:len(block)-1], der}
	switch key := public.(type) {
	case *rsa.PublicKey:
		forms = append(forms, key.N.Bytes(), x509.MarshalPKCS1PublicKey(key))
	case ed25519.PublicKey:
		forms = append(forms, key)
	}
	return forms
}

// jwt makes a token of a header and claims with whatever signs it.
func jwt(header, claims map[string]any, sign func([]byte) []byte) authz.Credential {
	segment := func(v any) string {
		b, err := json.Marshal(v)
		check(err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := segment(header) + "." + segment(claims)
	return authz.NewCredential(authz.BearerScheme, signed+"."+base64.RawURLEncoding.EncodeToString(sign([]byte(signed))))
}

// header and claims are those of an issuer's good token, changed by pairs of
// name and value; a nil value removes.
func (i *issuerOf) header(pairs ...any) map[string]any {
	return with(map[string]any{"alg": string(i.algorithm), "kid": i.kid()}, pairs)
}

func (i *issuerOf) claims(pairs ...any) map[string]any {
	return with(map[string]any{"iss": i.issuer(), "sub": i.id + "-user", "aud": "events", "exp": testNow + 60, "jti": "1", "org": i.id}, pairs)
}

func with(m map[string]any, pairs []any) map[string]any {
	for n := 0; n < len(pairs); n += 2 {
		name, _ := pairs[n].(string)
		if m[name] = pairs[n+1]; pairs[n+1] == nil {
			delete(m, name)
		}
	}
	return m
}

// token is an issuer's good token.
func (i *issuerOf) token() authz.Credential { return jwt(i.header(), i.claims(), i.sign) }

// request is one to an issuer's tenant.
func (i *issuerOf) request() authz.Request {
	return authz.Request{Host: i.host(), PathParameters: map[string]string{"tenant": i.id}, RouteKey: "GET /{tenant}/events"}
}

// tenant is the issuer's tenant, changed by the functions given.
func (i *issuerOf) tenant(t testing.TB, change ...func(*Tenant)) Tenant {
	t.Helper()
	key, err := i.key(i.kid())
	if err != nil {
		t.Fatal(err)
	}
	tenant := Tenant{
		ID: i.id, Hosts: []string{i.host()},
		JWT: &authz.JWTConfig{Keys: authz.StaticKeys{key}, Issuer: i.issuer(), Audience: "events", Now: now},
	}
	for _, f := range change {
		f(&tenant)
	}
	return tenant
}

// document is the issuer's tenant as a document, changed by pairs of name and
// value.
func (i *issuerOf) document(pairs ...any) string {
	b, err := json.Marshal(with(map[string]any{
		"hosts": []string{i.host()}, "issuer": i.issuer(), "audience": "events",
		"keys": []any{i.writtenKey(i.kid())},
	}, pairs))
	check(err)
	return string(b)
}

// writtenKey is the issuer's key in a document.
func (i *issuerOf) writtenKey(kid string) map[string]any {
	return with(maps.Clone(i.written), []any{"kid", kid})
}

// bare makes a tenant that only its keys tell from others.
func bare(i *issuerOf) func(*Tenant) {
	return func(t *Tenant) {
		key, err := i.key("")
		check(err)
		t.JWT = &authz.JWTConfig{Keys: authz.StaticKeys{key}, AnyIssuer: true, AnyAudience: true, Now: now}
	}
}

// every selector there is.
var every = []Selector{Host{}, PathParameter{"tenant"}, KeyID{}, Issuer{}}

func newRegistry(t testing.TB, selectors []Selector, tenants ...Tenant) *Registry {
	t.Helper()
	g, err := New(Config{Selectors: selectors}, tenants...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type keysFunc func(context.Context) ([]authz.Key, error)

func (f keysFunc) Keys(ctx context.Context) ([]authz.Key, error) { return f(ctx) }

type verifierFunc func(authz.Request, authz.Credential) (authz.Principal, error)

func (f verifierFunc) Verify(_ context.Context, r authz.Request, c authz.Credential) (authz.Principal, error) {
	return f(r, c)
}
