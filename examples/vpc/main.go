// An API whose handlers reach a PostgreSQL database of RDS within a VPC, both of which
// are there already. They sign in to it as their role, without a password. The
// authorizer stays outside: it needs SSM only, which it would not reach from a VPC
// without an endpoint or a NAT gateway.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

const databaseUser = "orders"

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	conf := config.New(ctx, "")
	var subnets, groups []string
	conf.RequireObject("subnetIds", &subnets)
	conf.RequireObject("securityGroupIds", &groups)
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return err
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{})
	if err != nil {
		return err
	}
	api, err := components.NewProtectedHttpApi(ctx, "orders", &components.ProtectedHttpApiArgs{
		Authorizer: components.AuthorizerArgs{SecretPath: pulumi.String("/vpc/" + ctx.Stack() + "/jwt-secret")},
		Routes: components.Routes{
			"GET /orders": {Function: components.FunctionArgs{
				Package: "./handlers/orders",
				Environment: map[string]pulumi.StringInput{
					"DATABASE_HOST": pulumi.String(conf.Require("databaseHost")), "DATABASE_USER": pulumi.String(databaseUser),
				},
				Vpc: &components.VpcArgs{SubnetIds: inputs(subnets), SecurityGroupIds: inputs(groups)},
				Statements: []components.StatementArgs{{
					Actions: []string{"rds-db:connect"},
					Resources: []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:aws:rds-db:%s:%s:dbuser:%s/%s",
						region.Name, caller.AccountId, conf.Require("databaseResourceId"), databaseUser))},
				}},
			}},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("access", api.Access)
	ctx.Export("functionNames", api.FunctionNames)
	return nil
}

func inputs(values []string) []pulumi.StringInput {
	var list []pulumi.StringInput
	for _, value := range values {
		list = append(list, pulumi.String(value))
	}
	return list
}
