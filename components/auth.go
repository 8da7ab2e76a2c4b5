package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Auth is how a route is protected: Protected, Public, Iam, or what AuthorizedBy
// or Jwt returns. The zero value is Protected.
type Auth string

const (
	// Protected routes are for callers whom ProtectedHttpApiArgs.Authorizer lets in.
	Protected Auth = ""
	// Public routes are open to everybody.
	Public Auth = "public"
	// Iam routes are for callers who sign their requests as requests to AWS are
	// signed, and whose policies allow them execute-api:Invoke on the route (API
	// Gateway developer guide, "Control access to HTTP APIs with IAM
	// authorization").
	Iam Auth = "iam"
)

const authorizerPrefix, jwtPrefix = "authorizer:", "jwt:"

// AuthorizedBy protects a route with one of ProtectedHttpApiArgs.Authorizers.
func AuthorizedBy(authorizer string) Auth { return Auth(authorizerPrefix + authorizer) }

// Jwt protects a route with API Gateway's own JWT authorizer, which accepts the
// tokens of one of ProtectedHttpApiArgs.JwtIssuers. It runs no function.
func Jwt(issuer string) Auth { return Auth(jwtPrefix + issuer) }

// checkAuth finds what protects a route.
func (c *checker) checkAuth(property string, r *routePlan, route Route) {
	r.auth = route.Auth
	name, isAuthorizer := strings.CutPrefix(string(route.Auth), authorizerPrefix)
	issuer, isJwt := strings.CutPrefix(string(route.Auth), jwtPrefix)
	switch {
	case route.Auth == Protected:
		r.authorizer = c.defaultAuthorizer
	case isAuthorizer:
		if r.authorizer = c.plan.authorizer(name); r.authorizer == nil || name == "" {
			c.addf(property+".Auth", "Authorizers has no %q: %s", name, hasNames(slices.Sorted(maps.Keys(c.args.Authorizers))))
		}
	case isJwt:
		if r.issuer = c.plan.issuer(issuer); r.issuer == nil {
			c.addf(property+".Auth", "JwtIssuers has no %q: %s", issuer, hasNames(slices.Sorted(maps.Keys(c.args.JwtIssuers))))
		}
	case route.Auth != Public && route.Auth != Iam:
		c.addf(property+".Auth", "%q is not known: leave it empty for a protected route, or use Public, Iam, AuthorizedBy or Jwt", string(route.Auth))
	}
	if r.authorizer != nil {
		r.authorizer.routes = append(r.authorizer.routes, r)
	}
	if r.issuer != nil {
		r.issuer.used = true
	}
}

// hasNames says which names there are.
func hasNames(names []string) string {
	if len(names) == 0 {
		return "it is empty"
	}
	return "it has " + quoted(names)
}

// describe says for people what protects a route.
func (r *routePlan) describe() string {
	switch {
	case r.authorizer != nil && r.authorizer.name != "":
		return fmt.Sprintf("Lambda authorizer %q", r.authorizer.name)
	case r.authorizer != nil:
		return "Lambda authorizer"
	case r.issuer != nil && len(r.scopes) > 0:
		return fmt.Sprintf("JWT of %q with scope %s", r.issuer.name, strings.Join(r.scopes, " or "))
	case r.issuer != nil:
		return fmt.Sprintf("JWT of %q", r.issuer.name)
	case r.auth == Iam:
		return "IAM"
	}
	return string(r.auth)
}
