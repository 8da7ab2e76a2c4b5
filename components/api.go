package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What each route of the stage lets through: half of what an account's APIs in a
// Region may have together by default (API Gateway developer guide, "Throttle
// requests to your HTTP APIs", 10,000 requests a second with bursts of 5,000), so
// that requests to one route cannot take everything from the account's other
// APIs. Where an account has less than this, its own limit comes first.
const (
	throttlingRate  = 5_000 // requests a second
	throttlingBurst = 2_500 // requests at once
)

// createApi makes the API and the stage that serves every route as soon as it
// is there.
func (c *ProtectedHttpApi) createApi(ctx *pulumi.Context, p *plan) (err error) {
	c.Api, err = apigatewayv2.NewApi(ctx, apiLogicalNames.of(p.name, "api"), &apigatewayv2.ApiArgs{
		ProtocolType: pulumi.String("HTTP"),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.Stage, err = apigatewayv2.NewStage(ctx, p.name+"-stage", &apigatewayv2.StageArgs{
		ApiId:      c.Api.ID(),
		Name:       pulumi.String("$default"),
		AutoDeploy: pulumi.Bool(true),
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit:    pulumi.Float64(throttlingRate),
			ThrottlingBurstLimit:   pulumi.Int(throttlingBurst),
			DetailedMetricsEnabled: p.detailedMetrics(),
		},
	}, pulumi.Parent(c))
	return err
}
