package localtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tutorialFile matches a file that the README shows under its name.
var tutorialFile = regexp.MustCompile("(?m)^`([\\w./]+)`:\n\n```\\w*\n((?s).*?)^```\n")

// TestTutorial makes the project of the README's files in an empty folder, and runs
// its test as the README says.
func TestTutorial(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := tutorialFile.FindAllStringSubmatch(string(readme), -1)
	if len(files) != 6 {
		t.Fatalf("the README shows %d files", len(files))
	}
	for _, file := range files {
		path := filepath.Join(dir, file[1])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := goCommand(t, dir, nil, "mod", "edit", "-require="+product+"@v0.0.0", "-replace="+product+"="+root); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := goCommand(t, dir, nil, "mod", "tidy"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := goCommand(t, dir, []string{"TMPDIR=" + t.TempDir()}, "test", "-v", "./...")
	if err != nil || strings.Count(out, "--- PASS: TestOrders") != 1 {
		t.Errorf("%v\n%s", err, out)
	}
}

// product is the module's path.
const product = "github.com/protected-http-api/protected-http-api"
