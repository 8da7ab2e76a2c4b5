// An API of another module that uses the component, and can break one of its
// grants on purpose.
package main

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		ttl, err := time.ParseDuration(conf.Require("authorizerTtl"))
		if err != nil {
			return err
		}
		list := components.FunctionArgs{Package: "./handlers/listorders", Name: conf.Require("listName")}
		create := components.FunctionArgs{Package: "./handlers/createorder", Name: "create-order"}
		if conf.RequireBool("keepNames") {
			group, err := cloudwatch.NewLogGroup(ctx, "orders-logs", nil)
			if err != nil {
				return err
			}
			for _, f := range []*components.FunctionArgs{&list, &create} {
				f.Naming = &components.NamingArgs{AutoName: true}
				f.Logging = &components.LoggingArgs{Group: group.Name}
			}
		}
		api, err := components.NewProtectedHttpApi(ctx, conf.Require("component"), &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function: components.FunctionArgs{
					Package:     "./handlers/authorizer",
					Environment: map[string]pulumi.StringInput{"ANSWERS": pulumi.String(conf.Require("answers"))},
				},
				SecretPath: pulumi.String(conf.Require("secretPath")),
				CacheTtl:   ttl,
				Secrets:    &components.SecretsArgs{Delivery: components.SecretDelivery(conf.Require("secretDelivery"))},
			},
			Routes: components.Routes{
				"GET /orders":  {Function: list, Auth: components.Public},
				"POST /orders": {Function: create, Permissions: []string{"orders:write"}},
				"PUT /orders":  {Function: create, Permissions: []string{"orders:replace"}},
			},
		}, pulumi.Transformations([]pulumi.ResourceTransformation{breakGrant(conf.Require("mistake")), answer(conf.Require("answers"))}))
		if err != nil {
			return err
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("functionNames", api.FunctionNames)
		ctx.Export("access", api.Access)
		return nil
	})
}

// answer has the authorizer receive events of format 1.0, which knows policies
// only, where answers is "policies".
func answer(answers string) pulumi.ResourceTransformation {
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if props, ok := args.Props.(*apigatewayv2.AuthorizerArgs); ok && answers == "policies" {
			props.AuthorizerPayloadFormatVersion = pulumi.String("1.0")
			props.EnableSimpleResponses = pulumi.Bool(false)
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
}

// breakGrant changes a grant so that it allows something else.
func breakGrant(mistake string) pulumi.ResourceTransformation {
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		switch props := args.Props.(type) {
		case *iam.RolePolicyArgs:
			if mistake == "parameter" && strings.Contains(args.Name, "authorizer") {
				props.Policy = props.Policy.(pulumi.StringInput).ToStringOutput().ApplyT(func(policy string) string {
					return strings.ReplaceAll(policy, "ssm:GetParameter", "ssm:DescribeParameters")
				}).(pulumi.StringOutput)
			}
		case *lambda.PermissionArgs:
			if mistake == "authorizer" && strings.Contains(args.Name, "authorizer") ||
				mistake == "handler" && strings.Contains(args.Name, "create-order") {
				props.Principal = pulumi.String("events.amazonaws.com")
			}
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
}
