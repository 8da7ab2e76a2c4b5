package localtest

import (
	"net/http"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

// Credential is a token or a key. It is printed nowhere.
type Credential struct{ header, scheme, secret string }

// Apply sends the credential with a request.
func (c Credential) Apply(r *http.Request) error {
	r.Header.Set(c.header, c.scheme+c.secret)
	return nil
}

// Reveal is the credential itself, for clients that this package does not know.
func (c Credential) Reveal() string { return c.secret }

// String is the kind of the credential.
func (c Credential) String() string { return c.header + " [credential]" }

// GoString is String.
func (c Credential) GoString() string { return c.String() }

// Claim is something that a token says, or how it is signed.
type Claim func(*claims)

type claims struct {
	token.Claims
	wrong bool // the secret
}

// Permissions are the claim permissions.
func Permissions(permissions ...string) Claim { return With("permissions", permissions) }

// With is any other claim, as encoding/json writes the value.
func With(name string, value any) Claim {
	return func(c *claims) { c.Extra[name] = value }
}

// ExpiresIn is how long the token is good, to the second. Less than 0: it has expired
// that long ago. Without it a token is good for an hour.
func ExpiresIn(life time.Duration) Claim {
	return func(c *claims) { c.ExpiresAt = time.Now().Add(life) }
}

// WrongSecret signs the token with a secret that no authorizer knows.
func WrongSecret() Claim {
	return func(c *claims) { c.wrong = true }
}

// Token signs a token (HS256) with the secret that the deployed authorizers read.
// Claims that an authorizer of package authz refuses at any time are a mistake of the
// test; what they are for is the authorizer's to judge. The issuer, the audience and the
// claim of permissions that the authorizer without code wants need not be said, unless
// several of them want different ones.
func (a *API) Token(subject string, say ...Claim) Credential {
	a.t.Helper()
	c := claims{Claims: token.Claims{Subject: subject, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(callers.TokenLife), Extra: map[string]any{}}}
	for _, claim := range say {
		claim(&c)
	}
	if c.ExpiresAt.Before(c.IssuedAt) {
		c.IssuedAt = c.ExpiresAt.Add(-callers.TokenLife)
	}
	tokens, err := a.callers().Tokens()
	if err == nil && c.wrong {
		tokens, err = tokens.Wrong()
	}
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := tokens.Sign(c.Claims)
	if err != nil {
		a.t.Fatal(err)
	}
	a.d.secrets.add(signed)
	return Credential{header: "Authorization", scheme: "Bearer ", secret: signed}
}
