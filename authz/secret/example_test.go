package secret_test

import (
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

// The authorizer of an API whose tokens are signed with the secret in one
// parameter, and those of a partner with the secret in another.
func ExampleNew() {
	source, err := secret.New(secret.Config{
		Paths:  []string{"/events-api/jwt-secret", "/events-api/partner-secret"},
		MaxAge: time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{Keys: source, AnyIssuer: true, Audience: "events-api"})
	fmt.Println(verifier != nil, err)
	// Output: true <nil>
}

func ExampleParseKeys() {
	keys, err := secret.ParseKeys(authz.HS256, `{
		"current":  {"kid": "2026-11", "secret": "a-secret-for-this-example-only-0002"},
		"previous": {"kid": "2026-08", "secret": "a-secret-for-this-example-only-0001"}
	}`)
	fmt.Println(keys, err)
	// Output: [HS256 2026-11 [redacted] HS256 2026-08 [redacted]] <nil>
}

func ExampleParseKeys_jwks() {
	_, err := secret.ParseKeys(authz.RS256, `{"keys": [{"kty": "RSA", "n": "…", "e": "AQAB"}]}`)
	fmt.Println(err)
	// Output: misconfigured: the secret document is a JSON Web Key Set; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it
}
