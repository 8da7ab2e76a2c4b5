package pulumicli

import (
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

func TestInstalled(t *testing.T) {
	tests := []struct {
		name     string
		files    map[string]string
		found    bool
		progress string
	}{
		{name: "none"},
		{name: "new enough", files: map[string]string{"bin/pulumi": "v3.256.1"}, found: true},
		{name: "the oldest", files: map[string]string{"bin/pulumi": "v3.250.0"}, found: true},
		{name: "a development version", files: map[string]string{"bin/pulumi": "v3.257.0-alpha.1+dirty"}, found: true},
		{name: "too old", files: map[string]string{"bin/pulumi": "v3.249.0"}, progress: "Pulumi 3.249.0 on PATH is older than 3.250.0: using a build of 3.256.0\n"},
		{name: "another layout", files: map[string]string{"pulumi": "v3.256.0"}},
		{name: "no version", files: map[string]string{"bin/pulumi": "what?"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, version := range tt.files {
				script := "#!/bin/sh\necho '" + version + "'\n"
				if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", filepath.Join(dir, "bin")+":"+dir)
			var progress strings.Builder
			root, ok := installed(t.Context(), &progress)
			if ok != tt.found || ok && root != dir {
				t.Errorf("found %q (%t), want %q (%t)", root, ok, dir, tt.found)
			}
			if progress.String() != tt.progress {
				t.Errorf("told %q, want %q", progress.String(), tt.progress)
			}
		})
	}
}

func TestPinsAreComplete(t *testing.T) {
	t.Parallel()
	for _, tool := range append(slices.Collect(maps.Values(languages)), pulumi, engine) {
		dir, err := tool.writeModule("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(mod), " v"+tool.version+"\n") {
			t.Errorf("the go.mod of %s does not require version %s", tool.title, tool.version)
		}
		if _, err := os.Stat(filepath.Join(dir, "go.sum")); err != nil {
			t.Error(err)
		}
	}
}

var update = flag.Bool("update", false, "write the pins of the engine")

// TestEngineIsPinnedAsTheProject: the engine is compiled from modules of this project, in the
// same versions, so that what the command, the program and the engine have in common is
// compiled once.
func TestEngineIsPinnedAsTheProject(t *testing.T) {
	t.Parallel()
	if *update {
		for pin, file := range map[string]string{"pins/engine.mod": "../../../go.mod", "pins/engine.sum": "../../../go.sum"} {
			content, err := os.ReadFile(file)
			if err = errors.Join(err, os.WriteFile(pin, content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	project, pinned := required(t, "../../../go.mod"), required(t, "pins/engine.mod")
	for module, version := range pinned {
		if project[module] != version {
			t.Errorf("the engine is pinned to %s %s, the project to %q: pin it as that with go test ./internal/local/pulumicli -update", module, version, project[module])
		}
	}
	dir, err := engine.writeModule(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "main.go")); err != nil || pinned["github.com/pulumi/pulumi/pkg/v3"] != "v"+Version {
		t.Errorf("%v; the engine is pinned to %s", err, pinned["github.com/pulumi/pulumi/pkg/v3"])
	}
}

// required are the modules of a go.mod.
func required(t *testing.T, path string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse(path, content, nil)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range file.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}

// A language host of the installation is used, and one on PATH; one that cannot be
// built is asked for.
func TestLanguageHosts(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	bin := filepath.Join(root, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(bin, "pulumi-language-yaml"), filepath.Join(other, "pulumi-language-dotnet")} {
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", other)
	for language, want := range map[string]string{"yaml": bin, "dotnet": other} {
		if got, err := EnsureLanguage(t.Context(), root, language, "", io.Discard); err != nil || got != want {
			t.Errorf("the host of %s is in %q, %v, want %q", language, got, err, want)
		}
	}
	const want = `the runtime "python" needs pulumi-language-python, which is not on PATH and cannot be built here: install Pulumi from https://www.pulumi.com/docs/install`
	if _, err := EnsureLanguage(t.Context(), root, "python", "", io.Discard); err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var quiet, told strings.Builder
	unlock, err := lock(t.Context(), path, &quiet)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		unlock, err := lock(t.Context(), path, &told)
		if err == nil {
			unlock()
		}
		second <- err
	}()
	select {
	case err := <-second:
		t.Fatalf("the second lock did not wait: %v", err)
	default:
	}
	unlock()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if quiet.String() != "" {
		t.Errorf("the first lock told %q", quiet.String())
	}
}

// A program that somebody else could have put into the cache folder is never run.
func TestBuiltTrustsOnlyTheUsersOwn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		open string // what others may write to
		want bool
	}{
		"own":     {want: true},
		"root":    {open: "."},
		"bin":     {open: "bin"},
		"program": {open: "bin/pulumi"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			root := filepath.Join(parent, "root")
			// Tests' own folders let nobody in.
			for _, dir := range []string{filepath.Dir(parent), parent} {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(pulumi.binary(root), nil, 0o700); err != nil {
				t.Fatal(err)
			}
			if test.open != "" {
				if err := os.Chmod(filepath.Join(root, test.open), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			if got := pulumi.built(root); got != test.want {
				t.Errorf("built is %t, want %t", got, test.want)
			}
		})
	}
}
