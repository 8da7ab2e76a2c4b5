package components

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"environment", changeCreate(func(f *FunctionArgs) {
			f.Environment = map[string]pulumi.StringInput{"A": pulumi.String(""), "AWS_REGION": pulumi.String(""), "TABLE_NAME": pulumi.String(""), "URL": nil}
		}), createProperty + `.Environment["A"]: is not a name that Lambda allows: a letter, then at least one letter, digit or underscore
` + createProperty + `.Environment["AWS_REGION"]: is reserved by Lambda
` + createProperty + `.Environment["TABLE_NAME"]: is the component's own
` + createProperty + `.Environment["URL"]: has no value`},
	})
}

// Lambda's limit is found before anything is registered, to the byte.
func TestEnvironmentSize(t *testing.T) {
	t.Parallel()
	// The names of the tables are known in their length only.
	variables := map[string]string{
		"AUTHORIZER_CACHE_TTL": "0", "JWT_SECRET_PATH": "/events-api/jwt-secret", "SIGNING_KEYS_PATH": "/events-api/signing-keys", "OTHER_PATH": "/other",
		"TENANTS_PATH": "/events-api/tenants", "SECRET_MAX_AGE": "1m30s", "AUTH_METHODS": "jwt,apikey,signature", "ROUTE_PERMISSIONS": guardedPermissions,
		"API_KEY_TABLE_NAME": "events-api-keys-1234567", "AUTHORIZER_STATE_TABLE_NAME": "events-authorizer-state-1234567", "FILL": "",
	}
	text, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	size := func(fill int) (permissions pulumi.StringInput, message string) {
		args := guardedArgs()
		args.Authorizer.Secrets.Paths["OTHER_PATH"] = pulumi.String("/other")
		args.Authorizer.Function.Environment["FILL"] = pulumi.String(strings.Repeat("f", fill))
		p, m := check(testScope, "events", args)
		f := p.authorizers[0].function
		if f.files["route-permissions.json"] != guardedPermissions {
			t.Errorf("the code's files are %q", f.files)
		}
		return f.environment["ROUTE_PERMISSIONS"], messages(m)
	}
	if permissions, got := size(4096 - len(text)); got != "" || permissions != pulumi.String(guardedPermissions) {
		t.Errorf("at the limit: %s, %s", permissions, got)
	}
	if permissions, got := size(4097 - len(text)); got != "" || permissions != pulumi.String("file:route-permissions.json") {
		t.Errorf("above the limit: %s, %s", permissions, got)
	}
	permissions, err := json.Marshal(guardedPermissions)
	if err != nil {
		t.Fatal(err)
	}
	const named = `"file:route-permissions.json"`
	want := `Authorizer.Function: the environment variables would have 4097 bytes as JSON: Lambda allows 4096: keep large values in SSM or in the code`
	if _, got := size(4097 - len(text) + len(permissions) - len(named)); got != want {
		t.Errorf("above the limit without the permissions:\n%s\nwant\n%s", got, want)
	}

	args := exampleArgs()
	create := args.Routes["POST /events"].Function
	create.Environment = map[string]pulumi.StringInput{"TEXT": pulumi.String(strings.Repeat("<", 4096))}
	args.Routes["POST /events"], args.Routes["PUT /events/{id}"] = Route{Function: create}, Route{Function: create}
	_, m := check(testScope, "events", args)
	want = `Routes["POST /events"].Function: the environment variables would have 4143 bytes as JSON: Lambda allows 4096: keep large values in SSM or in the code`
	if got := messages(m); got != want {
		t.Errorf("a handler's:\n%s\nwant\n%s", got, want)
	}
}
