package components

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const theirs = "arn:aws:lambda:eu-central-1:123456789012:function:theirs"

func TestCheckExisting(t *testing.T) {
	t.Parallel()
	of := func(arn string) func(*ProtectedHttpApiArgs) {
		return changeCreate(func(f *FunctionArgs) { *f = FunctionArgs{Arn: pulumi.String(arn), Name: "theirs"} })
	}
	const what = ` is not the ARN of a function, arn:aws:lambda:{region}:{account of 12 digits}:function:{name}, with :{version or alias} at its end where that is meant`
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"good", of(theirs + ":live"), ""},
		{"account", of("arn:aws:lambda:eu-central-1:1234:function:theirs"), createProperty + `.Arn: "arn:aws:lambda:eu-central-1:1234:function:theirs"` + what},
		{"region", of("arn:aws:lambda:europe:123456789012:function:theirs"), createProperty + `.Arn: "arn:aws:lambda:europe:123456789012:function:theirs"` + what},
		{"latest", of(theirs + ":$LATEST"), createProperty + `.Arn: "` + theirs + `:$LATEST" ends with $LATEST, for which Lambda grants no permission: leave it out`},
		{"no name", changeCreate(func(f *FunctionArgs) { *f = FunctionArgs{Arn: pulumi.String(theirs).ToStringOutput()} }),
			createProperty + `.Name: is required: the name in the ARN is known only at deployment`},
		{"what it cannot have", changeCreate(func(f *FunctionArgs) { f.Arn, f.Logging = pulumi.String(theirs), &LoggingArgs{Format: "JSON"} }),
			createProperty + `.Package: is not possible with Arn, which is another function: leave out one of them
` + createProperty + `.MemorySize: is not possible with Arn: the component does not make that function, whose owner sets this: leave it out
` + createProperty + `.Environment: is not possible with Arn: the component does not make that function, whose owner sets this: leave it out
` + createProperty + `.TableActions: is not possible with Arn: the component does not make that function, whose owner sets this: leave it out
` + createProperty + `.Logging: is not possible with Arn: the component does not make that function, whose owner sets this: leave it out`},
		{"one function of two authorizers", func(a *ProtectedHttpApiArgs) {
			*a = *mixedArgs()
			a.Authorizer = AuthorizerArgs{Function: FunctionArgs{Arn: pulumi.String(theirs)}, CacheTtl: time.Minute}
			a.Authorizers["partners"] = AuthorizerArgs{Function: FunctionArgs{Arn: pulumi.String(theirs), Name: "partners"}}
			changeRoute("GET /partners", func(r *Route) { r.Permissions = nil })(a)
		}, `Authorizers["partners"].Function.Arn: is the function of Authorizer.Function too: an authorizer's function is nobody else's, since it knows one TTL and one list of identity sources: give one of them another`},
		{"authorizer", func(a *ProtectedHttpApiArgs) {
			*a = *guardedArgs()
			a.Authorizer.Function = FunctionArgs{Arn: pulumi.String(theirs)}
		}, strings.NewReplacer("…", " is not possible with Function.Arn, since the component does not make that function:", ">", "Authorizer.").Replace(`>SecretPath:… have its owner allow its role to read the secret and set the variable
>Secrets:… have its owner allow its role to read the secrets and set the variables
>ApiKeys:… have its owner make the tables and allow its role to use them
>ReplayProtection:… have its owner make the state table and allow its role to use it
`) +
			`Routes["POST /events"].Permissions: cannot be told to Authorizer.Function.Arn, since the component does not make that function: have the route's function check them`},
	})
}

// Of a function that is there already nothing is made but what API Gateway needs to
// invoke it.
func TestExisting(t *testing.T) {
	t.Parallel()
	gate := strings.Replace(theirs, "theirs", "gate", 1) + ":7"
	for _, test := range []struct {
		name string
		of   func(string) pulumi.StringInput
	}{
		{"plain", func(arn string) pulumi.StringInput { return pulumi.String(arn) }},
		{"known at deployment", func(arn string) pulumi.StringInput { return pulumi.String(arn).ToStringOutput() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := mustDeploy(t, &ProtectedHttpApiArgs{
				Authorizer: AuthorizerArgs{Function: FunctionArgs{Arn: test.of(gate), Name: "gate"}, CacheTtl: time.Minute},
				Routes:     Routes{"GET /events": {Function: FunctionArgs{Arn: test.of(theirs), Name: "theirs"}}},
				Defaults:   FunctionDefaults{MemorySize: 512, Environment: map[string]pulumi.StringInput{"A_B": pulumi.String("1")}},
			})
			want := []string{
				"Api events-api", "Authorizer events-gate", "Integration events-theirs", "LogGroup events-access-logs", "Permission events-gate", "Permission events-theirs", "Route events-GET /events", "Stage events-stage",
			}
			if got := m.children(); !slices.Equal(got, want) {
				t.Errorf("children are %q, want %q", got, want)
			}
			const invoke = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/"
			if got := m.find(t, "Integration", "events-theirs").Inputs["integrationUri"].StringValue(); got != invoke+theirs+"/invocations" {
				t.Errorf("the integration is %s", got)
			}
			if got := m.find(t, "Authorizer", "events-gate").Inputs["authorizerUri"].StringValue(); got != invoke+gate+"/invocations" {
				t.Errorf("the authorizer is %s", got)
			}
			const api = "arn:aws:execute-api:eu-central-1:123456789012:api123"
			expectInputs(t, m.find(t, "Permission", "events-theirs"), map[string]any{
				"action": "lambda:InvokeFunction", "function": theirs, "principal": "apigateway.amazonaws.com", "sourceArn": api + "/*/GET/events",
			})
			expectInputs(t, m.find(t, "Permission", "events-gate"), map[string]any{
				"action": "lambda:InvokeFunction", "function": strings.TrimSuffix(gate, ":7"), "qualifier": "7",
				"principal": "apigateway.amazonaws.com", "sourceArn": api + "/authorizers/auth123",
			})
		})
	}
}
