package components

import (
	"encoding/json"
	"fmt"
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
	size := func(fill int) string {
		args := guardedArgs()
		args.Authorizer.Secrets["OTHER_PATH"] = pulumi.String("/other")
		args.Authorizer.Function.Environment["FILL"] = pulumi.String(strings.Repeat("f", fill))
		_, m := check(testScope, "events", args)
		return messages(m)
	}
	if got := size(4096 - len(text)); got != "" {
		t.Errorf("at the limit: %s", got)
	}
	permissions, err := json.Marshal(guardedPermissions)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("Authorizer.Function: the environment variables would have 4097 bytes as JSON, %d of them for ROUTE_PERMISSIONS: Lambda allows 4096: give the routes fewer or shorter Permissions, or divide them between two components", len(permissions))
	if got := size(4097 - len(text)); got != want {
		t.Errorf("above the limit:\n%s\nwant\n%s", got, want)
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
