// The program of the Events API: its configuration, the ProtectedHttpApi
// component, and the stack's outputs.
package main

import (
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
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("access", api.Access)
	return nil
}

// eventsApi describes the API: everybody may read events, whoever has a token
// may create and delete them.
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
	return &components.ProtectedHttpApiArgs{
		Routes: components.Routes{
			"GET /events":         {Function: list, Auth: components.Public},
			"GET /events/{id}":    {Function: get, Auth: components.Public},
			"POST /events":        {Function: create},
			"DELETE /events/{id}": {Function: remove},
		},
		Authorizer: components.AuthorizerArgs{
			Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
			SecretPath: pulumi.String(s.secretPath),
			CacheTtl:   s.authorizerTtl,
		},
		Table: &components.TableArgs{
			HashKey: schema.PartitionKey,
			GlobalSecondaryIndexes: map[string]components.IndexArgs{
				schema.Index: {HashKey: schema.IndexPartitionKey, RangeKey: schema.IndexSortKey},
			},
			PointInTimeRecovery: s.pointInTimeRecovery,
			DeletionProtection:  s.deletionProtection,
		},
		Architecture:     s.architecture,
		LogRetentionDays: s.logRetentionDays,
	}
}
