package components

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The arguments are in the state, and in it a secret is one.
func TestInputs(t *testing.T) {
	t.Parallel()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	args := exampleArgs()
	args.Authorizer.IdentitySources = []IdentitySource{}
	args.Authorizer.Secrets = &SecretsArgs{MaxAge: 90 * time.Second}
	args.Routes = Routes{
		"GET /events": {Auth: Public, Function: FunctionArgs{Package: filepath.Join(folder, "testdata/handlers/list")}},
		"POST /events": {Function: FunctionArgs{Package: "testdata/handlers/create", MemorySize: 256,
			Environment: map[string]pulumi.StringInput{"KEY": pulumi.ToSecret(pulumi.String(secretValue)).(pulumi.StringOutput)}}},
	}
	m := mustDeploy(t, args)
	got := m.find(t, "ProtectedHttpApi", "events").Inputs
	create := got["routes"].ObjectValue()["POST /events"].ObjectValue()["function"].ObjectValue()
	key := create["environment"].ObjectValue()["KEY"]
	if !key.IsSecret() || key.SecretValue().Element.StringValue() != secretValue {
		t.Errorf("the secret is %v", key)
	}
	create["environment"].ObjectValue()["KEY"] = resource.NewStringProperty("a secret")
	want := map[string]any{
		"authorizer": map[string]any{
			"function":        map[string]any{"package": "testdata/handlers/authorizer"},
			"secretPath":      "/events-api/jwt-secret",
			"secrets":         map[string]any{"maxAge": "1m30s"},
			"identitySources": []any{},
		},
		"table": map[string]any{
			"hashKey": "pk", "attributes": map[string]any{"count": "N"},
			"globalSecondaryIndexes": map[string]any{"newest-first": map[string]any{"hashKey": "type", "rangeKey": "count"}},
		},
		"routes": map[string]any{
			"GET /events": map[string]any{"auth": "public", "function": map[string]any{"package": "./testdata/handlers/list"}},
			"POST /events": map[string]any{"function": map[string]any{"package": "testdata/handlers/create", "memorySize": 256.0,
				"environment": map[string]any{"KEY": "a secret"}}},
		},
	}
	if text := got.Mappable(); !reflect.DeepEqual(text, want) {
		t.Errorf("inputs are\n%v\nwant\n%v", text, want)
	}
}

// Every type that is somewhere in the arguments is one that a state, and a Pulumi
// schema, can have.
func TestInputsOfEveryType(t *testing.T) {
	t.Parallel()
	var look func(path string, of reflect.Type)
	look = func(path string, of reflect.Type) {
		if of.Implements(inputType) {
			return
		}
		switch of.Kind() {
		case reflect.Struct:
			for i := range of.NumField() {
				if field := of.Field(i); field.IsExported() {
					look(path+"."+field.Name, field.Type)
				}
			}
		case reflect.Pointer, reflect.Slice:
			look(path, of.Elem())
		case reflect.Map:
			if of.Key().Kind() != reflect.String {
				t.Errorf("%s has keys of type %v", path, of.Key())
			}
			look(path+"[]", of.Elem())
		case reflect.String, reflect.Bool, reflect.Int, reflect.Float64:
		default:
			if of != durationType {
				t.Errorf("%s is a %v", path, of)
			}
		}
	}
	look("args", reflect.TypeFor[ProtectedHttpApiArgs]())
}

func TestPortableFolders(t *testing.T) {
	t.Parallel()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"./handlers/list":                     "./handlers/list",
		"example.com/module/list":             "example.com/module/list",
		filepath.Join(folder, "handlers"):     "./handlers",
		folder:                                "./.",
		filepath.Dir(folder):                  filepath.Dir(folder),
		folder + "-other":                     folder + "-other",
		filepath.Join(folder, "..handlers/x"): "./..handlers/x",
	} {
		if got := portable(given); got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
}
