package localtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bakery copies the module testdata/bakery, with this one as its only dependency.
func bakery(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/bakery")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"go.mod": strings.Replace(string(mod), "../../..", root, 1), "go.sum": string(sum)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := goCommand(t, dir, "list", "-mod=mod", "-deps", "-test", "./..."); err != nil {
		t.Fatalf("completing the module: %v\n%s", err, out)
	}
	return dir
}

func goCommand(t *testing.T, dir string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestKit runs the tests of another module, which use the kit.
func TestKit(t *testing.T) {
	t.Parallel()
	dir := bakery(t)
	out, err := goCommand(t, dir, "test", "-v", "./tests")
	t.Log(out)
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, "localtest: deployed in ") {
		t.Error("it does not say where the time went")
	}
}
