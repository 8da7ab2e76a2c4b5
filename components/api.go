package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createApi makes the API.
func (c *ProtectedHttpApi) createApi(ctx *pulumi.Context, p *plan) (err error) {
	args := &apigatewayv2.ApiArgs{
		ProtocolType: pulumi.String("HTTP"),
		Tags:         p.tagInputs(),
	}
	if p.cors != nil {
		args.CorsConfiguration = p.cors.configuration()
	}
	if p.domain != nil && !p.domain.KeepDefaultEndpoint {
		args.DisableExecuteApiEndpoint = pulumi.Bool(true)
	}
	c.Api, err = apigatewayv2.NewApi(ctx, apiLogicalNames.of(p.name, "api"), args, pulumi.Parent(c))
	return err
}
