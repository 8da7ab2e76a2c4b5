package local

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// anAccount is one of AWS's.
const anAccount = "123456789012"

// Of a stack in an account of AWS, whose state is written as AWS's provider writes it and
// has secrets of another key, a preview finds no change where there is none, and loudly
// what is lost where there is.
func TestPreview(t *testing.T) {
	t.Parallel()
	const route = `"PUT /private": {Function: work},`
	dir := edited(t, `"POST /private": {Function: work},`, `"POST /private": {Function: work}, `+route)
	d := deploy(t, Options{Project: dir, Stack: "dev", forAWS: true, account: anAccount, Console: &consoletest.Buffer{}})
	state := d.asOnAWS(t)

	preview := func(dir string) *Plan {
		t.Helper()
		plan, err := Preview(t.Context(), Options{Project: dir, Stack: "dev", Progress: t.Output(), Console: io.Discard}, state)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	plan := preview(dir)
	if len(plan.Changes) > 0 || plan.Same < 30 || plan.Account != anAccount || !slices.Equal(plan.Secrets, []string{"ledger-authorizer"}) {
		t.Errorf("nothing has changed, and the plan is %+v", plan)
	}

	plan = preview(edited(t, `HashKey:                "id",`, `HashKey:                "account",`))
	var lost []string
	for _, c := range plan.Changes {
		if c.Loses() {
			lost = append(lost, string(c.Kind)+" "+c.Type+" "+c.Name+" "+strings.Join(c.Properties, ","))
		}
	}
	want := []string{
		"replace aws:dynamodb/table:Table ledger-table hashKey",
		"delete aws:apigatewayv2/route:Route ledger-PUT /private ",
	}
	if !slices.Equal(lost, want) || !plan.Changes[0].Loses() || plan.Changes[0].ID == "" {
		t.Errorf("the plan loses %q, want %q: %+v", lost, want, plan.Changes)
	}
}

// edited is the project ledger with another text in its program.
func edited(t *testing.T, from, to string) string {
	t.Helper()
	dir := otherModule(t, "ledger")
	file := filepath.Join(dir, "main.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), from) != 1 {
		t.Fatalf("the program has not one %q", from)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asOnAWS is the stack's state as pulumi stack export writes that of a stack on AWS.
func (d deployed) asOnAWS(t *testing.T) []byte {
	t.Helper()
	exported, err := d.stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(exported.Deployment, &state); err != nil {
		t.Fatal(err)
	}
	secret := func(ciphertext string) map[string]any {
		return map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ciphertext}
	}
	state["secrets_providers"] = map[string]any{"type": "cloud", "state": map[string]any{"url": "awskms:///alias/nobody", "encryptedkey": "AAAA"}}
	found := 0
	for _, r := range state["resources"].([]any) {
		r, _ := r.(map[string]any)
		inputs, _ := r["inputs"].(map[string]any)
		outputs, _ := r["outputs"].(map[string]any)
		urn, _ := r["urn"].(string)
		switch {
		case strings.HasSuffix(urn, "aws:lambda/function:Function::ledger-authorizer"):
			for _, values := range []map[string]any{inputs, outputs} {
				environment, _ := values["environment"].(map[string]any)
				variables, _ := environment["variables"].(map[string]any)
				variables["KEYS_PATH"] = secret("v1:of another key")
				environment["__defaults"] = []any{}
			}
			// What AWS's provider adds by itself.
			inputs["skipDestroy"], outputs["skipDestroy"] = false, false
			added, _ := inputs["__defaults"].([]any)
			inputs["__defaults"] = append(added, "skipDestroy")
			found++
		case strings.Contains(urn, "aws:iam/role:Role::"):
			policy, _ := outputs["assumeRolePolicy"].(string)
			outputs["assumeRolePolicy"] = strings.ReplaceAll(policy, ":", ": ") // as AWS writes it
			found++
		}
	}
	if found < 2 {
		t.Fatal("the state has no function and no role")
	}
	deployment, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(apitype.UntypedDeployment{Version: exported.Version, Deployment: deployment})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadDeployedRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ state, want string }{
		{"x", "the state is not JSON: invalid character 'x' looking for beginning of value: write it with pulumi stack export"},
		{`{"version":3}`, "the state has no deployment: write it with pulumi stack export"},
		{`{"version":1,"deployment":{}}`, "the state is of version 1, which is too old: write it with pulumi stack export of a newer Pulumi"},
		{`{"version":3,"deployment":{"resources":[{"urn":"urn:x"}]}}`, `the state has a resource with the URN "urn:x": write it with pulumi stack export`},
		{
			`{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"}]}}`,
			"the state is of the stack prod of the project shop, not of dev of orders: name another stack with --stack, or give another state",
		},
	} {
		if _, err := readDeployed([]byte(tt.state), "orders", "dev"); err == nil || err.Error() != tt.want {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}
