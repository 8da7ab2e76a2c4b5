package components

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const componentURN = "urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi::events"

func TestChildren(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	want := []string{
		"Api events-api",
		"Authorizer events-authorizer",
		"Function events-authorizer", "Function events-create-event", "Function events-get", "Function events-list-events",
		"Integration events-create-event", "Integration events-get", "Integration events-list-events",
		"LogGroup events-authorizer", "LogGroup events-create-event", "LogGroup events-get", "LogGroup events-list-events",
		"Permission events-authorizer", "Permission events-create-event", "Permission events-get", "Permission events-list-events",
		"Role events-authorizer", "Role events-create-event", "Role events-get", "Role events-list-events",
		"RolePolicy events-authorizer", "RolePolicy events-create-event", "RolePolicy events-get", "RolePolicy events-list-events",
		"Route events-GET /events", "Route events-GET /events/{}", "Route events-POST /events", "Route events-PUT /events/{}",
		"Stage events-stage",
		"Table events-table",
	}
	if got := m.children(); !slices.Equal(got, want) {
		t.Errorf("children are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, r := range m.registered {
		if r.Custom && r.RegisterRPC.GetParent() != componentURN {
			t.Errorf("the parent of %s %q is %q", r.TypeToken, r.Name, r.RegisterRPC.GetParent())
		}
	}
}

func TestAuthorizerTtl(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, 300 * time.Second} {
		t.Run(ttl.String(), func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Authorizer.CacheTtl = ttl
			expectInputs(t, mustDeploy(t, args).find(t, "Authorizer", "events-authorizer"), map[string]any{
				"apiId":                          "api123",
				"authorizerType":                 "REQUEST",
				"authorizerUri":                  "invoke:events-api-dev-events-authorizer",
				"authorizerPayloadFormatVersion": "2.0",
				"enableSimpleResponses":          true,
				"authorizerResultTtlInSeconds":   ttl.Seconds(),
				"identitySources":                []any{"$request.header.Authorization"},
			})
		})
	}
}

