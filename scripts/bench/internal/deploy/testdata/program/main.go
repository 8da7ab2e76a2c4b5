// The program is an HTTP API with as many public routes as one likes, by the component or
// by plain resources: the same ones, written out.
package main

import (
	"fmt"
	"runtime"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

// most is how many functions the routes have together.
const most = 100

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		if conf.RequireBool("plain") {
			return plain(ctx, conf.RequireInt("routes"), conf.Require("archive"))
		}
		return component(ctx, conf.RequireInt("routes"))
	})
}

func path(i int) string { return fmt.Sprintf("GET /things/%d", i) }

func name(i int) string { return fmt.Sprintf("thing-%d", i%most) }

func component(ctx *pulumi.Context, routes int) error {
	args := &components.ProtectedHttpApiArgs{Routes: components.Routes{}}
	for i := range routes {
		args.Routes[path(i)] = components.Route{Auth: components.Public, Function: components.FunctionArgs{Package: "./handlers/thing", Name: name(i)}}
	}
	api, err := components.NewProtectedHttpApi(ctx, "things", args)
	if err != nil {
		return err
	}
	ctx.Export("url", api.Url)
	return nil
}

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`

func plain(ctx *pulumi.Context, routes int, archive string) error {
	api, err := apigatewayv2.NewApi(ctx, "things", &apigatewayv2.ApiArgs{ProtocolType: pulumi.String("HTTP")})
	if err != nil {
		return err
	}
	var integrations []*apigatewayv2.Integration
	for i := range min(routes, most) {
		integration, err := function(ctx, api, name(i), archive)
		if err != nil {
			return err
		}
		integrations = append(integrations, integration)
	}
	for i := range routes {
		_, err := apigatewayv2.NewRoute(ctx, fmt.Sprint("things-", i), &apigatewayv2.RouteArgs{
			ApiId: api.ID(), RouteKey: pulumi.String(path(i)), Target: pulumi.Sprintf("integrations/%s", integrations[i%most].ID()),
		})
		if err != nil {
			return err
		}
	}
	log, err := cloudwatch.NewLogGroup(ctx, "access", &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(30)})
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewStage(ctx, "things", &apigatewayv2.StageArgs{
		ApiId: api.ID(), Name: pulumi.String("$default"), AutoDeploy: pulumi.Bool(true),
		AccessLogSettings: &apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: log.Arn, Format: pulumi.String(`{"requestId":"$context.requestId"}`)},
	})
	if err != nil {
		return err
	}
	ctx.Export("url", api.ApiEndpoint)
	return nil
}

func function(ctx *pulumi.Context, api *apigatewayv2.Api, name, archive string) (*apigatewayv2.Integration, error) {
	log, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{Name: pulumi.String("/aws/lambda/" + name), RetentionInDays: pulumi.Int(30)})
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust)})
	if err != nil {
		return nil, err
	}
	_, err = iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"%s:*"}]}`, log.Arn)})
	if err != nil {
		return nil, err
	}
	architecture := "x86_64"
	if runtime.GOARCH == "arm64" {
		architecture = "arm64"
	}
	function, err := lambda.NewFunction(ctx, name, &lambda.FunctionArgs{
		Name: pulumi.String(name), Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"), Architectures: pulumi.StringArray{pulumi.String(architecture)},
		Role: role.Arn, Code: pulumi.NewFileArchive(archive),
	}, pulumi.DependsOn([]pulumi.Resource{log}))
	if err != nil {
		return nil, err
	}
	_, err = lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action: pulumi.String("lambda:InvokeFunction"), Function: function.Name, Principal: pulumi.String("apigateway.amazonaws.com"), SourceArn: pulumi.Sprintf("%s/*/*/*", api.ExecutionArn),
	})
	if err != nil {
		return nil, err
	}
	return apigatewayv2.NewIntegration(ctx, name, &apigatewayv2.IntegrationArgs{
		ApiId: api.ID(), IntegrationType: pulumi.String("AWS_PROXY"), IntegrationUri: function.InvokeArn, PayloadFormatVersion: pulumi.String("2.0"),
	})
}
