package token

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

var (
	testSecret = []byte("0123456789abcdef0123456789abcdef")
	testNow    = time.Unix(1_700_000_000, 0)
)

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSign(t *testing.T) {
	t.Parallel()
	claims := Claims{
		Subject: "usr_abc", IssuedAt: testNow, ExpiresAt: testNow.Add(time.Hour),
		Extra: map[string]any{"admin": true, "big": json.RawMessage("12345678901234567890"), "iss": "me", "nbf": 1700000000},
	}
	signed, err := Sign(testSecret, claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"admin":true,"big":12345678901234567890,"exp":1700003600,"iat":1700000000,"iss":"me","nbf":1700000000,"sub":"usr_abc"}`
	if string(payload) != want {
		t.Errorf("got claims %s, want %s", payload, want)
	}

	key, err := authz.NewHMACKey(authz.HS256, "", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{Keys: authz.StaticKeys{key}, AnyAudience: true, Issuer: "me", Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	principal, err := verifier.Verify(t.Context(), authz.Request{}, authz.NewCredential(authz.BearerScheme, signed))
	if err != nil || principal.Subject != "usr_abc" || principal.Issuer != "me" || !principal.ExpiresAt.Equal(claims.ExpiresAt) {
		t.Errorf("got %+v, %v", principal, err)
	}
}

// TestSignExpired: a token whose time is over can be made, to see it refused.
func TestSignExpired(t *testing.T) {
	t.Parallel()
	signed, err := Sign(testSecret, Claims{Subject: "s", ExpiresAt: testNow})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[1])
	if want := `{"exp":1700000000,"sub":"s"}`; err != nil || string(payload) != want {
		t.Errorf("got %s, %v; want %s", payload, err, want)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	later := testNow.Add(time.Hour)
	extra := func(name string, value any) Claims {
		return Claims{Subject: "s", ExpiresAt: later, Extra: map[string]any{name: value}}
	}
	tests := []struct {
		name   string
		secret []byte
		claims Claims
		text   string
	}{
		{"short secret", testSecret[:31], extra("a", 1), "signing a token: misconfigured: the secret has 31 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"no subject", testSecret, Claims{ExpiresAt: later}, "signing a token: the subject is empty"},
		{"no expiry", testSecret, Claims{Subject: "s"}, "signing a token: Claims.ExpiresAt is not set"},
		{"expiry out of range", testSecret, Claims{Subject: "s", ExpiresAt: time.Unix(253402300800, 0)}, "signing a token: the authorizer would refuse it: invalid claim: exp is out of range"},
		{"sub as an extra", testSecret, extra("sub", "root"), `signing a token: the claim "sub" is set by itself; leave it out`},
		{"exp as an extra", testSecret, extra("exp", 1), `signing a token: the claim "exp" is set by itself; leave it out`},
		{"iat as an extra", testSecret, extra("iat", 1), `signing a token: the claim "iat" is set by itself; leave it out`},
		{"Exp", testSecret, extra("Exp", 1), `signing a token: the claim "Exp" differs from the registered claim "exp" only in its case, which the authorizer refuses; rename it`},
		{"claim without name", testSecret, extra("", 1), "signing a token: a claim has no name"},
		{"nbf of the wrong type", testSecret, extra("nbf", "tomorrow"), "signing a token: the authorizer would refuse it: invalid claim: nbf is not a number of seconds"},
		{"nbf after exp", testSecret, extra("nbf", 1800000000), "signing a token: the authorizer would refuse it: not yet valid"},
		{"too long", testSecret, extra("a", strings.Repeat("x", authz.MaxTokenBytes)), "signing a token: the authorizer would refuse it: malformed credential: the token is longer than 8 KiB"},
		{"no JSON", testSecret, extra("a", math.Inf(1)), "signing a token: json: unsupported value: +Inf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			signed, err := Sign(tt.secret, tt.claims)
			if signed != "" || text(err) != tt.text {
				t.Errorf("got %q, error %q; want error %q", signed, text(err), tt.text)
			}
		})
	}
}

// TestSignLeavesTheClaimsAlone: the caller's map is not written to.
func TestSignLeavesTheClaimsAlone(t *testing.T) {
	t.Parallel()
	extra := map[string]any{"a": 1}
	if _, err := Sign(testSecret, Claims{Subject: "s", ExpiresAt: testNow, Extra: extra}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(extra, map[string]any{"a": 1}) {
		t.Errorf("the map is now %v", extra)
	}
	if CheckExtra("a") != nil {
		t.Error("an ordinary name is refused")
	}
}

// TestSignWith: the key's id is the token's kid; a key of another algorithm is
// refused.
func TestSignWith(t *testing.T) {
	t.Parallel()
	claims := Claims{Subject: "s", ExpiresAt: testNow}
	key, err := authz.NewHMACKey(authz.HS256, "k1", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := SignWith(key, claims)
	if err != nil {
		t.Fatal(err)
	}
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[0])
	if want := `{"alg":"HS256","kid":"k1","typ":"JWT"}`; err != nil || string(header) != want {
		t.Errorf("got the header %s, %v; want %s", header, err, want)
	}
	long, err := authz.NewHMACKey(authz.HS384, "", []byte(strings.Repeat("x", 48)))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []authz.Key{long, {}} {
		if signed, err := SignWith(key, claims); signed != "" || text(err) != "signing a token: the key is not one of HS256" {
			t.Errorf("got error %v", err)
		}
	}
}
