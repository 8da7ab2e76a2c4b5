// An API of another module whose callers belong to tenants: each tenant is a
// parameter of Systems Manager with keys and rules of its own.
package main

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		ttl, err := time.ParseDuration(config.New(ctx, "").Require("authorizerTtl"))
		if err != nil {
			return err
		}
		create := components.FunctionArgs{Package: "./handlers/createnote", Name: "create-note"}
		api, err := components.NewProtectedHttpApi(ctx, "notes", &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function: components.FunctionArgs{Package: "./handlers/authorizer"},
				Secrets: &components.SecretsArgs{
					Prefixes: map[string]pulumi.StringInput{"TENANTS_PATH": pulumi.String("/notes/tenants")},
					MaxAge:   time.Second,
				},
				CacheTtl: ttl,
				// The tenant is in the path, and the policies tell routes apart, so no
				// answer may be reused on another path or route.
				IdentitySources: []components.IdentitySource{components.Header("Authorization"), components.Context("path"), components.Context("routeKey")},
			},
			Routes: components.Routes{
				"POST /{tenant}/notes": {Function: create},
				"PUT /{tenant}/notes":  {Function: create},
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
