// An API of another module whose authorizer's answers API Gateway keeps by
// whatever identity sources a test says.
package main

import (
	"strings"
	"time"

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
		var sources []components.IdentitySource
		for source := range strings.SplitSeq(conf.Require("identitySources"), ",") {
			sources = append(sources, components.IdentitySource(source))
		}
		whoami := components.FunctionArgs{Package: "./handlers/whoami"}
		api, err := components.NewProtectedHttpApi(ctx, "accounts", &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function:        components.FunctionArgs{Package: "./handlers/authorizer"},
				SecretPath:      pulumi.String(conf.Require("secretPath")),
				CacheTtl:        ttl,
				IdentitySources: sources,
			},
			Routes: components.Routes{
				"GET /chain":     {Function: whoami},
				"GET /routes":    {Function: whoami},
				"DELETE /routes": {Function: whoami},
				"GET /counted":   {Function: whoami},
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
