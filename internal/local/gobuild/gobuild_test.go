package gobuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeModule(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.24\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunCompiles(t *testing.T) {
	t.Parallel()
	dir := writeModule(t, "package main\n\nfunc main() {}\n")
	binary := filepath.Join(dir, "m")
	var progress strings.Builder
	build := Build{Title: "m", Dir: dir, Package: ".", Output: binary, Progress: &progress, Env: []string{"GOWORK=off"}}
	if err := build.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Error(err)
	}
}

func TestRunShowsTheCompilersError(t *testing.T) {
	t.Parallel()
	dir := writeModule(t, "package main\n\nfunc main() { missing() }\n")
	for _, output := range []string{"", filepath.Join(dir, "m")} {
		err := Build{Title: "the demo", Dir: dir, Package: ".", Output: output, Progress: os.Stderr, Env: []string{"GOWORK=off"}}.Run(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		for _, want := range []string{"compiling the demo: exit status 1\n", "main.go:3:15: undefined: missing"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error %q lacks %q", err, want)
			}
		}
	}
}

var errInterrupted = errors.New("interrupted")

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	return ctx
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	err := Build{Title: "the demo", Dir: t.TempDir(), Package: ".", Progress: os.Stderr}.Run(canceled(t))
	if !errors.Is(err, errInterrupted) {
		t.Errorf("the error is %v, want %v", err, errInterrupted)
	}
}

func TestMeterCounts(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	m := newMeter(&out, "demo", 3)
	for _, part := range []string{"go: downloading example.com/a v1.0.0\ninternal/abi\nexample", ".com/a\n", "# example.com/b\nb.go:1:1: bad\n"} {
		if _, err := m.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	m.stop()
	if want := "  demo: 2 of at most 3 packages compiled, 0s"; m.state() != want {
		t.Errorf("state %q, want %q", m.state(), want)
	}
	m.total = 0
	if want := "  demo: 1 modules downloaded, 0s"; m.state() != want {
		t.Errorf("state %q, want %q", m.state(), want)
	}
	if want := "go: downloading example.com/a v1.0.0\ninternal/abi\nexample.com/a\n# example.com/b\nb.go:1:1: bad\n"; m.tail() != want {
		t.Errorf("tail %q, want %q", m.tail(), want)
	}
}
