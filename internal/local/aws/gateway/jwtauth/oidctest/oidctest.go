// Package oidctest is an OpenID Connect issuer for tests: its metadata and
// public keys on the loopback interface, and tokens signed with its keys.
package oidctest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The paths of an issuer's documents.
const (
	MetadataPath = "/.well-known/openid-configuration"
	KeysPath     = "/keys"
)

// Issuer is a running issuer. It is safe for concurrent use.
type Issuer struct {
	// URL is the issuer's identifier: the claim iss of its tokens.
	URL string

	mu      sync.Mutex
	keys    int // published: key-1 to key-{keys}
	instead map[string]http.HandlerFunc
	reads   map[string]int
}

// maxKeyPairs is how many keys an issuer can have.
const maxKeyPairs = 3

// keyPairs are made once a test binary: making one takes time, and which
// issuer has it does not matter.
var keyPairs = func() (out [maxKeyPairs]func() *rsa.PrivateKey) {
	for i := range out {
		out[i] = sync.OnceValue(func() *rsa.PrivateKey {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err) // crypto/rand never fails
			}
			return key
		})
	}
	return out
}()

// Start runs an issuer with one key, key-1, until the test ends.
func Start(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{keys: 1, instead: map[string]http.HandlerFunc{}, reads: map[string]int{}}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// ServeHTTP answers with the metadata, with the keys, or with what Instead
// put there.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.reads[r.URL.Path]++
	instead, published := i.instead[r.URL.Path], i.keys
	i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case instead != nil:
		instead(w, r)
	case r.URL.Path == MetadataPath:
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + KeysPath})
	case r.URL.Path == KeysPath:
		_ = json.NewEncoder(w).Encode(KeySet(published))
	default:
		http.NotFound(w, r)
	}
}

// KeySet is the JWK Set with the first n keys.
func KeySet(n int) map[string]any {
	keys := make([]map[string]any, n)
	for k := range keys {
		public := keyPairs[k]().PublicKey
		keys[k] = map[string]any{
			"kty": "RSA", "use": "sig", "kid": keyID(k),
			"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		}
	}
	return map[string]any{"keys": keys}
}

func keyID(k int) string { return "key-" + strconv.Itoa(k+1) }

// Rotate publishes one more key, which signs from now on.
func (i *Issuer) Rotate(t testing.TB) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.keys == maxKeyPairs {
		t.Fatalf("an issuer has at most %d keys", maxKeyPairs)
	}
	i.keys++
}

// Instead answers a path with h from now on; nil: as before.
func (i *Issuer) Instead(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.instead[path] = h
}

// Reads is how often a path was asked for.
func (i *Issuer) Reads(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.reads[path]
}

// Claims are those of a good access token: iss, sub, aud, and one hour of
// life from now.
func (i *Issuer) Claims(audience string, now time.Time) map[string]any {
	return map[string]any{
		"iss": i.URL, "sub": "user-1", "aud": audience,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

// Token is the claims, signed with RS256 and the newest key.
func (i *Issuer) Token(t testing.TB, claims any) string {
	t.Helper()
	i.mu.Lock()
	newest := i.keys - 1
	i.mu.Unlock()
	return Sign(t, map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID(newest)}, claims)
}

// Sign makes a token with that header and those claims, each a value for
// encoding/json or a json.RawMessage. It signs with the algorithm of alg: RSA
// with the key of kid, else key-1; HMAC with the DER of the public key-1, as
// an attacker would; none with nothing.
func Sign(t testing.TB, header map[string]any, claims any) string {
	t.Helper()
	alg, _ := header["alg"].(string)
	var key any
	switch method := jwt.GetSigningMethod(alg).(type) {
	case nil:
		t.Fatalf("unknown algorithm %q", alg)
	case *jwt.SigningMethodHMAC:
		key = x509.MarshalPKCS1PublicKey(&keyPairs[0]().PublicKey)
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		key = keyPairs[0]()
		for k := range keyPairs {
			if header["kid"] == keyID(k) {
				key = keyPairs[k]()
			}
		}
	default:
		if method.Alg() != "none" {
			t.Fatalf("no key for %q", alg)
		}
		key = jwt.UnsafeAllowNoneSignatureType
	}
	text := segment(t, header) + "." + segment(t, claims)
	signature, err := jwt.GetSigningMethod(alg).Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(t testing.TB, v any) string {
	t.Helper()
	b, ok := v.(json.RawMessage) // as it is: Marshal would refuse or change it
	if !ok {
		var err error
		if b, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
