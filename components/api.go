package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createApi makes the API and the stage that serves every route as soon as it
// is there.
func (c *ProtectedHttpApi) createApi(ctx *pulumi.Context, p *plan) (err error) {
	c.Api, err = apigatewayv2.NewApi(ctx, p.name+"-api", &apigatewayv2.ApiArgs{
		ProtocolType: pulumi.String("HTTP"),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.Stage, err = apigatewayv2.NewStage(ctx, p.name+"-stage", &apigatewayv2.StageArgs{
		ApiId:      c.Api.ID(),
		Name:       pulumi.String("$default"),
		AutoDeploy: pulumi.Bool(true),
	}, pulumi.Parent(c))
	return err
}
