package components

import (
	"math"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ThrottlingArgs limits how many requests API Gateway lets through to one route. It
// answers 429 to the others, without asking an authorizer. AWS aims at the limits and
// does not promise them, and an account's own limit comes first (API Gateway developer
// guide, "Throttle requests to your HTTP APIs").
type ThrottlingArgs struct {
	// Rate is how many requests a second there may be for long. Defaults to what the
	// stage has, and for the stage to 5000.
	Rate float64
	// Burst is how many requests there may be at once. Defaults to what the stage
	// has, and for the stage to 2500.
	Burst int
}

// What each route of the stage lets through: half of what an account's APIs in a
// Region may have together by default (API Gateway developer guide, "Throttle
// requests to your HTTP APIs", 10,000 requests a second with bursts of 5,000), so
// that requests to one route cannot take everything from the account's other
// APIs. Where an account has less than this, its own limit comes first.
var defaultThrottling = ThrottlingArgs{Rate: 5_000, Burst: 2_500}

// or returns the limits, and those of others where they are left out.
func (t ThrottlingArgs) or(others ThrottlingArgs) ThrottlingArgs {
	if t.Rate == 0 {
		t.Rate = others.Rate
	}
	if t.Burst == 0 {
		t.Burst = others.Burst
	}
	return t
}

func (c *checker) checkThrottling(property string, t ThrottlingArgs) {
	if t.Rate < 0 || math.IsNaN(t.Rate) || math.IsInf(t.Rate, 0) {
		c.addf(property+".Rate", "%v is no number of requests a second: give a positive one, or leave it out", t.Rate)
	}
	if t.Burst < 0 {
		c.addf(property+".Burst", "%d is no number of requests: give a positive one, or leave it out", t.Burst)
	}
}

// checkRouteThrottling returns the limits of a route, whole: AWS's provider sends 0,
// which lets nothing through, for the one that is left out beside the other.
func (c *checker) checkRouteThrottling(property string, t *ThrottlingArgs) *ThrottlingArgs {
	if t == nil {
		return nil
	}
	c.checkThrottling(property, *t)
	if *t == (ThrottlingArgs{}) {
		c.addf(property, "has neither Rate nor Burst: set one of them, or leave it out")
	}
	whole := t.or(c.plan.throttling)
	return &whole
}

// routeSettings are the settings of the routes that have limits of their own. They
// take the place of all of the stage's, and so repeat what is not theirs.
func (p *plan) routeSettings() apigatewayv2.StageRouteSettingArray {
	var settings apigatewayv2.StageRouteSettingArray
	for _, r := range p.routes {
		if r.throttling == nil {
			continue
		}
		settings = append(settings, apigatewayv2.StageRouteSettingArgs{
			RouteKey:               pulumi.String(r.key.String()),
			ThrottlingRateLimit:    pulumi.Float64(r.throttling.Rate),
			ThrottlingBurstLimit:   pulumi.Int(r.throttling.Burst),
			DetailedMetricsEnabled: p.detailedMetrics(),
		})
	}
	return settings
}
