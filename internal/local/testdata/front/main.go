// An API of another module for web pages, with a domain, a stage and limits of its own.
package main

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		echo := components.FunctionArgs{Package: "./handlers/echo"}
		broken := components.FunctionArgs{Package: "./handlers/broken"}
		args := &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
				SecretPath: pulumi.String("/front/jwt-secret"),
				CacheTtl:   time.Minute,
			},
			Authorizers: map[string]components.AuthorizerArgs{
				"failing": {Function: components.FunctionArgs{Package: "./handlers/broken", Name: "failing"}},
			},
			Routes: components.Routes{
				"GET /open":       {Function: echo, Auth: components.Public},
				"GET /broken":     {Function: broken, Auth: components.Public},
				"GET /closed":     {Function: echo},
				"GET /failing":    {Function: echo, Auth: components.AuthorizedBy("failing")},
				"GET /iam":        {Function: echo, Auth: components.Iam},
				"ANY /items/{id}": {Function: echo},
				"$default":        {Function: echo},
			},
			Cors: &components.CorsArgs{
				AllowOrigins:     []pulumi.StringInput{pulumi.String("https://app.example.com")},
				ExposeHeaders:    []string{"ETag"},
				AllowCredentials: true,
				MaxAge:           time.Hour,
			},
			Throttling: components.ThrottlingArgs{Rate: 100, Burst: 50},
			AccessLogs: components.AccessLogsArgs{RetentionDays: 7, Fields: map[string]string{"userAgent": "$context.identity.userAgent"}},
			Stage: components.StageArgs{
				Name:      conf.Require("stage"),
				Variables: map[string]pulumi.StringInput{"tenant": pulumi.String("acme")},
			},
			Tags: map[string]string{"team": "front"},
		}
		if limited := conf.RequireInt("limited"); limited > 0 {
			args.Routes["GET /limited"] = components.Route{Function: echo, Auth: components.Public,
				Throttling: &components.ThrottlingArgs{Rate: 0.001, Burst: limited}}
		}
		if name := conf.Require("domain"); name != "none" {
			args.Domain = &components.DomainArgs{
				Name:           name,
				CertificateArn: pulumi.String("arn:aws:acm:eu-west-1:000000000000:certificate/5b7a0f1e-0000-4000-8000-000000000000"),
				BasePath:       "shop",
				HostedZoneId:   pulumi.String("Z0123456789ABCDEFGHIJ"),
			}
		}
		api, err := components.NewProtectedHttpApi(ctx, "front", args)
		if err != nil {
			return err
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("functionNames", api.FunctionNames)
		ctx.Export("access", api.Access)
		ctx.Export("accessLogGroup", api.AccessLogGroup.Name)
		return nil
	})
}
