package components

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
