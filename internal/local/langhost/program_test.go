package langhost

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A program of which it is known what it was compiled from is compiled when that changes,
// and not before.
func TestProgramIsCompiledOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/shop\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() { println(\"one\") }\n")
	p := &Program{Binary: filepath.Join(t.TempDir(), "program")}
	run := func() string {
		t.Helper()
		if output, err := p.Compile(t.Context(), dir); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		output, err := p.command(t.Context(), dir, p.Binary).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		return string(output)
	}
	if got := run(); got != "one\n" || p.Snapshot() != nil {
		t.Errorf("the program printed %q, and it is known what it was compiled from: %v", got, p.Snapshot())
	}
	if err := p.Look(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	// With no go command it could not be compiled.
	p.Env = map[string]string{"PATH": t.TempDir()}
	if got := run(); got != "one\n" || !p.Current(t.Context(), dir) {
		t.Errorf("the program printed %q", got)
	}
	if p.Current(t.Context(), filepath.Dir(dir)) {
		t.Error("the program of another folder is the same")
	}
	p.Env = nil
	write("main.go", "package main\n\nfunc main() { println(\"two\") }\n")
	if got := run(); got != "two\n" || p.Snapshot() != nil {
		t.Errorf("the changed program printed %q", got)
	}
	write("main.go", "package main\n\nfunc main() { missing() }\n")
	if err := p.Look(t.Context(), dir); err == nil || !strings.HasSuffix(err.Error(), "undefined: missing\n") || p.Snapshot() != nil {
		t.Errorf("the error is %v", err)
	}
}
