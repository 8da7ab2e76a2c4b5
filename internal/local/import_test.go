package local

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optimport"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
)

// checkFirstRefresh: a first refresh finds the policies of each function's role, a
// second one nothing, and there is nothing to deploy.
// Pulumi shows what is only computed if it is asked to, as older ones did.
func (d deployed) checkFirstRefresh(t *testing.T, functions int) {
	t.Helper()
	const legacy = "PULUMI_ENABLE_LEGACY_REFRESH_DIFF"
	d.stack.Workspace().SetEnvVar(legacy, "true")
	defer d.stack.Workspace().UnsetEnvVar(legacy)
	for i, want := range []int{functions, 0} {
		var result auto.RefreshResult
		err := d.provide(func() (err error) {
			result, err = d.stack.Refresh(t.Context(), optrefresh.ProgressStreams(d.output), optrefresh.ErrorProgressStreams(d.output))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := (*result.Summary.ResourceChanges)["update"]; got != want {
			t.Errorf("refresh %d shows %d changes, want %d", i+1, got, want)
		}
	}
	d.up(t, map[string]int{})
}

// pulumi refresh shows what it shows on AWS. pulumi import takes what is there and refuses
// what is not there.
func TestRefreshAndImport(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev"})
	table, err := d.Output("tableName")
	if err != nil {
		t.Fatal(err)
	}
	functions, _ := d.Outputs["functionNames"].(map[string]any)
	function, _ := functions["create-event"].(string)
	d.checkFirstRefresh(t, len(functions))
	for _, tt := range []struct{ typ, id, input string }{
		{"aws:dynamodb/table:Table", table, "hashKey:pk"},
		{"aws:lambda/function:Function", function, "runtime:provided.al2023"},
	} {
		if output, err := d.importOne(t, "found", tt.typ, tt.id); err != nil {
			t.Errorf("%s: %v; the output is %s", tt.typ, err, output)
		}
		if inputs := d.imported(t, "found", tt.typ, tt.id); !strings.Contains(inputs, tt.input) {
			t.Errorf("%s: the imported inputs are %q", tt.typ, inputs)
		}
	}
	for _, typ := range []string{"aws:dynamodb/table:Table", "aws:lambda/function:Function", "aws:apigatewayv2/api:Api"} {
		output, err := d.importOne(t, "none", typ, "none")
		if err == nil || !strings.Contains(output, `there is none with the ID "none"`) {
			t.Errorf("%s: %v; the output is %s", typ, err, output)
		}
		if inputs := d.imported(t, "none", typ, "none"); inputs != "" {
			t.Errorf("%s: what is not there was imported: %s", typ, inputs)
		}
	}
}

// importOne imports a resource and returns Pulumi's output. The language host within the
// command writes no programs.
func (d deployed) importOne(t *testing.T, name, typ, id string) (output string, err error) {
	t.Helper()
	seen := len(d.output.String())
	err = d.provide(func() error {
		_, err := d.stack.ImportResources(t.Context(),
			optimport.Resources([]*optimport.ImportResource{{Type: typ, Name: name, ID: id}}),
			optimport.Protect(false), optimport.GenerateCode(false), optimport.ProgressStreams(d.output), optimport.ErrorProgressStreams(d.output))
		return err
	})
	return d.output.String()[seen:], err
}

// imported are the inputs of a resource of the stack, empty where it has none of
// that name, type and ID.
func (d deployed) imported(t *testing.T, name, typ, id string) string {
	t.Helper()
	state, err := d.stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct {
		Resources []struct {
			URN, Type, ID string
			Inputs        map[string]any
		}
	}
	if err := json.Unmarshal(state.Deployment, &deployment); err != nil {
		t.Fatal(err)
	}
	for _, r := range deployment.Resources {
		if strings.HasSuffix(r.URN, "::"+name) && r.Type == typ && r.ID == id {
			return fmt.Sprint(r.Inputs)
		}
	}
	return ""
}
