package cedar

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyThisPackageImportsCedar: who does not import this package does not
// pay for the engine. It names this package too, which must import it, so that
// the test cannot look for the wrong path.
func TestOnlyThisPackageImportsCedar(t *testing.T) {
	t.Parallel()
	const module = "github.com/cedar-policy/cedar-go"
	for _, path := range []string{"..", "../secret", "../apikey", "../httpsig", "../tenant", "../../handlers/...", "."} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if found, want := strings.Contains(string(out), module+"\n"), path == "."; found != want {
				t.Errorf("%s imports %s: %v, want %v", path, module, found, want)
			}
		})
	}
}
