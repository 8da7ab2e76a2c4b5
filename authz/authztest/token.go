package authztest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Secret signs the tokens of [Token]. Everybody knows it.
const Secret = "the-secret-of-unit-tests-0123456789"

// Keys gives the key of [Token].
func Keys(t testing.TB) authz.KeyProvider {
	t.Helper()
	key, err := authz.NewHMACKey(authz.HS256, "", []byte(Secret))
	if err != nil {
		t.Fatal(err)
	}
	return authz.StaticKeys{key}
}

// FailingKeys gives no key but an error, [authz.ErrUnavailable] for instance.
func FailingKeys(err error) authz.KeyProvider { return failing{err} }

type failing struct{ err error }

func (f failing) Keys(context.Context) ([]authz.Key, error) { return nil, f.err }

// Token is a token (HS256) with these claims, for the header Authorization. The claim
// exp defaults to in an hour, in seconds; it may be over.
func Token(t testing.TB, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"exp": time.Now().Add(life).Unix()}
	maps.Copy(all, claims)
	payload, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	mac := hmac.New(sha256.New, []byte(Secret))
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + encode(mac.Sum(nil))
}
