package components

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestRevocation: each authorizer has a table of its own and may read it by keys, and
// nothing else.
func TestRevocation(t *testing.T) {
	t.Parallel()
	args := guardedArgs()
	args.Authorizer.ApiKeys, args.Authorizer.ReplayProtection, args.Authorizer.IdentitySources = nil, false, nil
	args.Authorizer.Revocation = &RevocationArgs{}
	args.Authorizers = map[string]AuthorizerArgs{
		"partners": {
			Function:   FunctionArgs{Package: "testdata/handlers/authorizer", Name: "partners"},
			Revocation: &RevocationArgs{FailOpen: true, PointInTimeRecovery: true, DeletionProtection: true},
		},
		"guests": {Function: FunctionArgs{Package: "testdata/handlers/authorizer", Name: "guests"}},
	}
	list := FunctionArgs{Package: "testdata/handlers/list"}
	args.Routes["GET /partners"] = Route{Function: list, Auth: AuthorizedBy("partners")}
	args.Routes["GET /guests"] = Route{Function: list, Auth: AuthorizedBy("guests")}
	m := &mocks{account: testAccount}
	output := make(chan string, 1)
	if err := deploy(m, args, func(_ *pulumi.Context, api *ProtectedHttpApi) {
		api.RevocationTableName.ApplyT(func(name string) error { output <- name; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	if name := <-output; name != "events-revocations-0a1b2c3" {
		t.Errorf("RevocationTableName is %q", name)
	}
	for name, more := range map[string]map[string]any{
		"events-revocations":          {"pointInTimeRecovery": map[string]any{"enabled": false}, "deletionProtectionEnabled": false},
		"events-partners-revocations": {"pointInTimeRecovery": map[string]any{"enabled": true}, "deletionProtectionEnabled": true},
	} {
		want := map[string]any{
			"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": []any{map[string]any{"name": "id", "type": "S"}},
			"serverSideEncryption": map[string]any{"enabled": true}, "ttl": map[string]any{"attributeName": "expiresAt", "enabled": true},
		}
		maps.Copy(want, more)
		expectInputs(t, m.find(t, "Table", name), want)
	}
	for function, want := range map[string]struct{ table, open any }{
		"authorizer": {"events-revocations-0a1b2c3", nil}, "partners": {"events-partners-revocations-0a1b2c3", "true"}, "guests": {}, "list": {},
	} {
		environment, _ := m.find(t, "Function", "events-"+function).Inputs.Mappable()["environment"].(map[string]any)
		variables, _ := environment["variables"].(map[string]any)
		if variables["REVOCATION_TABLE_NAME"] != want.table || variables["REVOCATION_FAIL_OPEN"] != want.open {
			t.Errorf("the variables of %s are %v", function, variables)
		}
		policy := m.find(t, "RolePolicy", "events-"+function).Inputs["policy"].StringValue()
		if want.table == nil && strings.Contains(policy, "revocations") {
			t.Errorf("the policy of %s is %s", function, policy)
		} else if want.table != nil {
			grant := `{"Effect":"Allow","Action":["dynamodb:BatchGetItem"],"Resource":["arn:aws:dynamodb:eu-central-1:123456789012:table/` + want.table.(string) + `"]}`
			if strings.Count(policy, grant) != 1 || strings.Count(policy, "revocations") != 1 {
				t.Errorf("the policy of %s is %s", function, policy)
			}
		}
	}
	if strings.Contains(strings.Join(m.children(), "\n"), "guests-revocations") {
		t.Errorf("there are %q", m.children())
	}
}

// TestRevocationOfOthers: API Gateway's own authorizers ask no table.
func TestRevocationOfOthers(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"all routes of API Gateway's own authorizer", func(a *ProtectedHttpApiArgs) {
			a.Authorizer = AuthorizerArgs{Revocation: &RevocationArgs{}}
			for key, route := range a.Routes {
				route.Auth, route.Permissions = Iam, nil
				a.Routes[key] = route
			}
		}, "Authorizer: is given, but no route is protected by it: leave it out, or leave out the Auth of the routes to protect"},
		{"variables of the component", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Function.Environment = map[string]pulumi.StringInput{"REVOCATION_FAIL_OPEN": pulumi.String("true"), "REVOCATION_TABLE_NAME": pulumi.String("t")}
		}, `Authorizer.Function.Environment["REVOCATION_FAIL_OPEN"]: is the component's own
Authorizer.Function.Environment["REVOCATION_TABLE_NAME"]: is the component's own`},
	})
}
