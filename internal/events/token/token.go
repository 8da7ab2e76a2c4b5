// Package token signs the tokens that the Events API's authorizer accepts, for
// the commands: issuing tokens to users is the business of whatever knows the
// users.
package token

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Claims is what a token says.
type Claims struct {
	// Subject is whom the token speaks for, the claim sub. Required; see
	// authz.CheckSubject for what is allowed.
	Subject string
	// IssuedAt is the claim iat, to the second. Defaults to none.
	IssuedAt time.Time
	// ExpiresAt is the claim exp, to the second. Required. It may be in the
	// past: an expired token is useful to see it refused.
	ExpiresAt time.Time
	// Extra are further claims, marshalled as encoding/json does. Those of
	// the fields above are refused.
	Extra map[string]any
}

// registered are the claims of RFC 7519 section 4.1, and whether a field of
// Claims sets them.
var registered = map[string]bool{
	"sub": true, "iat": true, "exp": true,
	"iss": false, "aud": false, "nbf": false, "jti": false,
}

// CheckExtra returns an error that says why name cannot be the name of an
// extra claim, nil if it can.
func CheckExtra(name string) error {
	for known, ours := range registered {
		switch {
		case name == known && ours:
			return fmt.Errorf("the claim %q is set by itself; leave it out", name)
		case name != known && strings.EqualFold(name, known):
			return fmt.Errorf("the claim %q differs from the registered claim %q only in its case, which the authorizer refuses; rename it", name, known)
		}
	}
	if name == "" {
		return fmt.Errorf("a claim has no name")
	}
	return nil
}

// Sign returns a JSON Web Token with these claims, signed with HS256 and a
// secret without an id. See SignWith.
func Sign(secret []byte, claims Claims) (string, error) {
	key, err := authz.NewHMACKey(authz.HS256, "", secret)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return SignWith(key, claims)
}

// SignWith returns a JSON Web Token with these claims, signed with a key of
// HS256, whose id, if it has one, is the token's kid. What the authorizer would
// refuse whatever the time (an invalid subject, a claim of the wrong type, a
// token that is too long) is an error.
func SignWith(key authz.Key, claims Claims) (string, error) {
	secret, ok := key.HMACSecret()
	if !ok || key.Algorithm() != authz.HS256 {
		return "", fmt.Errorf("signing a token: the key is not one of HS256")
	}
	if err := authz.CheckSubject(claims.Subject); err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	if claims.ExpiresAt.IsZero() {
		return "", fmt.Errorf("signing a token: Claims.ExpiresAt is not set")
	}
	all := jwt.MapClaims{"sub": claims.Subject, "exp": claims.ExpiresAt.Unix()}
	if !claims.IssuedAt.IsZero() {
		all["iat"] = claims.IssuedAt.Unix()
	}
	for name, value := range claims.Extra {
		if err := CheckExtra(name); err != nil {
			return "", fmt.Errorf("signing a token: %w", err)
		}
		all[name] = value
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, all)
	if key.ID() != "" {
		token.Header["kid"] = key.ID()
	}
	signed, err := token.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	if err := check(key, signed, claims.ExpiresAt); err != nil {
		return "", fmt.Errorf("signing a token: the authorizer would refuse it: %w", err)
	}
	return signed, nil
}

// check verifies a token as the authorizer would just before it expires.
func check(key authz.Key, signed string, expires time.Time) error {
	verifier, err := authz.NewJWT(authz.JWTConfig{
		Keys: authz.StaticKeys{key}, AnyIssuer: true, AnyAudience: true,
		Now: func() time.Time { return time.Unix(expires.Unix()-1, 0) },
	})
	if err != nil {
		return err
	}
	_, err = verifier.Verify(context.Background(), authz.Request{}, authz.NewCredential(authz.BearerScheme, signed))
	return err
}
