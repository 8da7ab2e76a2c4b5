package components

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func stageVariable(name string, value pulumi.StringInput) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) { a.Stage.Variables = map[string]pulumi.StringInput{name: value} }
}

func TestCheckStage(t *testing.T) {
	t.Parallel()
	const noName = " is not a name that AWS allows: up to 128 letters, digits, - and _, or $default"
	many := map[string]pulumi.StringInput{}
	for i := range 101 {
		many[fmt.Sprintf("v%d", i)] = pulumi.String("x")
	}
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"a name", func(a *ProtectedHttpApiArgs) { a.Stage.Name = "v1_prod-eu" }, ""},
		{"the default name", func(a *ProtectedHttpApiArgs) { a.Stage.Name = "$default" }, ""},
		{"a path", func(a *ProtectedHttpApiArgs) { a.Stage.Name = "v1/prod" }, `Stage.Name: "v1/prod"` + noName},
		{"a dot", func(a *ProtectedHttpApiArgs) { a.Stage.Name = "v1.0" }, `Stage.Name: "v1.0"` + noName},
		{"variables", stageVariable("Tenant_1", pulumi.String("https://a.example:80/b?c=d&e,f~g#h_i-j")), ""},
		{"a variable that is known later", stageVariable("tenant", pulumi.String("").ToStringOutput()), ""},
		{"a variable's name", stageVariable("my-tenant", pulumi.String("x")), `Stage.Variables["my-tenant"]: is not a name that AWS allows: up to 64 letters, digits and _`},
		{"a long name", stageVariable(strings.Repeat("n", 65), pulumi.String("x")),
			`Stage.Variables["` + strings.Repeat("n", 65) + `"]: is not a name that AWS allows: up to 64 letters, digits and _`},
		{"a variable's value", stageVariable("tenant", pulumi.String("a b")),
			`Stage.Variables["tenant"]: the value "a b" has a character other than letters, digits, commas and -._~:/?#&=, which are all that AWS takes`},
		{"a long value", stageVariable("tenant", pulumi.String(strings.Repeat("v", 513))), `Stage.Variables["tenant"]: the value has 513 characters: at most 512 are allowed`},
		{"no value", stageVariable("tenant", nil), `Stage.Variables["tenant"]: has no value, and AWS knows no empty ones: leave it out`},
		{"an empty value", stageVariable("tenant", pulumi.String("")), `Stage.Variables["tenant"]: has no value, and AWS knows no empty ones: leave it out`},
		{"many", func(a *ProtectedHttpApiArgs) { a.Stage.Variables = many }, "Stage.Variables: 101 variables are too many: at most 100 are allowed"},
	})
}

// A named stage is another stage, and nothing else that AWS has.
func TestNamedStage(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.AccessLogs.Off = true
	args.Stage = StageArgs{Name: "v1", Variables: map[string]pulumi.StringInput{"tenant": pulumi.String("acme")}}
	m := mustDeploy(t, args)
	expectInputs(t, m.find(t, "Stage", "events-stage-v1"), map[string]any{
		"apiId": "api123", "name": "v1", "autoDeploy": true, "stageVariables": map[string]any{"tenant": "acme"},
		"defaultRouteSettings": map[string]any{"throttlingRateLimit": 5000.0, "throttlingBurstLimit": 2500.0},
	})
	args.Stage = StageArgs{}
	before := mustDeploy(t, args)
	for _, r := range m.registered {
		if r.Custom && short(r.TypeToken) != "Stage" {
			expectInputs(t, r, before.find(t, short(r.TypeToken), r.Name).Inputs.Mappable())
		}
	}
}
