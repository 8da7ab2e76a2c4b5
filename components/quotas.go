package components

import "cmp"

// QuotasArgs are quotas that AWS has raised for the API. Only what AWS raises is
// here (API Gateway developer guide, "Quotas for configuring and running an HTTP
// API").
type QuotasArgs struct {
	// Routes is how many routes the API may have. Defaults to 300.
	Routes int
	// Authorizers is how many authorizers the API may have: Lambda authorizers and
	// JwtIssuers together. Defaults to 10.
	Authorizers int
}

// API Gateway's quotas for one API, those that AWS raises first.
const (
	maxRoutes       = 300
	maxAuthorizers  = 10
	maxIntegrations = 300
	maxScopes       = 10
	maxAudiences    = 50
)

// checkQuotas refuses what API Gateway would not take any more in the middle of a
// deployment.
func (c *checker) checkQuotas() {
	for _, quota := range []struct {
		property, name, things string
		has, raised, usual     int
	}{
		{"Routes", "Routes per API", "routes", len(c.plan.routes), c.args.Quotas.Routes, maxRoutes},
		{"Authorizers", "Authorizers per API", "authorizers, JwtIssuers among them,", len(c.plan.authorizers) + len(c.plan.issuers), c.args.Quotas.Authorizers, maxAuthorizers},
	} {
		if quota.raised != 0 && quota.raised < quota.usual {
			c.addf("Quotas."+quota.property, "%d is less than every API has: leave it out for %d, or give what AWS has raised it to", quota.raised, quota.usual)
		} else if allowed := cmp.Or(quota.raised, quota.usual); quota.has > allowed {
			c.addf(quota.property, "%d %s are more than AWS's quota %q, %d: divide the API between two components, or have AWS raise the quota and give the new one as Quotas.%s",
				quota.has, quota.things, quota.name, allowed, quota.property)
		}
	}
	if integrations := len(c.plan.handlers()); integrations > maxIntegrations {
		c.addf("Routes", "%d functions are more than AWS's quota %q, %d, which it does not raise: have routes share functions, or divide the API between two components",
			integrations, "Integrations per API", maxIntegrations)
	}
}
