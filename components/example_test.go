package components

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// An API whose callers have API keys with quotas, and permissions. In a program
// of its own it is called by pulumi.Run, and its packages are folders such as
// "./handlers/authorizer".
func ExampleNewProtectedHttpApi() {
	program := func(ctx *pulumi.Context) error {
		list := FunctionArgs{Package: "testdata/handlers/list"}
		create := FunctionArgs{Package: "testdata/handlers/create"}
		api, err := NewProtectedHttpApi(ctx, "events", &ProtectedHttpApiArgs{
			Authorizer: AuthorizerArgs{
				Function:        FunctionArgs{Package: "testdata/handlers/authorizer"},
				ApiKeys:         &ApiKeysArgs{Quotas: true},
				IdentitySources: []IdentitySource{"$request.header.X-Api-Key"},
			},
			Routes: Routes{
				"GET /events":         {Function: list, Auth: Public},
				"POST /events":        {Function: create, Permissions: []string{"events:write"}},
				"DELETE /events/{id}": {Function: create, Permissions: []string{"events:delete:{id}"}},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("apiKeyTableName", api.ApiKeyTableName)
		return nil
	}
	m := &mocks{account: testAccount}
	if err := pulumi.RunErr(program, pulumi.WithMocks("events-api", "dev", m)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	for _, r := range m.children() {
		if r[0] == 'T' {
			fmt.Println(r)
		}
	}
	// Output:
	// Table events-api-keys
	// Table events-authorizer-state
}
