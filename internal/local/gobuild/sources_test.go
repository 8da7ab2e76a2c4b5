package gobuild

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tree writes files into a folder of the test's own, by their paths, and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, packages ...Package) *Sources {
	t.Helper()
	s, err := FindSources(t.Context(), packages)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	goMod    = "module example.com/m\n\ngo 1.24\n"
	mainFile = "package main\n\nfunc main() {}\n"
)

func library(name string) string { return "package " + name + "\n\nconst X = 1\n" }

func importing(path string) string {
	return "package main\n\nimport _ \"" + path + "\"\n\nfunc main() {}\n"
}

// Each case is a module, in the folder m, whose package main is the program.
var sourceTests = []struct {
	name  string
	files map[string]string
	read  []string // files, there or not, that a build would read
	not   []string
}{
	{
		name: "the package", files: map[string]string{"m/go.mod": goMod, "m/main.go": mainFile, "m/a_test.go": "package main\n", "m/prod.go": "//go:build prod\n\n" + mainFile},
		read: []string{"m/main.go", "m/prod.go", "m/new.go", "m/default.pgo", "m/go.mod", "m/go.sum", "m/go.work", "m/vendor"},
		not:  []string{"m/a_test.go", "m/b_test.go", "m/.main.go.swp", "m/main.go~", "m/_draft.go", "m/README.md", "m/other/x.go"},
	},
	{
		name: "imported packages only", files: map[string]string{
			"m/go.mod": goMod, "m/main.go": importing("example.com/m/used"), "m/used/used.go": library("used"), "m/unused/unused.go": library("unused"),
		},
		read: []string{"m/used/used.go", "m/used/new.go", "m/used"},
		not:  []string{"m/unused/unused.go", "m/used/used_test.go"},
	},
	{
		name: "embedded files", files: map[string]string{
			"m/go.mod": goMod, "m/page.tmpl": "x", "m/static/css/a.css": "x", "m/whole/.hidden": "x", "m/other.txt": "x",
			"m/main.go": "package main\n\nimport \"embed\"\n\n//go:embed *.tmpl static\n//go:embed all:whole conf/*.json\nvar files embed.FS\n\nfunc main() {}\n",
		},
		read: []string{"m/page.tmpl", "m/new.tmpl", "m/static/css/a.css", "m/static/css/b.css", "m/static/deep/er/c.css", "m/whole/.hidden", "m/whole/.new", "m/conf", "m/conf/a.json"},
		not:  []string{"m/other.txt", "m/static/.swap", "m/static/.git/x", "m/sub/new.tmpl", "m/conf/a.txt"},
	},
	{
		name: "a replaced module", files: map[string]string{
			"m/go.mod":  goMod + "\nrequire example.com/dep v0.0.0\n\nreplace (\n\texample.com/dep => ../dep\n\texample.com/idle v1.0.0 => ../idle\n)\n",
			"m/main.go": importing("example.com/dep/lib"), "dep/go.mod": "module example.com/dep\n\ngo 1.24\n",
			"dep/lib/lib.go": library("lib"), "dep/rest/rest.go": library("rest"), "idle/go.mod": "module example.com/idle\n",
		},
		read: []string{"dep/lib/lib.go", "dep/lib/new.go", "dep/go.mod", "idle/go.mod", "m/main.go"},
		not:  []string{"dep/rest/rest.go", "idle/x.go"},
	},
	{
		name: "a workspace", files: map[string]string{
			"go.work": "go 1.24\n\nuse (\n\t./m\n\t./dep\n)\n", "m/go.mod": goMod, "m/main.go": importing("example.com/dep"),
			"dep/go.mod": "module example.com/dep\n\ngo 1.24\n", "dep/dep.go": library("dep"),
		},
		read: []string{"go.work", "go.work.sum", "dep/dep.go", "dep/go.mod", "m/go.mod"},
		not:  []string{"x.go"},
	},
	{
		name: "assembly and C", files: map[string]string{
			"m/go.mod": goMod, "m/main.go": importing("example.com/m/asm"), "m/asm/asm.go": library("asm"), "m/asm/asm_amd64.s": "", "m/asm/asm_arm64.s": "", "m/asm/asm.h": "",
			"m/cgo.go": "package main\n\nimport \"C\"\n", "m/native.c": "",
		},
		read: []string{"m/asm/asm_amd64.s", "m/asm/asm_arm64.s", "m/asm/asm.h", "m/asm/new.s", "m/cgo.go", "m/native.c", "m/native.h"},
		not:  []string{"m/asm/notes.txt"},
	},
	{
		name: "a missing package", files: map[string]string{"m/go.mod": goMod, "m/main.go": importing("example.com/m/soon/there")},
		read: []string{"m/soon", "m/soon/there", "m/soon/there/x.go"},
		not:  []string{"m/later", "m/soon/x.go"},
	},
	{
		name: "vendored packages", files: map[string]string{
			"m/go.mod": goMod + "\nrequire example.com/dep v1.0.0\n", "m/main.go": importing("example.com/dep"),
			"m/vendor/modules.txt":            "# example.com/dep v1.0.0\n## explicit; go 1.24\nexample.com/dep\n",
			"m/vendor/example.com/dep/dep.go": library("dep"),
		},
		read: []string{"m/vendor/modules.txt", "m/vendor/example.com/dep/dep.go"},
	},
	{
		name: "mistakes", files: map[string]string{
			"m/go.mod": goMod, "m/main.go": importing("example.com/m/used"), "m/used/used.go": "package used\n\nfunc {\n", "m/worse.go": "nothing",
		},
		read: []string{"m/main.go", "m/worse.go", "m/used/used.go"},
	},
	{
		name: "a go.mod that cannot be read", files: map[string]string{"m/go.mod": "nothing\n", "m/main.go": mainFile},
		read: []string{"m/main.go", "m/go.mod"},
	},
	{name: "nothing yet", files: map[string]string{"go.mod": goMod}, read: []string{"m", "m/main.go"}, not: []string{"n"}},
}

