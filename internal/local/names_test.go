package local

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrename"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// ordersAs is the project orders under another name, with a stack and its settings.
func ordersAs(t *testing.T, project, stack string, settings map[string]string) string {
	t.Helper()
	dir := otherModule(t, "orders")
	file := filepath.Join(dir, "Pulumi.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("name: orders\n"), []byte("name: "+project+"\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "config:\n  aws:region: eu-west-1\n"
	for key, value := range settings {
		config += "  " + project + ":" + key + ": " + value + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Pulumi takes dots in the names of projects, stacks and components, and names that
// are longer than a function's: the whole way with such names.
func TestNamesOfAllKinds(t *testing.T) {
	t.Parallel()
	stack := "eu.prod." + strings.Repeat("long-", 8) + "1"
	d := deploy(t, Options{Project: ordersAs(t, "shop.dev", stack, map[string]string{"component": "orders.v2"}), Stack: stack})
	d.expectStatuses(t, http.StatusCreated)
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusOK {
		t.Errorf("GET /orders is %d, want 200", got)
	}
	for _, name := range []string{"authorizer", "list-orders", "create-order"} {
		if physical := d.function(t, name); !strings.HasPrefix(physical, "shop-dev-eu-prod-long-") || !strings.Contains(physical, name) || len(physical) > 64 {
			t.Errorf("the function %s is called %s", name, physical)
		}
	}
	if d.invocations(t, "authorizer") == 0 { // by its log
		t.Error("the authorizer has logged nothing")
	}
	d.up(t, map[string]int{})
}

// A function that Pulumi names, and whose log group is there already, outlives a
// renaming of the stack; one that is renamed itself is there before the old one
// goes; and the logs stay.
func TestRenaming(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: ordersAs(t, "orders", "dev", map[string]string{"keepNames": "true"}), Stack: "dev", Console: &consoletest.Buffer{}})
	ctx, stop := context.WithCancel(t.Context())
	tr := d.traffic(t)
	defer tr.wantNoFault(stop)
	tr.send(ctx, "list", http.MethodGet, "/orders", nil)

	before := d.function(t, "list-orders")
	// With the stack renamed, the SDK asks for the history of the old name, and fails.
	_, renaming := d.stack.Rename(t.Context(), optrename.StackName("prod.2"))
	var err error
	if d.stack, err = auto.SelectStack(t.Context(), "prod.2", d.stack.Workspace()); err != nil {
		t.Fatal(renaming, err)
	}
	if _, err := d.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := d.function(t, "list-orders"); after != before {
		t.Errorf("the function is called %s, no longer %s", after, before)
	}
	if authorizer := d.function(t, "authorizer"); authorizer == "" || !strings.Contains(authorizer, "-prod-2-") {
		t.Errorf("the authorizer, whose name has the stack's, is called %s", authorizer)
	}

	ran, log := d.invocations(t, "list-orders"), d.AWS.FunctionLogFile(before)
	d.set(t, "listName", "list")
	if _, err := d.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := d.function(t, "list")
	if d.AWS.FunctionLogFile(after) != log || d.AWS.FunctionLogFile(before) != "" {
		t.Errorf("the function %s logs to %s and %s to %s", after, d.AWS.FunctionLogFile(after), before, d.AWS.FunctionLogFile(before))
	}
	content, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if kept := bytes.Count(recordsOf(content, before), []byte(" START RequestId: ")); kept < ran {
		t.Errorf("the log has %d of the invocations before, which were %d", kept, ran)
	}
	tr.expect("renamed", "list", http.StatusOK)
	if d.invocations(t, "list") == 0 {
		t.Error("the function has not run under its new name")
	}
}
