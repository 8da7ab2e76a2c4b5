// An API of another module: tokens for the staff, keys and signatures for partners,
// and a second API for everybody.
package main

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	conf := config.New(ctx, "")
	ttl, err := time.ParseDuration(conf.Require("authorizerTtl"))
	if err != nil {
		return err
	}
	cancel := components.Route{Function: components.FunctionArgs{Package: "./handlers/orders"}, Permissions: []string{"orders:cancel"}}
	if conf.RequireBool("openCancel") {
		cancel.Auth, cancel.Permissions = components.Public, nil
	}
	secrets := "/bakery/" + ctx.Stack() + "/"
	judge := func(what string) components.FunctionArgs {
		return components.FunctionArgs{
			Name: what, Package: "./handlers/authorizer", Environment: map[string]pulumi.StringInput{"JUDGES": pulumi.String(what)},
		}
	}
	api, err := components.NewProtectedHttpApi(ctx, "bakery", &components.ProtectedHttpApiArgs{
		Authorizer: components.AuthorizerArgs{
			Function: judge("tokens"), SecretPath: pulumi.String(secrets + "jwt-secret"), CacheTtl: ttl,
		},
		Authorizers: map[string]components.AuthorizerArgs{
			"keys": {
				Function: judge("keys"), ApiKeys: &components.ApiKeysArgs{},
				IdentitySources: []components.IdentitySource{components.Header("X-Api-Key")},
			},
			"signatures": {
				Function: judge("signatures"), ReplayProtection: true,
				Secrets:         &components.SecretsArgs{Paths: map[string]pulumi.StringInput{"SIGNING_KEYS_PATH": pulumi.String(secrets + "partners")}},
				IdentitySources: []components.IdentitySource{components.Header("Signature")},
			},
		},
		Routes: components.Routes{
			"GET /orders":         {Function: components.FunctionArgs{Package: "./handlers/orders"}, Auth: components.Public},
			"POST /orders":        {Function: components.FunctionArgs{Package: "./handlers/orders"}, Permissions: []string{"orders:write"}},
			"DELETE /orders/{id}": cancel,
			"POST /wholesale":     {Function: components.FunctionArgs{Package: "./handlers/orders"}, Auth: components.AuthorizedBy("keys")},
			"POST /deliveries":    {Function: components.FunctionArgs{Package: "./handlers/orders"}, Auth: components.AuthorizedBy("signatures")},
			"POST /audit":         {Function: components.FunctionArgs{Package: "./handlers/orders"}, Auth: components.Iam},
		},
	})
	if err != nil {
		return err
	}
	window, err := components.NewProtectedHttpApi(ctx, "window", &components.ProtectedHttpApiArgs{
		Routes: components.Routes{"GET /": {Function: components.FunctionArgs{Package: "./handlers/orders"}, Auth: components.Public}},
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("windowUrl", window.Url)
	ctx.Export("keyTable", api.Authorizers["keys"].ApiKeyTable.Name)
	return nil
}
