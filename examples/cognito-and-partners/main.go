// One API for users of a Cognito user pool, partners with API keys, the staff's own
// tokens, and services that sign their requests with IAM credentials.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	users, err := usersOf(ctx)
	if err != nil {
		return err
	}
	report := components.FunctionArgs{Package: "./handlers/report"}
	api, err := components.NewProtectedHttpApi(ctx, "reports", &components.ProtectedHttpApiArgs{
		// Who has a token of one's own issue.
		Authorizer: components.AuthorizerArgs{SecretPath: pulumi.String("/cognito-and-partners/" + ctx.Stack() + "/jwt-secret")},
		Authorizers: map[string]components.AuthorizerArgs{"partners": {Methods: &components.MethodsArgs{
			ApiKeys: &components.ApiKeyMethodArgs{Tiers: map[string]components.TierArgs{
				"reader": {Permissions: []string{"reports:read"}, PerDay: 1000},
				"writer": {Permissions: []string{"reports:*"}, PerMinute: 60, PerDay: 10_000},
			}},
		}}},
		JwtIssuers: map[string]components.JwtIssuerArgs{"users": users},
		Routes: components.Routes{
			"GET /health":           {Function: report, Auth: components.Public},
			"GET /reports":          {Function: report, Auth: components.Jwt("users")},
			"POST /reports":         {Function: report, Auth: components.Jwt("users"), Scopes: []string{"reports/write"}},
			"GET /partner/reports":  {Function: report, Auth: components.AuthorizedBy("partners"), Permissions: []string{"reports:read"}},
			"POST /partner/reports": {Function: report, Auth: components.AuthorizedBy("partners"), Permissions: []string{"reports:write"}},
			"DELETE /reports/{id}":  {Function: report},
			"POST /internal/sync":   {Function: report, Auth: components.Iam},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("access", api.Access)
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("apiKeyTableName", api.Authorizers["partners"].ApiKeyTable.Name)
	ctx.Export("stateTableName", api.Authorizers["partners"].StateTable.Name)
	return nil
}

// usersOf returns who issues the users' tokens: a user pool, or what the stack's
// configuration names.
func usersOf(ctx *pulumi.Context) (components.JwtIssuerArgs, error) {
	conf := config.New(ctx, "")
	if issuer := conf.Get("issuer"); issuer != "" {
		return components.JwtIssuerArgs{Issuer: pulumi.String(issuer), Audiences: []pulumi.StringInput{pulumi.String(conf.Require("audience"))}}, nil
	}
	pool, err := cognito.NewUserPool(ctx, "users", &cognito.UserPoolArgs{})
	if err != nil {
		return components.JwtIssuerArgs{}, err
	}
	reports, err := cognito.NewResourceServer(ctx, "reports", &cognito.ResourceServerArgs{
		UserPoolId: pool.ID(), Identifier: pulumi.String("reports"),
		Scopes: cognito.ResourceServerScopeArray{cognito.ResourceServerScopeArgs{
			ScopeName: pulumi.String("write"), ScopeDescription: pulumi.String("Write reports")}},
	})
	if err != nil {
		return components.JwtIssuerArgs{}, err
	}
	web, err := cognito.NewUserPoolClient(ctx, "web", &cognito.UserPoolClientArgs{
		UserPoolId:                      pool.ID(),
		AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
		AllowedOauthFlows:               pulumi.ToStringArray([]string{"code"}),
		AllowedOauthScopes:              reports.ScopeIdentifiers,
		CallbackUrls:                    pulumi.ToStringArray([]string{"https://app.example.com/callback"}),
	})
	if err != nil {
		return components.JwtIssuerArgs{}, err
	}
	return components.CognitoIssuer(pool.Endpoint, web.ID()), nil
}
