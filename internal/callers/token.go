package callers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

// TokenLife is how long a token is good.
const TokenLife = time.Hour

// Tokens signs tokens.
type Tokens struct {
	key     authz.Key
	accepts contract.Accepts
}

// Sign signs a token. It gets the issuer, the audience and the claim of permissions that
// the authorizer wants, unless it has others.
func (t Tokens) Sign(claims token.Claims) (string, error) {
	token.Fit(claims.Extra, t.accepts)
	return token.SignWith(t.key, claims)
}

// sign signs a token of Subject.
func (t Tokens) sign(expires time.Time, permissions []string) (string, error) {
	return t.Sign(token.Claims{
		Subject: Subject, IssuedAt: expires.Add(-TokenLife), ExpiresAt: expires, Extra: map[string]any{"permissions": permissions},
	})
}

// Wrong signs with a secret that no authorizer knows.
func (t Tokens) Wrong() (Tokens, error) {
	var err error
	t.key, err = wrongKey(t.key.ID())
	return t, err
}

// Tokens signs for all authorizers, with the secret of the deployment, as far as they
// want the same: where they want different issuers, audiences or claims, tokens get none
// of these.
func (c *Callers) Tokens() (Tokens, error) {
	if c.secret == nil {
		return Tokens{}, errors.New("no function of the project reads a secret of tokens (AuthorizerArgs.SecretPath)")
	}
	var wanted []contract.Accepts
	for _, a := range c.Authorizers() {
		if a.Tokens() {
			wanted = append(wanted, a.Accepts)
		}
	}
	differs := func(a contract.Accepts) bool {
		return a.Issuer != wanted[0].Issuer || a.Audience != wanted[0].Audience || a.PermissionsClaim != wanted[0].PermissionsClaim
	}
	key, err := authz.NewHMACKey(authz.HS256, "", c.secret)
	if err != nil || len(wanted) == 0 || slices.ContainsFunc(wanted, differs) {
		return Tokens{key: key}, err
	}
	return Tokens{key, wanted[0]}, nil
}

// TokensOf signs for an authorizer, with the secret that it reads.
func (c *Callers) TokensOf(a Authorizer) (Tokens, error) {
	if !a.Tokens() {
		return Tokens{}, fmt.Errorf("the authorizer %s has no secret of tokens in its environment (AuthorizerArgs.SecretPath)", a.Name)
	}
	var key authz.Key
	var err error
	if a.SecretPath != "" {
		key, err = c.KeyAt(a.SecretPath)
	} else {
		key, err = firstKey(a.secret)
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("signing a token for the authorizer %s: %w", a.Name, err)
	}
	return Tokens{key, a.Accepts}, nil
}

// KeyAt is what is signed with (HS256) of the keys in a parameter, or in a secret by its
// ARN.
func (c *Callers) KeyAt(name string) (authz.Key, error) {
	value, err := c.aws.SecretValue(name)
	if err != nil {
		return authz.Key{}, err
	}
	key, err := firstKey(value)
	if err != nil {
		return authz.Key{}, fmt.Errorf("what %q holds: %w", name, err)
	}
	return key, nil
}

func firstKey(value string) (authz.Key, error) {
	keys, err := secret.ParseKeys(authz.HS256, value)
	if err != nil {
		return authz.Key{}, err
	}
	return keys[0], nil
}

// Token is a token of Subject with every permission, for the first authorizer that takes
// tokens; where it is not known which does, with the secret of the deployment.
func (c *Callers) Token() (string, error) {
	all := c.Authorizers()
	tokens, err := Tokens{}, error(nil)
	if i := slices.IndexFunc(all, Authorizer.Tokens); i >= 0 {
		tokens, err = c.TokensOf(all[i])
	} else {
		tokens, err = c.Tokens()
	}
	if err != nil {
		return "", err
	}
	return tokens.sign(time.Now().Add(TokenLife), []string{"*"})
}

// wrongSecret is one that nothing has.
var wrongSecret = []byte(rand.Text() + rand.Text())

// wrongKey is a key with an id and wrongSecret.
func wrongKey(id string) (authz.Key, error) { return authz.NewHMACKey(authz.HS256, id, wrongSecret) }
