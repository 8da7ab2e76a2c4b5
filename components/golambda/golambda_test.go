package golambda

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	goodMain = "package main\n\nfunc main() { println(\"hello\") }\n"
	goMod    = "module example.com/other\n\ngo 1.24\n"
)

// writeModule makes a module in folder with one package below it for each of
// the sources, and returns the folder.
func writeModule(t *testing.T, folder string, sources map[string]string) string {
	t.Helper()
	write(t, filepath.Join(folder, "go.mod"), goMod)
	for name, source := range sources {
		write(t, filepath.Join(folder, name, "main.go"), source)
	}
	return folder
}

func write(t *testing.T, path, contents string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
}

func target(t *testing.T, architecture, buildTarget string) Target {
	t.Helper()
	target, err := NewTarget(architecture, buildTarget)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func buildAll(t *testing.T, target Target, folders ...string) []Archive {
	t.Helper()
	archives, err := Build(t.Context(), Options{Packages: packages(folders...), Target: target, folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return archives
}

// packages are packages without options.
func packages(folders ...string) []Package {
	list := make([]Package, len(folders))
	for i, folder := range folders {
		list[i].Path = folder
	}
	return list
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// The two copies lie in folders of different names, are compiled into
// different caches of archives, and the second has newer files.
func TestBuildGivesTheSameBytesFromAnyFolder(t *testing.T) {
	t.Parallel()
	for _, architecture := range []string{ARM64, X8664} {
		t.Run(architecture, func(t *testing.T) {
			t.Parallel()
			sources := map[string]string{"hello": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"}
			first := writeModule(t, filepath.Join(t.TempDir(), "a"), sources)
			second := writeModule(t, filepath.Join(t.TempDir(), "another", "place"), sources)
			old := time.Now().Add(-100 * time.Hour)
			if err := os.Chtimes(filepath.Join(first, "hello", "main.go"), old, old); err != nil {
				t.Fatal(err)
			}
			goal := target(t, architecture, "")
			one := buildAll(t, goal, filepath.Join(first, "hello"))[0]
			two := buildAll(t, goal, filepath.Join(second, "hello"))[0]
			if string(read(t, one.Path)) != string(read(t, two.Path)) {
				t.Error("the archives differ")
			}
			if one.SHA256 != two.SHA256 {
				t.Errorf("hashes differ: %s and %s", one.SHA256, two.SHA256)
			}
		})
	}
}

func TestBuildArchive(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	archive := buildAll(t, target(t, ARM64, ""), filepath.Join(module, "hello"))[0]

	contents := read(t, archive.Path)
	sum := sha256.Sum256(contents)
	if want := base64.StdEncoding.EncodeToString(sum[:]); archive.SHA256 != want {
		t.Errorf("SHA256 is %q, want %q", archive.SHA256, want)
	}
	reader, err := zip.OpenReader(archive.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	if len(reader.File) != 1 {
		t.Fatalf("the archive has %d entries, want 1", len(reader.File))
	}
	entry := reader.File[0]
	if entry.Name != "bootstrap" {
		t.Errorf("the entry is named %q, want bootstrap", entry.Name)
	}
	if entry.Mode() != 0o755 {
		t.Errorf("the entry's mode is %v, want 0755", entry.Mode())
	}
	if want := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !entry.Modified.Equal(want) {
		t.Errorf("the entry's time is %v, want %v", entry.Modified, want)
	}
	// The ELF machine number (System V ABI, e_machine) of AArch64 is 183.
	if header := readEntry(t, entry)[:20]; string(header[:4]) != "\x7fELF" || header[18] != 183 {
		t.Errorf("bootstrap is not a Linux binary for arm64: % x", header)
	}
}

func readEntry(t *testing.T, entry *zip.File) []byte {
	t.Helper()
	file, err := entry.Open()
	if err != nil {
		t.Fatal(err)
	}
	contents, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

func TestBuildForTheHostRunsHere(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	archive := buildAll(t, target(t, ARM64, "host"), filepath.Join(module, "hello"))[0]
	if got := run(t, archive); got != "hello\n" {
		t.Errorf("bootstrap prints %q, want hello", got)
	}
}

func TestBuildWritesNothingBesideTheSource(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	buildAll(t, target(t, ARM64, ""), filepath.Join(module, "hello"))
	var files []string
	err := filepath.WalkDir(module, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, module))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(files, " "); got != "/go.mod /hello/main.go" {
		t.Errorf("the module's folder now has %s", got)
	}
}

// The second build finds the first one's binary in the cache; the result must
// be that of a build that finds nothing, for changed source too.
func TestBuildAgain(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	folder, cache := filepath.Join(module, "hello"), t.TempDir()
	again := func() Archive {
		archives, err := Build(t.Context(), Options{Packages: packages(folder), Target: target(t, ARM64, ""), folder: cache})
		if err != nil {
			t.Fatal(err)
		}
		return archives[0]
	}
	first := again()
	if second := again(); second != first {
		t.Errorf("unchanged source gives %+v, then %+v", first, second)
	}
	write(t, filepath.Join(folder, "main.go"), strings.Replace(goodMain, "hello", "goodbye", 1))
	third := again()
	if third.SHA256 == first.SHA256 {
		t.Error("changed source gives the same archive")
	}
	if fresh := buildAll(t, target(t, ARM64, ""), folder)[0]; fresh.SHA256 != third.SHA256 {
		t.Error("a build beside an earlier one differs from one alone")
	}
}

// Two broken packages of two modules, and a good one between them.
func TestBuildReportsAllCompileErrors(t *testing.T) {
	t.Parallel()
	one := writeModule(t, t.TempDir(), map[string]string{
		"first": "package main\n\nfunc main() { undefinedHere() }\n",
		"good":  goodMain,
	})
	two := writeModule(t, t.TempDir(), map[string]string{"second": "package main\n\nfunc main() { var unused int }\n"})
	first, good, second := filepath.Join(one, "first"), filepath.Join(one, "good"), filepath.Join(two, "second")
	_, err := Build(t.Context(), Options{Packages: packages(first, good, second), Target: target(t, ARM64, ""), folder: t.TempDir()})
	want := "building \"" + first + "\": go build: exit status 1\n" +
		"\t# example.com/other/first\n\t./main.go:3:15: undefined: undefinedHere\n" +
		"building \"" + second + "\": go build: exit status 1\n" +
		"\t# example.com/other/second\n\t./main.go:3:19: declared and not used: unused"
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	var failed Errors
	if !errors.As(err, &failed) || len(failed) != 2 || failed[1].Package != second || failed[1].Index != 2 {
		t.Errorf("the errors are not told apart by package: %#v", failed)
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"library": "package library\n"})
	empty := t.TempDir()
	noModule := t.TempDir()
	write(t, filepath.Join(noModule, "main.go"), goodMain)
	missing := filepath.Join(module, "missing")
	tests := []struct{ name, folder, want string }{
		{"missing folder", missing, `folder "` + missing + `" does not exist`},
		{"file", filepath.Join(module, "go.mod"), `"` + filepath.Join(module, "go.mod") + `" is not a folder: give the folder of the package`},
		{"no Go files", empty, `folder "` + empty + `" has no Go files: give the folder of the package main`},
		{"no module", noModule, `folder "` + noModule + `" belongs to no Go module: run go mod init in it or in a folder above it`},
		{"library", filepath.Join(module, "library"), `folder "` + filepath.Join(module, "library") + `" holds package "library": a Lambda function is a package main`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Build(t.Context(), Options{Packages: packages(test.folder), Target: target(t, ARM64, ""), folder: t.TempDir()})
			if want := `building "` + test.folder + `": ` + test.want; err == nil || err.Error() != want {
				t.Errorf("error is\n%v\nwant\n%s", err, want)
			}
		})
	}
}

func TestBuildWithoutTarget(t *testing.T) {
	t.Parallel()
	_, err := Build(t.Context(), Options{})
	if want := "building Lambda functions: no target is set: make one with NewTarget"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestBuildCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the user pressed Ctrl-C"))
	_, err := Build(ctx, Options{Target: target(t, ARM64, ""), folder: t.TempDir()})
	if want := "building Lambda functions: the user pressed Ctrl-C"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestBuildWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context(), Options{Target: target(t, ARM64, ""), folder: t.TempDir()})
	want := `finding the go command, which compiles Lambda functions: exec: "go": executable file not found in $PATH: ` +
		"install Go from https://go.dev/dl or add its bin folder to PATH"
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

// What the developer's shell says of the machine must not reach the binary.
func TestBuildIsNotChangedByTheEnvironment(t *testing.T) {
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	goal := target(t, X8664, "")
	plain := buildAll(t, goal, filepath.Join(module, "hello"))[0]
	t.Setenv("GOFLAGS", "-v -p=1 -modcacherw -count=1")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("GOOS", "darwin")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GO_EXTLINK_ENABLED", "1")
	changed := buildAll(t, goal, filepath.Join(module, "hello"))[0]
	if plain.SHA256 != changed.SHA256 {
		t.Error("the environment changed the archive")
	}
}
