package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

// functions is how many functions the routes have together.
const functions = 100

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		folder := "./handlers/" + conf.Require("folder")
		routes := components.Routes{"GET /echo": {
			Auth:     components.Public,
			Function: components.FunctionArgs{Package: folder, TableActions: []string{"dynamodb:GetItem"}},
		}}
		for i := range conf.RequireInt("routes") {
			routes[fmt.Sprintf("GET /things/%d/{id}", i)] = components.Route{
				Function:    components.FunctionArgs{Package: "./handlers/echo", Name: fmt.Sprintf("thing-%d", i%functions)},
				Permissions: []string{fmt.Sprintf("things-%d:read", i)},
			}
		}
		api, err := components.NewProtectedHttpApi(ctx, "things", &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
				SecretPath: pulumi.String("/things/jwt-secret"),
			},
			Routes: routes,
			Table:  &components.TableArgs{HashKey: "pk"},
		}, pulumi.Transforms([]pulumi.ResourceTransform{change}))
		if err != nil {
			return err
		}
		if conf.GetBool("fails") {
			// Some of the children are there then, and others are not.
			return errors.New("the program fails")
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("functionNames", api.FunctionNames)
		ctx.Export("tableName", api.TableName)
		ctx.Export("roleArn", api.Roles["authorizer"].Arn)
		ctx.Export("policyId", api.RolePolicies["authorizer"].ID())
		ctx.Export("logGroup", api.LogGroups["authorizer"].Name)
		ctx.Export("target", api.Integrations["thing-0"].ID())
		return nil
	})
}

// change changes children of the component: one by its name, others by their type,
// and all of them.
func change(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	switch {
	case args.Type == "aws:lambda/function:Function" && args.Name == "things-thing-1":
		args.Props["memorySize"] = pulumi.Int(256)
	case args.Type == "aws:iam/role:Role":
		args.Props["path"] = pulumi.String("/things/")
	case args.Type == "aws:apigatewayv2/stage:Stage":
		args.Props["stageVariables"] = pulumi.StringMap{"release": pulumi.String("blue")}
	case args.Type == "aws:dynamodb/table:Table":
		args.Props["ttl"] = pulumi.Map{"attributeName": pulumi.String("expiresAt"), "enabled": pulumi.Bool(true)}
	}
	if args.Custom {
		args.Opts.CustomTimeouts = &pulumi.CustomTimeouts{Create: "7m"}
	}
	return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
}
