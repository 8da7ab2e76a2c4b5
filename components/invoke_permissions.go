package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createInvokePermissions lets API Gateway invoke the functions for this API,
// with one statement for each function: with one for each route, a function of
// many routes would reach Lambda's limit for its policy, 20 KB.
func (c *ProtectedHttpApi) createInvokePermissions(ctx *pulumi.Context, p *plan) error {
	c.InvokePermissions = map[string]*lambda.Permission{}
	for _, f := range p.handlers() {
		source := pulumi.Sprintf("%s/*/%s", c.Api.ExecutionArn, f.sourcePattern())
		if err := c.allowInvoke(ctx, f, source); err != nil {
			return err
		}
	}
	for _, a := range p.authorizers {
		// API Gateway developer guide, "Control access to HTTP APIs with AWS Lambda
		// authorizers".
		source := pulumi.Sprintf("%s/authorizers/%s", c.Api.ExecutionArn, c.Authorizers[a.name].Authorizer.ID())
		if err := c.allowInvoke(ctx, a.function, source); err != nil {
			return err
		}
	}
	return nil
}

func (c *ProtectedHttpApi) allowInvoke(ctx *pulumi.Context, f *functionPlan, source pulumi.StringOutput) error {
	function, qualifier := c.invoked(f)
	permission, err := lambda.NewPermission(ctx, f.logicalName, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  function,
		Qualifier: qualifier,
		Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: source,
	}, pulumi.Parent(c))
	c.InvokePermissions[f.args.Name] = permission
	return err
}

// sourcePattern returns the part of the source ARN that follows the stage: the
// one route that the function has, or all of the API. The stage itself is left
// open, as the AWS console does it: the API has no other than the component's.
func (f *functionPlan) sourcePattern() string {
	if len(f.routes) == 1 {
		return f.routes[0].SourcePattern()
	}
	return "*"
}
