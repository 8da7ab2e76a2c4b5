package tenant

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImportsAreLean: tenants in code cost no AWS client, and tenants in
// parameters only the one that the program gives.
func TestImportsAreLean(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/protected-http-api/protected-http-api"
	imports := "\n" + string(out)
	for _, prefix := range []string{"github.com/aws/aws-sdk-go-v2", "github.com/cedar-policy", "github.com/pulumi", module + "/authz/internal/awsjson"} {
		if strings.Contains(imports, "\n"+prefix) {
			t.Errorf("the package imports %s", prefix)
		}
	}
	if !strings.Contains(imports, module+"/authz\n") {
		t.Error("go list does not name what the package imports")
	}
}
