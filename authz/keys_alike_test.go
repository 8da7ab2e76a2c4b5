package authz

import (
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// TestCheckKeys: keys that one verifier must not have together.
func TestCheckKeys(t *testing.T) {
	t.Parallel()
	key := func(algorithm Algorithm, id, secret string) Key {
		k, err := NewHMACKey(algorithm, id, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	_, public := rsaKey(t)
	long := strings.Repeat("long ", 30)
	sum := sha256.Sum256([]byte(long))
	const same = `misconfigured: the keys with the ids "a" and "b" are the same secret; give each a secret of its own`
	const mixed = "misconfigured: the key provider gave secrets and public keys; use one kind, and another verifier for the other"
	other := strings.Repeat("y", 64)
	tests := []struct {
		name string
		keys []Key
		text string
	}{
		{"two", []Key{key(HS256, "a", string(testSecret)), key(HS256, "b", other)}, ""},
		{"one secret twice, without ids", []Key{key(HS256, "", string(testSecret)), key(HS256, "", string(testSecret))}, ""},
		{"none", nil, "misconfigured: the key provider gave no key"},
		{"one secret", []Key{key(HS256, "a", string(testSecret)), key(HS256, "b", string(testSecret))}, same},
		{"one secret, for two algorithms", []Key{key(HS256, "a", other), key(HS512, "b", other)}, same},
		{"one with zeros at its end", []Key{key(HS256, "a", string(testSecret)), key(HS256, "b", string(testSecret)+"\x00\x00")}, same},
		{"one that is the other's hash", []Key{key(HS256, "a", long), key(HS256, "b", string(sum[:]))}, same},
		{"secrets and public keys", []Key{key(HS256, "", string(testSecret)), public}, mixed},
		{"public keys and secrets", []Key{public, key(HS256, "", string(testSecret))}, mixed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := CheckKeys(tt.keys); text(err) != tt.text || (err != nil) != errors.Is(err, ErrMisconfigured) {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
			if _, err := NewJWT(JWTConfig{Keys: StaticKeys(tt.keys), AnyIssuer: true, AnyAudience: true}); (err == nil) != (tt.text == "") {
				t.Errorf("NewJWT: %v", err)
			}
			if len(tt.keys) == 2 && tt.text == same && !tt.keys[0].SameMaterial(tt.keys[1]) {
				t.Error("SameMaterial tells them apart")
			}
		})
	}
	// Who reads keys is held to it too.
	v := newJWT(t, func(c *JWTConfig) { c.Keys = gives(public, key(HS256, "", string(testSecret))) })
	checkRefused(t, v, sign(testHeader, testClaims), ErrMisconfigured, mixed)
}

// TestSaltOfPS256: a salt as long as the hash, and no other (RFC 7518 section 3.5).
func TestSaltOfPS256(t *testing.T) {
	t.Parallel()
	private, _ := rsaKey(t)
	key, err := NewPublicKey(PS256, "", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	v := newJWT(t, func(c *JWTConfig) { c.Keys = StaticKeys{key} })
	for salt, want := range map[int]error{
		rsa.PSSSaltLengthEqualsHash: nil, 32: nil, rsa.PSSSaltLengthAuto: ErrInvalidSignature, // as long as fits in
		1: ErrInvalidSignature, 31: ErrInvalidSignature, 33: ErrInvalidSignature, 64: ErrInvalidSignature,
	} {
		method := &jwt.SigningMethodRSAPSS{SigningMethodRSA: jwt.SigningMethodPS256.SigningMethodRSA, Options: &rsa.PSSOptions{SaltLength: salt}}
		token, err := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "s", "exp": testNow + 60}).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); !errors.Is(err, want) || err != nil && want == nil {
			t.Errorf("a salt of %d bytes: got %v, want %v", salt, err, want)
		}
	}
}
