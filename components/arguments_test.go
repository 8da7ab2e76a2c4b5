package components

import (
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// exampleArgs are two public and two protected routes, two of which share a
// function.
func exampleArgs() *ProtectedHttpApiArgs {
	list := FunctionArgs{Package: "testdata/handlers/list", Name: "list-events",
		IndexActions: map[string][]string{"newest-first": {"dynamodb:Query"}}}
	create := FunctionArgs{Package: "testdata/handlers/create", Name: "create-event",
		MemorySize: 256, TableActions: []string{"dynamodb:PutItem", "dynamodb:GetItem"},
		Environment: map[string]pulumi.StringInput{"LOG_LEVEL": pulumi.String("debug")}}
	get := FunctionArgs{Package: "testdata/handlers/get", TableActions: []string{"dynamodb:GetItem"}}
	return &ProtectedHttpApiArgs{
		Authorizer: AuthorizerArgs{
			Function:   FunctionArgs{Package: "testdata/handlers/authorizer"},
			SecretPath: pulumi.String("/events-api/jwt-secret"),
		},
		Table: &TableArgs{
			HashKey:                "pk",
			Attributes:             map[string]string{"count": "N"},
			GlobalSecondaryIndexes: map[string]IndexArgs{"newest-first": {HashKey: "type", RangeKey: "count"}},
		},
		Routes: Routes{
			"GET /events":      {Function: list, Auth: Public},
			"GET /events/{id}": {Function: get, Auth: Public},
			"POST /events":     {Function: create},
			"PUT /events/{id}": {Function: create},
		},
	}
}

const guardedPermissions = `{"ANY /events/{id}":[],"POST /events":["events:write","billing:use"]}`

// guardedArgs have everything that an authorizer with permissions, API keys and
// signatures needs, and no table of their own.
func guardedArgs() *ProtectedHttpApiArgs {
	create := FunctionArgs{Package: "testdata/handlers/create"}
	return &ProtectedHttpApiArgs{
		Authorizer: AuthorizerArgs{
			Function: FunctionArgs{Package: "testdata/handlers/authorizer",
				Environment: map[string]pulumi.StringInput{"AUTH_METHODS": pulumi.String("jwt,apikey,signature")}},
			SecretPath: pulumi.String("/events-api/jwt-secret"),
			Secrets: &SecretsArgs{
				Paths: map[string]pulumi.StringInput{
					"SIGNING_KEYS_PATH": pulumi.String("/events-api/signing-keys"),
					// Known at deployment only.
					"OTHER_PATH": pulumi.String("/events-api/other").ToStringOutput(),
				},
				Prefixes: map[string]pulumi.StringInput{"TENANTS_PATH": pulumi.String("/events-api/tenants")},
				MaxAge:   90 * time.Second,
			},
			ApiKeys:          &ApiKeysArgs{Quotas: true},
			ReplayProtection: true,
			IdentitySources:  []IdentitySource{},
		},
		Routes: Routes{
			"GET /events":      {Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: Public},
			"POST /events":     {Function: create, Permissions: []string{"events:write", "billing:use"}},
			"ANY /events/{id}": {Function: create},
		},
	}
}

// createProperty is where the function of POST /events is in exampleArgs.
const createProperty = `Routes["POST /events"].Function`

// changeCreate alters that function, and takes away the route that shares it.
func changeCreate(alter func(*FunctionArgs)) func(*ProtectedHttpApiArgs) {
	return func(args *ProtectedHttpApiArgs) {
		delete(args.Routes, "PUT /events/{id}")
		route := args.Routes["POST /events"]
		alter(&route.Function)
		args.Routes["POST /events"] = route
	}
}

// require adds a route with permissions to guardedArgs.
func require(key string, auth Auth, permissions ...string) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.Routes[key] = Route{Function: a.Routes["POST /events"].Function, Auth: auth, Permissions: permissions}
	}
}

var testScope = scope{project: "events-api", stack: "dev"}

// mistakeTest changes good arguments; want are the mistakes then, a line each.
type mistakeTest struct {
	name   string
	change func(*ProtectedHttpApiArgs)
	want   string
}

// expectMistakes checks what each of the tests makes of the arguments.
func expectMistakes(t *testing.T, s scope, arguments func() *ProtectedHttpApiArgs, tests []mistakeTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := arguments()
			test.change(args)
			_, m := check(s, "events", args)
			if got := messages(m); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// messages are the mistakes, a line each.
func messages(m mistakes) string {
	if len(m) == 0 {
		return ""
	}
	return errors.Join(m...).Error()
}
