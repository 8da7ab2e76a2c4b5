package apikey

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestColdStartLinksNoServiceClient: what makes the start of a function slow
// is not linked.
func TestColdStartLinksNoServiceClient(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := strings.Fields(string(out))
	if !slices.Contains(imports, "github.com/aws/aws-sdk-go-v2/aws/signer/v4") {
		t.Error("the list is not of the imports")
	}
	for _, path := range imports {
		for _, slow := range []string{"github.com/aws/aws-sdk-go-v2/service/", "github.com/aws/aws-sdk-go-v2/config", "github.com/pulumi/", "github.com/cedar-policy/"} {
			if strings.HasPrefix(path, slow) {
				t.Errorf("it imports %s", path)
			}
		}
	}
}
