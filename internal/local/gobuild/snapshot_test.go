package gobuild

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A snapshot notices whatever changes what the go command would compile, and nothing else.
func TestSnapshot(t *testing.T) {
	files := map[string]string{
		"m/go.mod":  goMod + "\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ../other\n",
		"m/main.go": "package main\n\nimport (\n\t\"embed\"\n\n\t\"example.com/m/between/deep\"\n\t\"example.com/m/used\"\n\t\"example.com/other\"\n)\n\n//go:embed *.txt static\nvar files embed.FS\n\nfunc main() { println(deep.X, used.X, other.X) }\n",
		"m/a.txt":   "x", "m/static/page": "x", "m/main_test.go": "package main\n", "m/README.md": "x",
		"m/used/used.go": library("used"), "m/between/deep/deep.go": library("deep"), "m/unused/unused.go": library("unused"),
		"other/go.mod": "module example.com/other\n\ngo 1.24\n", "other/other.go": library("other"),
	}
	remove := func(t *testing.T, path string) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name    string
		change  func(t *testing.T, dir string)
		noticed bool
	}{
		{name: "nothing", change: func(*testing.T, string) {}},
		{name: "a file is written again", change: func(t *testing.T, dir string) { put(t, dir+"/m/main.go", files["m/main.go"]) }},
		{name: "a test", change: func(t *testing.T, dir string) { put(t, dir+"/m/main_test.go", "package main\n\nvar x int\n") }},
		{name: "a file that is not compiled", change: func(t *testing.T, dir string) { put(t, dir+"/m/README.md", "y") }},
		{name: "a package that is not imported", change: func(t *testing.T, dir string) { put(t, dir+"/m/unused/unused.go", "package unused\n") }},
		{name: "a file, at the time of before", noticed: true, change: func(t *testing.T, dir string) {
			path := dir + "/m/main.go"
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			put(t, path, strings.Replace(files["m/main.go"], "println(", "print(1,", 1))
			if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a new file", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/new.go", "package main\n") }},
		{name: "a deleted file", noticed: true, change: func(t *testing.T, dir string) { remove(t, dir+"/m/a.txt") }},
		{name: "an imported package", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/used/used.go", library("used")+"\n") }},
		{name: "a new file of an imported package", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/used/new.go", "package used\n") }},
		{name: "an embedded file", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/a.txt", "y") }},
		{name: "a new embedded file", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/b.txt", "x") }},
		{name: "a new file in an embedded folder", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/static/deep/er", "x") }},
		{name: "go.mod", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/go.mod", files["m/go.mod"]+"\n// x\n") }},
		{name: "go.sum", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/go.sum", "") }},
		{name: "a replaced module", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/other/other.go", library("other")+"\n") }},
		{name: "the go.mod of a replaced module", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/other/go.mod", "module example.com/other\n\ngo 1.25\n") }},
		{name: "a workspace around it", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/go.work", "go 1.26.0\n\nuse ./m\n") }},
		{name: "a vendor folder", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/vendor/modules.txt", "") }},
		{name: "a package becomes a module", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/used/go.mod", goMod) }},
		{name: "a folder above a package becomes a module", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/between/go.mod", goMod) }},
		{name: "a profile", noticed: true, change: func(t *testing.T, dir string) { put(t, dir+"/m/default.pgo", "") }},
		{name: "flags", noticed: true, change: func(t *testing.T, _ string) { t.Setenv("GOFLAGS", "-tags=prod") }},
		{name: "a flag that reads other files", noticed: true, change: func(t *testing.T, dir string) { t.Setenv("GOFLAGS", "-overlay="+dir+"/overlay.json") }},
		{name: "cgo", noticed: true, change: func(t *testing.T, _ string) { t.Setenv("CGO_ENABLED", "0") }},
		{name: "the processor", noticed: true, change: func(t *testing.T, _ string) { t.Setenv("GOAMD64", "v2") }},
		{name: "the file of go env -w", noticed: true, change: func(t *testing.T, dir string) {
			put(t, dir+"/env", "GOEXPERIMENT=jsonv2\n")
			t.Setenv("GOENV", dir+"/env")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("GOFLAGS", "-mod=readonly")
			t.Setenv("CGO_ENABLED", "1")
			dir := filepath.Join(t.TempDir(), "a[b]") // a pattern, where somebody takes it for one
			if err := os.Rename(tree(t, files), dir); err != nil {
				t.Fatal(err)
			}
			taken, err := TakeSnapshot(t.Context(), Package{Folder: filepath.Join(dir, "m")})
			if err != nil {
				t.Fatal(err)
			}
			content, err := json.Marshal(taken)
			if err != nil {
				t.Fatal(err)
			}
			var s Snapshot // as it comes from a file
			if err := json.Unmarshal(content, &s); err != nil {
				t.Fatal(err)
			}
			tt.change(t, dir)
			if got := s.Current(t.Context()); got == tt.noticed {
				t.Errorf("the snapshot is current: %t", got)
			}
		})
	}
}