func TestFindSources(t *testing.T) {
	t.Parallel()
	for _, test := range sourceTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, test.files)
			s := find(t, Package{Folder: filepath.Join(dir, "m")})
			folders := s.Folders()
			for _, name := range test.read {
				path := filepath.Join(dir, name)
				if !s.Read(path) {
					t.Errorf("%s is not read", name)
				}
				// Where its folder is there, a change is seen.
				if parent := filepath.Dir(path); existing(parent) == parent && !slices.Contains(folders, parent) {
					t.Errorf("the folder of %s is not watched: %v", name, folders)
				}
			}
			for _, name := range test.not {
				if s.Read(filepath.Join(dir, name)) {
					t.Errorf("%s is read", name)
				}
			}
			for _, folder := range folders {
				if _, err := os.Stat(folder); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// The environment and the flags of a package decide what it imports.
func TestFindSourcesByFlags(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"go.mod": goMod, "main.go": mainFile, "prod.go": "//go:build prod && !cgo\n\npackage main\n\nimport _ \"example.com/m/used\"\n", "used/used.go": library("used"),
	})
	used := filepath.Join(dir, "used", "used.go")
	if find(t, Package{Folder: dir}).Read(used) {
		t.Error("a file of another tag is read")
	}
	both := find(t, Package{Folder: dir}, Package{Folder: dir, Flags: []string{"-tags", "prod"}, Env: []string{"CGO_ENABLED=0"}})
	if !both.Read(used) {
		t.Error("a file of the tag is not read")
	}
}

// A package by its import path belongs to the module of a folder, or to one that it
// is replaced with.
func TestFindSourcesByImportPath(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"m/go.mod": goMod + "\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ../other\n", "m/own/main.go": mainFile,
		"other/go.mod": "module example.com/other\n\ngo 1.24\n", "other/f/main.go": mainFile,
	})
	of := func(path string) *Sources { return find(t, Package{Folder: filepath.Join(dir, "m"), ImportPath: path}) }
	for path, file := range map[string]string{
		"example.com/m/own": "m/own/main.go", "example.com/other/f": "other/f/main.go", "example.com/other/missing": "other/missing/main.go",
	} {
		s := of(path)
		for _, name := range []string{file, "m/go.mod", "other/go.mod"} {
			if read := s.Read(filepath.Join(dir, name)); !read && path != "example.com/other/missing" || name == "m/go.mod" && !read {
				t.Errorf("of %s %s is not read", path, name)
			}
		}
	}
}

func TestFindSourcesFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"m/go.mod": goMod, "m/main.go": mainFile, "shared/text.go": "package main\n"})
	if err := os.Symlink("../shared/text.go", filepath.Join(dir, "m", "text.go")); err != nil {
		t.Fatal(err)
	}
	s := find(t, Package{Folder: filepath.Join(dir, "m")})
	if !s.Read(filepath.Join(dir, "shared", "text.go")) || !slices.Contains(s.Folders(), filepath.Join(dir, "shared")) {
		t.Error("what a link leads to is not watched")
	}
}

// The project's own program has hundreds of packages; none of the module cache or of
// Go is watched.
func TestFindSourcesLeavesOutWhatDoesNotChange(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	s := find(t, Package{Folder: root})
	t.Logf("%d files in %d folders, found in %s", s.Len(), len(s.Folders()), time.Since(start))
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range s.Folders() {
		for cache := range strings.Lines(string(out)) {
			if within(folder, strings.TrimSpace(cache)) {
				t.Errorf("%s is watched", folder)
			}
		}
	}
	for _, name := range []string{"main.go", "components/plan.go", "go.sum"} {
		if !s.Read(filepath.Join(root, name)) {
			t.Errorf("%s is not read", name)
		}
	}
	if s.Read(filepath.Join(root, "authz", "handler.go")) {
		t.Error("a file that the program does not import is read")
	}
}

func TestFindSourcesEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, err := FindSources(canceled(t), []Package{{Folder: tree(t, map[string]string{"go.mod": goMod, "main.go": mainFile})}})
	if err == nil {
		t.Error("no error")
	}
}

func TestSourcesChanged(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"go.mod": goMod, "main.go": mainFile})
	s := find(t, Package{Folder: dir})
	now := time.Now()
	for _, test := range []struct {
		name  string
		wrote time.Time
		want  bool
	}{
		{"before", now.Add(-2 * time.Hour), false}, {"after", now.Add(-time.Minute), true}, {"in the future", now.Add(time.Hour), false},
	} {
		for _, name := range []string{"go.mod", "main.go"} {
			if err := os.Chtimes(filepath.Join(dir, name), test.wrote, test.wrote); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Changed(now.Add(-time.Hour)); got != test.want {
			t.Errorf("written %s: changed is %t", test.name, got)
		}
	}
}

// Files are looked for again only where others may be read.
func TestSourcesDecides(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"go.mod": goMod, "text": "x", "asm.s": "", "main.go": "package main\n\nimport _ \"embed\"\n\n//go:embed text\nvar text string\n\nfunc main() {}\n",
	})
	s := find(t, Package{Folder: dir})
	for name, want := range map[string]bool{"text": false, "asm.s": false, "main.go": true, "go.mod": true, "new.s": true} {
		if got := s.Decides(filepath.Join(dir, name)); got != want {
			t.Errorf("%s decides: %t, want %t", name, got, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "text")); err != nil {
		t.Fatal(err)
	}
	if !s.Decides(filepath.Join(dir, "text")) {
		t.Error("a removed file decides nothing")
	}
}
