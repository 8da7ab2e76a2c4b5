package components

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// identitySource matches what API Gateway lets an identity source be (API
// Gateway developer guide, "Control access to HTTP APIs with AWS Lambda
// authorizers").
var identitySource = regexp.MustCompile(`^\$(request\.(header|querystring)|context|stageVariables)\.[^\s,]+$`)

// signatureSource is where the signature of a request is (RFC 9421 section 4.2),
// and signatureInputSource where its nonce is (section 4.1).
const signatureSource, signatureInputSource = "$request.header.Signature", "$request.header.Signature-Input"

// routeKeySource is the identity source with which API Gateway keeps a result
// for each route.
const routeKeySource = "$context.routeKey"

// checkCaching checks the TTL and the identity sources, whose values are the
// key of a cached result. It refuses a TTL with every argument that a reused
// result would defeat.
func (c *checker) checkCaching(args AuthorizerArgs) {
	const property = "Authorizer.CacheTtl"
	c.add(property, CheckCacheTtl(args.CacheTtl))
	if args.CacheTtl > 0 {
		c.checkCacheKey(args)
		if args.ApiKeys != nil && args.ApiKeys.Quotas {
			c.addf(property, "%v is not possible with ApiKeys.Quotas: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out Quotas", args.CacheTtl)
		}
		signature := slices.IndexFunc(args.IdentitySources, func(source string) bool {
			return strings.EqualFold(source, signatureSource) || strings.EqualFold(source, signatureInputSource)
		})
		switch {
		case args.ReplayProtection:
			c.addf(property, "%v is not possible with ReplayProtection: a cached result would let the same signed request in again: set it to 0s, or leave out ReplayProtection", args.CacheTtl)
		case signature >= 0:
			c.addf(property, "%v is not possible with the identity source %q: a signature is for one request, and a cached result would let others in with it: set it to 0s", args.CacheTtl, args.IdentitySources[signature])
		}
		if permission, key := c.plan.pathPermission(); permission != "" {
			c.addf(property, "%v is not possible with the permission %q of Routes[%q]: it depends on the path, and a result would be reused on all paths of the route: set it to 0s, or have the route's function check the permission",
				args.CacheTtl, permission, key)
		}
	}
	for i, source := range args.IdentitySources {
		property := fmt.Sprintf("Authorizer.IdentitySources[%d]", i)
		switch {
		case !identitySource.MatchString(source):
			c.addf(property, "%q is not one of $request.header.NAME, $request.querystring.NAME, $context.NAME, $stageVariables.NAME", source)
		case slices.Contains(args.IdentitySources[:i], source):
			c.addf(property, "%q occurs twice", source)
		}
	}
}

// checkCacheKey refuses a cache whose results all callers would share.
func (c *checker) checkCacheKey(args AuthorizerArgs) {
	const property = "Authorizer.IdentitySources"
	switch {
	case len(args.IdentitySources) == 0:
		c.addf(property, "at least one is required for a CacheTtl of %v: results are kept by identity source", args.CacheTtl)
	case !slices.ContainsFunc(args.IdentitySources, mayHoldCredential):
		c.addf(property, "none of %s can be a credential, and with a CacheTtl of %v one caller's result would be another's: add the one that the credential is in", quoted(args.IdentitySources), args.CacheTtl)
	}
}

// mayHoldCredential reports whether a caller can prove something with the value of
// an identity source: with a query parameter, a client's certificate, or any header
// but those that say something else. A client's address is shared by many.
func mayHoldCredential(source string) bool {
	source = strings.ToLower(source)
	header, isHeader := strings.CutPrefix(source, "$request.header.")
	return isHeader && !noCredential.MatchString(header) ||
		strings.HasPrefix(source, "$request.querystring.") || strings.HasPrefix(source, "$context.identity.clientcert.")
}

// noCredential matches headers whose meaning is another (HTTP Field Name Registry
// of RFC 9110 section 18.4, and what proxies and API Gateway add).
var noCredential = regexp.MustCompile(`^(accept|accept-.+|cache-control|connection|content-.+|date|expect|forwarded|from|host|if-.+|max-forwards|` +
	`origin|pragma|prefer|range|referer|sec-.+|te|trailer|transfer-encoding|upgrade|user-agent|via|x-amzn-trace-id|x-forwarded-.+|x-real-ip|x-request-id)$`)

// identitySources returns the authorizer's identity sources. API Gateway keeps
// a result by their values alone, and reuses it on all routes. Where routes
// require different permissions it must not, and so the route key becomes one
// of the sources (API Gateway developer guide, "Control access to HTTP APIs
// with AWS Lambda authorizers").
func (p *plan) identitySources(args AuthorizerArgs) []string {
	sources := slices.Clone(args.IdentitySources)
	if args.CacheTtl > 0 && p.requiresPermissions() && !slices.Contains(sources, routeKeySource) {
		sources = append(sources, routeKeySource)
	}
	return sources
}