// expectInputs compares all of a resource's inputs, so that one too many or
// one too few is seen.
func expectInputs(t *testing.T, r pulumi.MockResourceArgs, want map[string]any) {
	t.Helper()
	got := r.Inputs.Mappable()
	for name := range got {
		if got[name] == nil {
			delete(got, name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("inputs of %s %q are\n%v\nwant\n%v", short(r.TypeToken), r.Name, got, want)
	}
}

func TestIdentitySources(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.IdentitySources = []string{}
	got := mustDeploy(t, args).find(t, "Authorizer", "events-authorizer").Inputs["identitySources"]
	if got.IsArray() && len(got.ArrayValue()) > 0 {
		t.Errorf("without identity sources they are %v", got)
	}
}

func TestApiAndRoutes(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	expectInputs(t, m.find(t, "Api", "events-api"), map[string]any{"protocolType": "HTTP"})
	expectInputs(t, m.find(t, "Stage", "events-stage"), map[string]any{"apiId": "api123", "name": "$default", "autoDeploy": true})
	expectInputs(t, m.find(t, "Integration", "events-create-event"), map[string]any{
		"apiId": "api123", "integrationType": "AWS_PROXY", "integrationMethod": "POST",
		"integrationUri": "invoke:events-api-dev-events-create-event", "payloadFormatVersion": "2.0",
	})
	expectInputs(t, m.find(t, "Route", "events-GET /events/{}"), map[string]any{
		"apiId": "api123", "routeKey": "GET /events/{id}", "target": "integrations/events-get-id", "authorizationType": "NONE",
	})
	for name, key := range map[string]string{"events-POST /events": "POST /events", "events-PUT /events/{}": "PUT /events/{id}"} {
		expectInputs(t, m.find(t, "Route", name), map[string]any{
			"apiId": "api123", "routeKey": key, "target": "integrations/events-create-event-id",
			"authorizationType": "CUSTOM", "authorizerId": "auth123",
		})
	}
}

func TestInvokePermissions(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	const api = "arn:aws:execute-api:eu-central-1:123456789012:api123"
	for name, source := range map[string]string{
		"authorizer":   api + "/authorizers/auth123",
		"list-events":  api + "/*/GET/events",
		"get":          api + "/*/GET/events/*",
		"create-event": api + "/*/*", // two routes
	} {
		expectInputs(t, m.find(t, "Permission", "events-"+name), map[string]any{
			"action": "lambda:InvokeFunction", "function": "events-api-dev-events-" + name,
			"principal": "apigateway.amazonaws.com", "sourceArn": source,
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Table.PointInTimeRecovery, args.Table.DeletionProtection = on, on
			expectInputs(t, mustDeploy(t, args).find(t, "Table", "events-table"), map[string]any{
				"billingMode": "PAY_PER_REQUEST",
				"hashKey":     "pk",
				"attributes": []any{
					map[string]any{"name": "count", "type": "N"}, map[string]any{"name": "pk", "type": "S"}, map[string]any{"name": "type", "type": "S"},
				},
				"globalSecondaryIndexes": []any{
					map[string]any{"name": "newest-first", "hashKey": "type", "rangeKey": "count", "projectionType": "ALL"},
				},
				"serverSideEncryption":      map[string]any{"enabled": true},
				"pointInTimeRecovery":       map[string]any{"enabled": on},
				"deletionProtectionEnabled": on,
			})
		})
	}
}

func TestPublicRoutesOnly(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, &ProtectedHttpApiArgs{
		Routes: Routes{"$default": {Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: Public}},
	})
	want := []string{
		"Api events-api", "Function events-list", "Integration events-list", "LogGroup events-list", "Permission events-list",
		"Role events-list", "RolePolicy events-list", "Route events-$default", "Stage events-stage",
	}
	if got := m.children(); !slices.Equal(got, want) {
		t.Errorf("children are %q, want %q", got, want)
	}
	if got := m.find(t, "Permission", "events-list").Inputs["sourceArn"].StringValue(); !strings.HasSuffix(got, ":api123/*/*") {
		t.Errorf("the source is %q", got)
	}
}

// Another route must change nothing but what belongs to it.
func TestStableChildren(t *testing.T) {
	t.Parallel()
	before := mustDeploy(t, exampleArgs())
	args := exampleArgs()
	args.Routes["DELETE /events/{id}"] = Route{Function: FunctionArgs{Package: "testdata/handlers/list", Name: "list-events",
		IndexActions: args.Routes["GET /events"].Function.IndexActions}}
	delete(args.Routes, "GET /events/{id}")
	args.Routes["GET /events/{event}"] = exampleArgs().Routes["GET /events/{id}"]
	after := mustDeploy(t, args)

	var changed []string
	for _, r := range after.registered {
		i := slices.IndexFunc(before.registered, func(b pulumi.MockResourceArgs) bool {
			return b.TypeToken == r.TypeToken && b.Name == r.Name
		})
		if i < 0 {
			changed = append(changed, "+"+r.Name)
		} else if !reflect.DeepEqual(before.registered[i].Inputs.Mappable(), r.Inputs.Mappable()) {
			changed = append(changed, "~"+short(r.TypeToken)+" "+r.Name)
		}
	}
	slices.Sort(changed)
	// The shared function now has two routes.
	want := []string{"+events-DELETE /events/{}", "~Permission events-list-events", "~Route events-GET /events/{}"}
	if !slices.Equal(changed, want) {
		t.Errorf("changed are %q, want %q", changed, want)
	}
}

func TestTransformations(t *testing.T) {
	t.Parallel()
	tag := func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if args.Type != "aws:apigatewayv2/api:Api" {
			return nil
		}
		reflect.ValueOf(args.Props).Elem().FieldByName("Description").Set(reflect.ValueOf(pulumi.String("by the caller")))
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
	m := mustDeploy(t, exampleArgs(), pulumi.Transformations([]pulumi.ResourceTransformation{tag}))
	expectInputs(t, m.find(t, "Api", "events-api"), map[string]any{"protocolType": "HTTP", "description": "by the caller"})
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

// Mistakes in the arguments and compile errors come in one error, before even
// the component is registered.
func TestMistakesRegisterNothing(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.CacheTtl = 2 * time.Hour
	args.Routes["get /events"] = Route{Function: FunctionArgs{Package: "testdata/handlers/broken"}}
	args.Routes["HEAD /events"] = Route{Function: FunctionArgs{Package: "testdata/handlers/missing"}}
	m := &mocks{}
	err := deploy(m, args, nil)
	folder, _ := os.Getwd()
	want := `Routes["get /events"]: method "get" is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY
Authorizer.CacheTtl: 2h0m0s is out of range: 0s to 1h
Routes["get /events"].Function.Package: building "testdata/handlers/broken": go build: exit status 1
	# github.com/protected-http-api/protected-http-api/components/testdata/handlers/broken
	./main.go:4:15: undefined: undefinedHere
Routes["HEAD /events"].Function.Package: building "testdata/handlers/missing": folder "` + folder + `/testdata/handlers/missing" does not exist`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	for _, r := range m.registered {
		if r.TypeToken != "pulumi:pulumi:Stack" {
			t.Errorf("registered in spite of the mistakes: %s %q", r.TypeToken, r.Name)
		}
	}
}
