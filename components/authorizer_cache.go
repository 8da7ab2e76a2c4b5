package components

import (
	"fmt"
	"slices"
	"time"
)

// CheckCacheTtl returns an error that names the value and what is allowed,
// unless ttl may be AuthorizerArgs.CacheTtl: 0s to 1h, whole seconds.
func CheckCacheTtl(ttl time.Duration) error {
	if ttl < 0 || ttl > maxCacheTtl {
		return fmt.Errorf("%v is out of range: 0s to 1h", ttl)
	}
	return checkWholeSeconds(ttl)
}

// maxCacheTtl is API Gateway's (API Gateway API reference, CreateAuthorizer,
// authorizerResultTtlInSeconds).
const maxCacheTtl = time.Hour

// checkCaching checks the TTL and the identity sources, whose values are the
// key of a cached result. It refuses a TTL with every argument that a reused
// result would defeat.
func (c *checker) checkCaching(a *authorizerPlan) {
	args, property := a.args, a.property+".CacheTtl"
	c.add(property, CheckCacheTtl(args.CacheTtl))
	if args.CacheTtl > 0 && a.methods == nil {
		c.checkCacheKey(a)
		if args.ApiKeys != nil && args.ApiKeys.Quotas {
			c.addf(property, "%v is not possible with ApiKeys.Quotas: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out Quotas", args.CacheTtl)
		}
		signature := slices.IndexFunc(args.IdentitySources, func(source IdentitySource) bool {
			return source.same(signatureSource) || source.same(signatureInputSource)
		})
		switch {
		case args.ReplayProtection:
			c.addf(property, "%v is not possible with ReplayProtection: a cached result would let the same signed request in again: set it to 0s, or leave out ReplayProtection", args.CacheTtl)
		case signature >= 0:
			c.addf(property, "%v is not possible with the identity source %q: a signature is for one request, and a cached result would let others in with it: set it to 0s", args.CacheTtl, string(args.IdentitySources[signature]))
		}
	}
	if args.CacheTtl > 0 {
		if permission, key := a.pathPermission(); permission != "" {
			c.addf(property, "%v is not possible with the permission %q of Routes[%q]: it depends on the path, and a result would be reused on all paths of the route: set it to 0s, or have the route's function check the permission",
				args.CacheTtl, permission, key)
		}
	}
}

// checkCacheKey refuses a cache whose results all callers would share.
func (c *checker) checkCacheKey(a *authorizerPlan) {
	args, property := a.args, a.property+".IdentitySources"
	switch {
	case len(args.IdentitySources) == 0:
		c.addf(property, "at least one is required for a CacheTtl of %v: results are kept by identity source", args.CacheTtl)
	case !slices.ContainsFunc(args.IdentitySources, mayHoldCredential):
		c.addf(property, "none of %s can be a credential, and with a CacheTtl of %v one caller's result would be another's: add the one that the credential is in", quoted(sourceNames(args.IdentitySources)), args.CacheTtl)
	}
}

// identitySources returns the authorizer's identity sources. API Gateway keeps
// a result by their values alone, and reuses it on all routes. Where routes
// require different permissions it must not, and so the route key becomes one
// of the sources (API Gateway developer guide, "Control access to HTTP APIs
// with AWS Lambda authorizers").
func (a *authorizerPlan) identitySources() []IdentitySource {
	sources := slices.Clone(a.args.IdentitySources)
	if a.args.CacheTtl > 0 && a.requiresPermissions() && !slices.Contains(sources, routeKeySource) {
		sources = append(sources, routeKeySource)
	}
	return sources
}
