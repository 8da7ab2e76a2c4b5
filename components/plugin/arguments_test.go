package main

import (
	"math"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
)

const bucketURN = "urn:pulumi:dev::shop::aws:s3/bucketV2:BucketV2::photos"

func output(value any, known, secret bool, dependencies ...resource.URN) resource.PropertyValue {
	return resource.NewProperty(resource.Output{Element: resource.NewPropertyValue(value), Known: known, Secret: secret, Dependencies: dependencies})
}

// openRoute are arguments of one public function.
func openRoute(t *testing.T, function map[string]any) resource.PropertyMap {
	t.Helper()
	function["code"] = map[string]any{"path": bundle(t, "bootstrap"), "runtime": "provided.al2023"}
	function["name"] = "list"
	return resource.NewPropertyMapFromMap(map[string]any{"routes": map[string]any{"GET /a": map[string]any{"auth": "public", "function": function}}})
}

// Values that are known late, and secrets, stay what they are, one by one.
func TestLateArguments(t *testing.T) {
	t.Parallel()
	args := openRoute(t, map[string]any{"environment": map[string]any{
		"PLAIN": "text", "LATE": output("", false, false, bucketURN), "HIDDEN": output("s3cr3t", true, true), "MADE": output("photos-1", true, false, bucketURN),
	}})
	m := newMonitor(t)
	if _, err := m.construct(t, true, args, map[string][]string{"routes": {bucketURN}}); err != nil {
		t.Fatal(err)
	}
	function := m.registered["aws:lambda/function:Function orders-list"]
	properties, err := plugin.UnmarshalProperties(function.GetObject(), plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := plugin.UnmarshalProperties(m.component(t).GetObject(), plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		t.Fatal(err)
	}
	variables := inputs["routes"].ObjectValue()["GET /a"].ObjectValue()["function"].ObjectValue()["environment"].ObjectValue()
	if v := variables["PLAIN"]; !v.IsString() || v.StringValue() != "text" {
		t.Errorf("PLAIN is %v", v)
	}
	if v := variables["LATE"]; !v.IsComputed() {
		t.Errorf("LATE is %v", v)
	}
	if v := variables["HIDDEN"]; !v.IsSecret() || v.SecretValue().Element.StringValue() != "s3cr3t" {
		t.Errorf("HIDDEN is %v", v.TypeString())
	}
	if v := variables["MADE"]; !v.IsString() || v.StringValue() != "photos-1" {
		t.Errorf("MADE is %v", v)
	}
	if !properties["environment"].ContainsUnknowns() {
		t.Errorf("the function's environment is %v", properties["environment"])
	}
	if urns := function.GetPropertyDependencies()["environment"].GetUrns(); !slices.Contains(urns, bucketURN) {
		t.Errorf("the function's environment depends on %v", urns)
	}
}

// What an argument that is no input depends on, the component depends on.
func TestDependenciesOfPlainArguments(t *testing.T) {
	t.Parallel()
	m := newMonitor(t)
	if _, err := m.construct(t, false, openRoute(t, map[string]any{}), map[string][]string{"routes": {bucketURN}}); err != nil {
		t.Fatal(err)
	}
	if urns := m.component(t).GetDependencies(); !slices.Contains(urns, bucketURN) {
		t.Errorf("the component depends on %v", urns)
	}
}

func TestMistakesInArguments(t *testing.T) {
	t.Parallel()
	const late = "but decides what the API consists of: give a value that the program knows by itself"
	for _, test := range []struct {
		name string
		args map[string]any
		want string
	}{
		{"misspelt", map[string]any{"routes": map[string]any{"GET /a": map[string]any{"permission": []any{"a:b"}}}},
			`routes["GET /a"].permission: is not one of the properties here, which are auth, function, permissions, scopes, throttling`},
		{"unknown", map[string]any{"stage": map[string]any{"name": output("", false, false, bucketURN)}}, "stage.name: is not known before something else is deployed, " + late},
		{"unknown list", map[string]any{"cors": map[string]any{"allowMethods": resource.MakeComputed(resource.NewProperty(""))}},
			"cors.allowMethods: is not known before something else is deployed, " + late},
		{"from a resource", map[string]any{"stage": output(map[string]any{"name": "v1"}, true, false, bucketURN)}, "stage.name: comes from photos, " + late},
		{"secret", map[string]any{"table": map[string]any{"hashKey": resource.MakeSecret(resource.NewProperty("s3cr3t"))}},
			"table.hashKey: is a secret, but decides what the API consists of, and everybody may see that: give a value that is none"},
		{"secret number for text", map[string]any{"stage": map[string]any{"variables": map[string]any{"pin": resource.MakeSecret(resource.NewProperty(4711.0))}}, "authorizer": map[string]any{"secretPath": output(4711.0, true, true), "cacheTtl": output(4711.0, true, true)}},
			"authorizer.cacheTtl: is a secret, but decides what the API consists of, and everybody may see that: give a value that is none\nauthorizer.secretPath: is of the type number: give text\n" + `stage.variables["pin"]: is of the type number: give text`},
		{"keys of a secret", map[string]any{"routes": resource.MakeSecret(resource.NewProperty(resource.NewPropertyMapFromMap(map[string]any{"GET /s3cr3t": map[string]any{"s3cr3t": 1, "scopes": []any{"a"}}, "GET /a": 4711})))},
			"routes[secret key 1]: is of the type number: give an object\n" +
				"routes[secret key 2]: a property, whose name is secret: is not one of the properties here, which are auth, function, permissions, scopes, throttling\n" +
				"routes[secret key 2].scopes[0]: is a secret, but decides what the API consists of, and everybody may see that: give a value that is none"},
		{"empty text", map[string]any{"authorizer": map[string]any{"methods": map[string]any{"tokens": map[string]any{"issuer": "", "audience": output("", true, false)}}}, "tags": map[string]any{"a": ""}, "routes": map[string]any{"GET /a": map[string]any{"auth": ""}}},
			"authorizer.methods.tokens.audience: is empty: give text, or leave it out for the default\nauthorizer.methods.tokens.issuer: is empty: give text, or leave it out for the default"},
		{"large numbers", map[string]any{"throttling": map[string]any{"burst": 1e300, "rate": math.Inf(1)}, "quotas": map[string]any{"routes": -1e19}},
			"quotas.routes: is the number -1e+19, which is too large: give one up to 9007199254740992\n" +
				"throttling.burst: is the number 1e+300, which is too large: give one up to 9007199254740992\n" +
				"throttling.rate: is the number +Inf, which is too large: give one up to 9007199254740992"},
		{"the largest number", map[string]any{"throttling": map[string]any{"burst": float64(1 << 53), "rate": true}}, "throttling.rate: is of the type bool: give a number"},
		{"no duration", map[string]any{"authorizer": map[string]any{"cacheTtl": "5 minutes"}}, `authorizer.cacheTtl: "5 minutes" is no duration: write "90s", "5m" or "1h" for instance`},
		{"number for a duration", map[string]any{"authorizer": map[string]any{"cacheTtl": 300}}, `authorizer.cacheTtl: is the number 300: give a duration as text, "5m" for instance`},
		{"number for text", map[string]any{"stage": map[string]any{"variables": map[string]any{"size": 5}}}, `stage.variables["size"]: is the number 5: give text`},
		{"half a number", map[string]any{"throttling": map[string]any{"burst": 1.5}}, "throttling.burst: is the number 1.5: give a whole number"},
		{"text for a number", map[string]any{"throttling": map[string]any{"rate": "1"}}, "throttling.rate: is of the type string: give a number"},
		{"text for a switch", map[string]any{"accessLogs": map[string]any{"off": "yes"}}, "accessLogs.off: is of the type string: give true or false"},
		{"text for a list", map[string]any{"cors": map[string]any{"allowOrigins": "*"}}, "cors.allowOrigins: is of the type string: give a list"},
		{"list for an object", map[string]any{"tags": []any{"a"}}, "tags: is of the type []: give an object"},
		{"two", map[string]any{"a": 1, "b": 2, "stage": []any{}}, allProperties("a") + "\n" + allProperties("b") + "\nstage: is of the type []: give an object"},
		{"the component's own", map[string]any{"stage": map[string]any{"name": "v 1"}, "routes": map[string]any{"GET /a": map[string]any{"auth": "none"}}},
			`stage.name: "v 1" is not a name that AWS allows: up to 128 letters, digits, - and _, or $default` + "\n" +
				`routes["GET /a"].auth: "none" is not known: leave it empty for a protected route, or use "public", "iam", "authorizer:NAME" or "jwt:NAME"` + "\n" +
				`routes["GET /a"].function.package: is required: give the folder or the import path of the function's Go package, or else code or arn`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMonitor(t)
			_, err := m.construct(t, true, resource.NewPropertyMapFromMap(test.args), nil)
			if got := status.Convert(err).Message(); got != test.want {
				t.Errorf("error is\n%s\nwant\n%s", got, test.want)
			}
			if len(m.registered) > 0 {
				t.Errorf("%d resources are registered", len(m.registered))
			}
		})
	}
}

func allProperties(name string) string {
	return name + ": is not one of the properties here, which are accessLogs, authorizer, authorizers, cors, defaults, domain, jwtIssuers, monitoring, quotas, routes, stage, table, tables, tags, throttling"
}

func TestUnknownResource(t *testing.T) {
	t.Parallel()
	_, err := (&server{}).Construct(t.Context(), &rpc.ConstructRequest{Type: "protected-http-api:index:Api"})
	if want := "the package protected-http-api has no resource protected-http-api:index:Api: it has protected-http-api:index:ProtectedHttpApi"; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}
