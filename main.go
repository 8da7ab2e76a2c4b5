// The program of the Events API: its configuration, the ProtectedHttpApi
// component, and the stack's outputs.
package main

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

func main() {
	pulumi.Run(deploy)
}

// deploy makes the stack.
func deploy(ctx *pulumi.Context) error {
	s, err := configOf(ctx)
	if err != nil {
		return err
	}
	api, err := components.NewProtectedHttpApi(ctx, "events", eventsApi(s))
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("apiId", api.ApiId)
	ctx.Export("authorizerId", api.AuthorizerId)
	ctx.Export("tableName", api.TableName)
	ctx.Export("apiKeyTableName", api.ApiKeyTableName)
	ctx.Export("stateTableName", api.StateTableName)
	ctx.Export("revocationTableName", api.RevocationTableName)
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("access", api.Access)
	ctx.Export("goVersion", api.GoVersion)
	return nil
}

// eventsApi describes the API: everybody may read events, whoever has a token
// may create and delete them. With other methods of authentication than tokens
// alone, callers have permissions, and need the one for what they do.
func eventsApi(s settings) *components.ProtectedHttpApiArgs {
	list := components.FunctionArgs{
		Package:      "./handlers/listevents",
		Name:         "list-events",
		IndexActions: map[string][]string{schema.Index: {"dynamodb:Query"}},
	}
	get := components.FunctionArgs{
		Package:      "./handlers/getevent",
		Name:         "get-event",
		TableActions: []string{"dynamodb:GetItem"},
	}
	create := components.FunctionArgs{
		Package:      "./handlers/createevent",
		Name:         "create-event",
		TableActions: []string{"dynamodb:PutItem"},
	}
	remove := components.FunctionArgs{
		Package:      "./handlers/deleteevent",
		Name:         "delete-event",
		TableActions: []string{"dynamodb:DeleteItem"},
	}
	var write, del []string
	if s.authMethods != authJwt {
		write, del = []string{"events:write"}, []string{"events:delete"}
	}
	return &components.ProtectedHttpApiArgs{
		Routes: components.Routes{
			"GET /events":         {Function: list, Auth: components.Public},
			"GET /events/{id}":    {Function: get, Auth: components.Public},
			"POST /events":        {Function: create, Permissions: write},
			"DELETE /events/{id}": {Function: remove, Permissions: del},
		},
		Authorizer: authorizer(s),
		Cors:       cors(s),
		Table: &components.TableArgs{
			HashKey: schema.PartitionKey,
			GlobalSecondaryIndexes: map[string]components.IndexArgs{
				schema.Index: {HashKey: schema.IndexPartitionKey, RangeKey: schema.IndexSortKey},
			},
			PointInTimeRecovery: s.pointInTimeRecovery,
			DeletionProtection:  s.deletionProtection,
		},
		Monitoring: monitoring(s),
		Defaults: components.FunctionDefaults{
			Architecture: s.architecture,
			Logging:      &components.LoggingArgs{RetentionDays: s.logRetentionDays},
		},
	}
}

// monitoring describes what watches the API.
func monitoring(s settings) *components.MonitoringArgs {
	if !s.monitoring {
		return nil
	}
	args := &components.MonitoringArgs{}
	if s.alarmTopicArn != "" {
		args.TopicArns = []pulumi.StringInput{pulumi.String(s.alarmTopicArn)}
	}
	return args
}

// cors lets the pages of the configured origins send credentials.
func cors(s settings) *components.CorsArgs {
	if s.corsOrigins == "" {
		return nil
	}
	args := &components.CorsArgs{}
	for origin := range strings.SplitSeq(s.corsOrigins, ",") {
		args.AllowOrigins = append(args.AllowOrigins, pulumi.String(origin))
	}
	return args
}

// authorizer describes the authorizer, which is the component's own. Who has a signing
// key may do everything with events.
func authorizer(s settings) components.AuthorizerArgs {
	args := components.AuthorizerArgs{CacheTtl: s.authorizerTtl}
	if s.accepts(authJwt) || s.accepts(authSignature) { // API keys are no secrets of the function
		args.Secrets = &components.SecretsArgs{MaxAge: s.secretMaxAge}
	}
	if s.accepts(authJwt) {
		args.SecretPath = pulumi.String(s.secretPath)
	}
	if s.revocation {
		args.Revocation = &components.RevocationArgs{PointInTimeRecovery: s.pointInTimeRecovery, DeletionProtection: s.deletionProtection}
	}
	if s.authMethods == authJwt {
		return args
	}
	args.Function = components.FunctionArgs{
		// Another function for other methods: a change of code, environment and
		// permissions of one would take AWS several steps, and requests between
		// them would be answered with 500.
		Name: "multiauthorizer-" + strings.ReplaceAll(s.authMethods, ",", "-"),
		// Where an older program deployed the function, its code needs this until
		// AWS has the new one.
		Environment: map[string]pulumi.StringInput{"AUTH_METHODS": pulumi.String(s.authMethods)},
	}
	args.Methods = &components.MethodsArgs{}
	if s.accepts(authJwt) {
		args.Methods.Tokens = &components.TokensArgs{}
	}
	if s.accepts(authApiKey) {
		args.Methods.ApiKeys = &components.ApiKeyMethodArgs{
			// A quota of a day alone counts a request once, one of a minute as well
			// counts it twice.
			Tiers: map[string]components.TierArgs{
				"trial":    {Permissions: []string{"events:write"}, PerDay: 100},
				"standard": {Permissions: []string{"events:write"}, PerMinute: 60, PerDay: 10_000},
				"partner":  {Permissions: []string{"events:*"}, PerMinute: 600, PerDay: 100_000},
			},
			PointInTimeRecovery: s.pointInTimeRecovery,
			DeletionProtection:  s.deletionProtection,
		}
	}
	if s.accepts(authSignature) {
		args.Methods.Signatures = &components.SignaturesArgs{KeysPath: pulumi.String(s.signingKeysPath), Permissions: []string{"events:*"}}
	}
	return args
}
