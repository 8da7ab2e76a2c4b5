// Two APIs of one program, an open one and a protected one, and no output: what
// deploys them has to find them by itself.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		var db struct{ Host, Password string }
		if _, err := conf.TrySecretObject("db", &db); err != nil {
			return err
		}
		if db.Host != "db.example" || db.Password == "" {
			return fmt.Errorf("the configuration has not arrived: the host is %q", db.Host)
		}
		conf.RequireSecret("apiToken")
		network, err := pulumi.NewStackReference(ctx, "acme/network/prod", nil)
		if err != nil {
			return err
		}
		list := components.FunctionArgs{Package: "./handlers/list", Name: "list"}
		_, err = components.NewProtectedHttpApi(ctx, "shop", &components.ProtectedHttpApiArgs{
			Routes: components.Routes{"GET /items": {Function: list, Auth: components.Public}},
		})
		if err != nil {
			return err
		}
		_, err = components.NewProtectedHttpApi(ctx, "admin", &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
				SecretPath: pulumi.String(conf.Require("secretPath")),
				Secrets:    &components.SecretsArgs{Delivery: components.DeliverInEnvironment},
			},
			Routes: components.Routes{"GET /users": {Function: list, Permissions: []string{"users:read"}}},
		})
		if err != nil {
			return err
		}
		return raw(ctx, network)
	})
}

// raw deploys a function whose code is a file of the program, by a relative path.
// It uses the outputs of another stack, a secret one among them.
func raw(ctx *pulumi.Context, network *pulumi.StackReference) error {
	role, err := iam.NewRole(ctx, "raw", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return err
	}
	_, err = lambda.NewFunction(ctx, "raw", &lambda.FunctionArgs{
		Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
		Code:        pulumi.NewFileArchive("raw.zip"),
		Description: network.GetStringOutput(pulumi.String("zone")),
		Environment: &lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{"PASSWORD": network.GetStringOutput(pulumi.String("password"))}},
	})
	return err
}
