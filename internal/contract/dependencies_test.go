package contract

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/protected-http-api/protected-http-api"

// The rule that keeps the parts of the project apart: a Lambda binary carries
// no Pulumi, the component knows no Lambda code, and the local AWS knows
// neither.
func TestDependencyRule(t *testing.T) {
	t.Parallel()
	// Service clients of AWS, Cedar: each adds megabytes and milliseconds.
	slow := []string{
		"github.com/aws/aws-sdk-go-v2/service", "github.com/aws/aws-sdk-go-v2/config", "github.com/pulumi",
		"github.com/cedar-policy", module + "/authz/cedar",
	}
	tests := []struct {
		packages  string
		forbidden []string
	}{
		{"./authz/...", []string{"github.com/pulumi", module + "/components", module + "/internal/localaws", module + "/internal/local"}},
		{"./handlers/...", []string{"github.com/pulumi", module + "/components", module + "/internal/localaws", module + "/internal/local"}},
		{"./components/...", []string{module + "/authz", module + "/handlers", module + "/internal/localaws", module + "/internal/events"}},
		{"./internal/localaws/...", []string{module + "/authz", module + "/handlers", module + "/components", module + "/internal/events"}},
		// An authorizer runs before every uncached request: nothing that makes its
		// start slower. The default one carries no method that it does not use.
		{"./handlers/authorizer", append(slow, module+"/authz/apikey", module+"/authz/httpsig", module+"/authz/tenant")},
		{"./handlers/multiauthorizer", slow},
		{"./authz/secret", slow},
		{"./authz/apikey", slow},
		{"./authz/httpsig", slow},
		{"./authz/tenant", slow},
		{".", []string{module + "/authz", module + "/handlers", module + "/internal/localaws"}},
	}
	for _, tt := range tests {
		t.Run(tt.packages, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", tt.packages)
			cmd.Dir = "../.."
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			imports := strings.Fields(string(out))
			if len(imports) < 2 {
				t.Fatalf("%s has no imports", tt.packages)
			}
			for _, forbidden := range tt.forbidden {
				if i := slices.IndexFunc(imports, func(path string) bool { return within(path, forbidden) }); i >= 0 {
					t.Errorf("%s imports %s", tt.packages, imports[i])
				}
			}
		})
	}
}

// within reports whether a package is at or below a path.
func within(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

// This package is what both sides may import, so it imports nothing.
func TestContractImportsNothing(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Imports}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != "[]" {
		t.Errorf("the imports are %s", got)
	}
}
