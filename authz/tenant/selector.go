package tenant

import (
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// By is what a tenant is selected by.
type By string

// What a tenant can be selected by.
const (
	ByID     By = "id"
	ByHost   By = "host"
	ByKeyID  By = "key id"
	ByIssuer By = "issuer"
)

// Hint is what a request says of its tenant.
type Hint struct {
	// By is what Value is. The zero By: the request says nothing.
	By By
	// Value is compared exactly with what the tenants have.
	Value string
}

// Selector finds what a request or its credential says of the tenant. Nothing
// of it has been verified: it is a look-up in a map and nothing else. Select is
// called for the policy as well, without a credential then, and is safe for
// concurrent use.
//
// A selector that also has the method IdentitySources() []string says with it which
// identity sources API Gateway must keep answers by, none where it looks at the
// credential only. One without it needs a cache TTL of 0.
type Selector interface {
	Select(r authz.Request, c authz.Credential) Hint
}

// sourced is what a [Selector] is as well that says what of a request it looks at
// beside the credential: the identity sources that an answer is to be kept by.
type sourced interface{ IdentitySources() []string }

// checkReuse returns an error if API Gateway would reuse the answer to a request
// for one in which the selectors find another tenant.
func checkReuse(selectors []Selector, r authz.Request) error {
	for _, s := range selectors {
		known, ok := s.(sourced)
		if !ok {
			if err := r.CheckReuse(); err != nil {
				return fmt.Errorf("selector %T without the method IdentitySources: %w", s, err)
			}
			continue
		}
		if sources := known.IdentitySources(); len(sources) > 0 {
			if err := r.CheckReuse(sources...); err != nil {
				return fmt.Errorf("selector %T: %w", s, err)
			}
		}
	}
	return nil
}

// Host selects by the domain name that API Gateway was called by. Letters' case
// does not count. Only what belongs to the API's own domain names arrives; turn
// off its execute-api endpoint (disableExecuteApiEndpoint), or list it.
type Host struct{}

// IdentitySources returns the domain name's.
func (Host) IdentitySources() []string { return []string{authz.SourceHost} }

// Select implements [Selector]. Every request has a host: one that is no tenant's
// is an unknown tenant.
func (Host) Select(r authz.Request, _ authz.Credential) Hint {
	return Hint{ByHost, strings.ToLower(r.Host)}
}

// PathParameter selects by a variable of the route, whose value is the tenant's
// id. A route without it says nothing.
type PathParameter struct {
	// Name is the variable's name, for instance "tenant" in
	// "GET /{tenant}/events". Required.
	Name string
}

// IdentitySources returns the path's and the route's: another route with the same path
// has the value elsewhere, or nowhere.
func (p PathParameter) IdentitySources() []string {
	return []string{authz.SourcePath, authz.SourceRouteKey}
}

// Select implements [Selector].
func (p PathParameter) Select(r authz.Request, _ authz.Credential) Hint {
	if value, ok := r.PathParameters[p.Name]; ok {
		return Hint{ByID, value}
	}
	return Hint{}
}

// KeyID selects by the kid in a token's header (RFC 7515 section 4.1.4). A
// credential without one says nothing.
type KeyID struct{}

// IdentitySources returns none: the credential is what counts.
func (KeyID) IdentitySources() []string { return nil }

// Select implements [Selector].
func (KeyID) Select(_ authz.Request, c authz.Credential) Hint {
	header, _, _ := unverified(c)
	if id, ok := header.String("kid"); ok {
		return Hint{ByKeyID, id}
	}
	return Hint{}
}

// Issuer selects by a token's iss (RFC 7519 section 4.1.1). A credential
// without one says nothing.
type Issuer struct{}

// IdentitySources returns none: the credential is what counts.
func (Issuer) IdentitySources() []string { return nil }

// Select implements [Selector].
func (Issuer) Select(_ authz.Request, c authz.Credential) Hint {
	_, claims, _ := unverified(c)
	if issuer, ok := claims.String("iss"); ok {
		return Hint{ByIssuer, issuer}
	}
	return Hint{}
}

// unverified reads a token; other credentials have neither header nor claims.
func unverified(c authz.Credential) (header, claims authz.Claims, err error) {
	if c.Scheme != authz.BearerScheme {
		return authz.Claims{}, authz.Claims{}, nil
	}
	return authz.UnverifiedJWT(c.Value())
}
