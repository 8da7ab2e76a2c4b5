package components

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Whoever waits for the Url, or for how the routes are protected, finds an API that
// answers: every route and every permission is there.
func TestUrlDependsOnWhatServes(t *testing.T) {
	t.Parallel()
	m := &mocks{account: testAccount}
	err := deploy(m, exampleArgs(), func(ctx *pulumi.Context, api *ProtectedHttpApi) {
		var r pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:Waits", "waits", pulumi.Map{"url": api.Url, "access": api.Access, "table": api.TableName}, &r); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	dependencies := m.find(t, "Waits", "waits").RegisterRPC.GetPropertyDependencies()
	for _, r := range m.registered {
		kind := short(r.TypeToken)
		if kind != "Route" && kind != "Permission" {
			continue
		}
		urn := "urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi$" + r.TypeToken + "::" + r.Name
		for property, want := range map[string]bool{"url": true, "access": true, "table": false} {
			if got := slices.Contains(dependencies[property].GetUrns(), urn); got != want {
				t.Errorf("that %s depends on the %s %q is %v", property, kind, r.Name, got)
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args *ProtectedHttpApiArgs
		want []any
	}{
		{"all", exampleArgs(), []any{
			"https://api123.execute-api.eu-central-1.amazonaws.com", "api123", "auth123", "events-table-0a1b2c3", "", "",
			map[string]string{
				"authorizer": "events-api-dev-events-authorizer", "create-event": "events-api-dev-events-create-event",
				"get": "events-api-dev-events-get", "list-events": "events-api-dev-events-list-events",
			},
			map[string]string{
				"GET /events": "public", "GET /events/{id}": "public",
				"POST /events": "Lambda authorizer", "PUT /events/{id}": "Lambda authorizer",
			},
		}},
		{"tables of an authorizer", guardedArgs(), []any{
			"https://api123.execute-api.eu-central-1.amazonaws.com", "api123", "auth123", "", "events-api-keys-0a1b2c3", "events-authorizer-state-0a1b2c3",
			map[string]string{"authorizer": "events-api-dev-events-authorizer", "create": "events-api-dev-events-create", "list": "events-api-dev-events-list"},
			map[string]string{"ANY /events/{id}": "Lambda authorizer", "GET /events": "public", "POST /events": "Lambda authorizer"},
		}},
		{"neither authorizer nor table", &ProtectedHttpApiArgs{
			Routes: Routes{"GET /": {Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: Public}},
		}, []any{
			"https://api123.execute-api.eu-central-1.amazonaws.com", "api123", "", "", "", "",
			map[string]string{"list": "events-api-dev-events-list"}, map[string]string{"GET /": "public"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := make(chan []any, 1)
			err := deploy(&mocks{}, test.args, func(_ *pulumi.Context, api *ProtectedHttpApi) {
				pulumi.All(api.Url, api.ApiId, api.AuthorizerId, api.TableName, api.ApiKeyTableName, api.StateTableName, api.FunctionNames, api.Access).ApplyT(func(values []any) error {
					got <- values
					return nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			if values := <-got; !reflect.DeepEqual(values, test.want) {
				t.Errorf("outputs are\n%v\nwant\n%v", values, test.want)
			}
		})
	}
}
