package authz

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"
)

const (
	testNow    = 1_700_000_000
	testHeader = `{"alg":"HS256","typ":"JWT"}`
	testClaims = `{"sub":"usr_abc","exp":1700000060}`
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

func segment(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// mac is HMAC-SHA256 by the standard library alone, so that the tests do not
// check golang-jwt against itself.
func mac(secret []byte, signed string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(signed))
	return string(h.Sum(nil))
}

// sign makes a token with a good signature of whatever header and claims.
func sign(header, claims string) string {
	signed := segment(header) + "." + segment(claims)
	return signed + "." + segment(mac(testSecret, signed))
}

func at(seconds int64) func() time.Time {
	return func() time.Time { return time.Unix(seconds, 0) }
}

func hmacKey(t testing.TB, secret []byte) Key {
	t.Helper()
	key, err := NewHMACKey(HS256, "", secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newHS256 returns a verifier with the test secret at the test's time, changed
// by the functions given.
func newJWT(t testing.TB, change ...func(*JWTConfig)) *JWT {
	t.Helper()
	cfg := JWTConfig{Keys: StaticKeys{hmacKey(t, testSecret)}, AnyIssuer: true, AnyAudience: true, Now: at(testNow)}
	for _, f := range change {
		f(&cfg)
	}
	v, err := NewJWT(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func chainOf(v Verifier) Chain { return Chain{{Verifier: v}} }

type keysFunc func(context.Context) ([]Key, error)

func (f keysFunc) Keys(ctx context.Context) ([]Key, error) { return f(ctx) }

// gives is a provider of keys that only a request finds out about.
func gives(keys ...Key) KeyProvider {
	return keysFunc(func(context.Context) ([]Key, error) { return keys, nil })
}

// environ is an environment of pairs of name and value.
func environ(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// uncached is the environment of an authorizer whose answers are not reused.
var uncached = environ("AUTHORIZER_CACHE_TTL", "0")

// text is an error's text, "" for nil.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
