package own

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

// AddTokens accepts HS256 tokens, as the methods say. Where they say nothing of issuer
// and audience, who has the secret may issue, and it is for this API alone.
func (a *Authorizer) AddTokens() error {
	tokens := a.Methods.Tokens
	keys := secret.FromEnvironment(a.Getenv)
	verifier, err := authz.NewJWT(authz.JWTConfig{
		Keys:   keys,
		Issuer: tokens.Issuer, AnyIssuer: tokens.Issuer == "",
		Audience: tokens.Audience, AnyAudience: tokens.Audience == "",
		Leeway: cmp.Or(time.Duration(tokens.LeewaySeconds)*time.Second, authz.DefaultLeeway),
		Map:    permissionsOf(tokens.PermissionsClaim),
	})
	if err != nil {
		return fmt.Errorf("method tokens: %w", err)
	}
	a.Add(authz.Link{Verifier: verifier}, keys)
	return nil
}

// permissionsOf reads a token's permissions from a claim, if it has that, whether it
// is an array or words. Without a claim they are the array permissions, or without
// that the scopes.
func permissionsOf(claim string) func(authz.Claims, *authz.Principal) error {
	if claim == "" {
		return func(claims authz.Claims, p *authz.Principal) error {
			if !claims.Has("permissions") {
				p.Permissions = slices.Clone(p.Scopes)
				return nil
			}
			return claims.Decode("permissions", &p.Permissions)
		}
	}
	return func(claims authz.Claims, p *authz.Principal) error {
		if !claims.Has(claim) {
			return nil
		}
		list, ok := claims.Strings(claim)
		if !ok {
			list, ok = claims.Words(claim)
		}
		if !ok {
			return errors.New("the claim of permissions is neither an array of strings nor words")
		}
		p.Permissions = list
		return nil
	}
}
