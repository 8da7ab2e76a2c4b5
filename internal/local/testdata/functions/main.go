// An API of another module whose functions have every option, and come from
// everywhere: from a folder, by an import path, the component's own, prebuilt, and
// from somebody else.
package main

import (
	"path/filepath"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

const (
	// probe is a package of this module by its import path.
	probe     = "example.com/functions/handlers/probe"
	secret    = "/functions/jwt-secret"
	parameter = "arn:aws:ssm:eu-west-1:000000000000:parameter" + secret
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		prebuilt, architecture := conf.Require("prebuilt"), conf.Require("architecture")
		existing, err := somebodyElses(ctx, filepath.Join(prebuilt, "code.zip"), architecture)
		if err != nil {
			return err
		}
		boundary, err := iam.NewPolicy(ctx, "boundary", &iam.PolicyArgs{
			Policy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`),
		})
		if err != nil {
			return err
		}
		failed, err := sqs.NewQueue(ctx, "failed", nil)
		if err != nil {
			return err
		}
		code := func(path, name string) components.FunctionArgs {
			return components.FunctionArgs{
				Code: &components.CodeArgs{Path: filepath.Join(prebuilt, path), Runtime: "provided.al2023"}, Name: name, Architecture: architecture,
			}
		}
		read := []components.StatementArgs{{Actions: []string{"ssm:GetParameter"}, Resources: []pulumi.StringInput{pulumi.String(parameter)}}}
		off := 0
		open := func(f components.FunctionArgs) components.Route {
			return components.Route{Function: f, Auth: components.Public}
		}
		api, err := components.NewProtectedHttpApi(ctx, "functions", &components.ProtectedHttpApiArgs{
			Authorizer:  components.AuthorizerArgs{SecretPath: pulumi.String(secret)},
			Authorizers: map[string]components.AuthorizerArgs{"gate": {Function: components.FunctionArgs{Arn: existing["gate"], Name: "gate"}}},
			Table: &components.TableArgs{
				HashKey:                "id",
				GlobalSecondaryIndexes: map[string]components.IndexArgs{"by-kind": {HashKey: "kind"}},
			},
			Defaults: components.FunctionDefaults{
				MemorySize:  256,
				Environment: map[string]pulumi.StringInput{"SHARED": pulumi.String("by all"), "PARAMETER": pulumi.String(secret)},
				Logging:     &components.LoggingArgs{RetentionDays: 7},
			},
			Routes: components.Routes{
				"GET /zip":       open(code("code.zip", "zip")),
				"GET /folder":    open(code("code", "folder")),
				"GET /package":   open(components.FunctionArgs{Package: probe, Name: "package", Statements: read}),
				"GET /denied":    open(components.FunctionArgs{Package: "./handlers/probe", Name: "denied", MemorySize: 512, Environment: map[string]pulumi.StringInput{"SHARED": pulumi.String("by one")}}),
				"GET /bounded":   open(components.FunctionArgs{Package: probe, Name: "bounded", Statements: read, PermissionsBoundary: boundary.Arn}),
				"GET /reader":    open(components.FunctionArgs{Package: probe, Name: "reader", TableActions: []string{components.Read}}),
				"GET /writer":    open(components.FunctionArgs{Package: probe, Name: "writer", TableActions: []string{components.Write}, IndexActions: map[string][]string{"by-kind": {components.Read}}}),
				"GET /off":       open(components.FunctionArgs{Package: probe, Name: "off", ReservedConcurrency: &off}),
				"GET /protected": {Function: components.FunctionArgs{Package: probe, Name: "protected"}},
				"GET /existing":  {Function: components.FunctionArgs{Arn: existing["handler"], Name: "existing"}, Auth: components.AuthorizedBy("gate")},
				"GET /surrounded": open(components.FunctionArgs{
					Package: probe, Name: "surrounded",
					Logging:          &components.LoggingArgs{Format: "JSON", ApplicationLevel: "WARN"},
					Layers:           []pulumi.StringInput{pulumi.String("arn:aws:lambda:eu-west-1:000000000000:layer:tools:3")},
					Vpc:              &components.VpcArgs{SubnetIds: []pulumi.StringInput{pulumi.String("subnet-1")}, SecurityGroupIds: []pulumi.StringInput{pulumi.String("sg-1")}},
					Tracing:          "Active",
					EphemeralStorage: 1024,
					DeadLetterArn:    failed.Arn,
				}),
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("functionNames", api.FunctionNames)
		ctx.Export("access", api.Access)
		return nil
	})
}

// somebodyElses makes functions that are none of the component's, and returns their
// ARNs.
func somebodyElses(ctx *pulumi.Context, zip, architecture string) (map[string]pulumi.StringOutput, error) {
	role, err := iam.NewRole(ctx, "others", &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		return nil, err
	}
	arns := map[string]pulumi.StringOutput{}
	for _, act := range []string{"gate", "handler"} {
		function, err := lambda.NewFunction(ctx, "others-"+act, &lambda.FunctionArgs{
			Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"), Code: pulumi.NewFileArchive(zip),
			Architectures: pulumi.StringArray{pulumi.String(architecture)},
			Environment:   lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{"ACT": pulumi.String(act)}},
		})
		if err != nil {
			return nil, err
		}
		arns[act] = function.Arn
	}
	return arns, nil
}
