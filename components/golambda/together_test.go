package golambda

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
)

// Packages of one module that are built alike are compiled by one go command, unless it
// would call their binaries alike.
func TestAlike(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	one := writeModule(t, filepath.Join(root, "one"), map[string]string{"a": goodMain, "b": goodMain, "x/a": goodMain, "y/B": goodMain, "tagged": goodMain, "flagged": goodMain})
	nested := writeModule(t, filepath.Join(one, "nested"), map[string]string{"c": goodMain})
	write(t, filepath.Join(nested, "go.mod"), "module example.com/nested/v2\n")
	unitOf := func(elements ...string) *unit { return &unit{dir: filepath.Join(elements...)} }
	tagged, flagged, imported := unitOf(one, "tagged"), unitOf(one, "flagged"), unitOf(one)
	tagged.tags, flagged.ldFlags, imported.importPath = "prod", "-X=main.version=1", "example.com/tool/v3"
	units := []*unit{unitOf(one, "a"), tagged, unitOf(nested, "c"), unitOf(one, "b"), flagged, unitOf(one, "x", "a"), unitOf(one, "y", "B"), unitOf(nested), unitOf(one), imported}
	var got []string
	for _, g := range alike(units, "/temp") {
		line := strings.TrimPrefix(g.root, root+string(filepath.Separator))
		for _, u := range g.units {
			line += " " + u.output
		}
		got = append(got, line)
	}
	want := []string{
		"one /temp/0/a /temp/0/b /temp/0/other /temp/0/tool", "one /temp/1/tagged", "one/nested /temp/2/c /temp/2/nested", "one /temp/4/flagged", "one /temp/5/a /temp/5/B",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Packages that are compiled together have the bytes that each has alone, and what has
// changed is noticed.
func TestBuildTogether(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const embeds = "package main\n\nimport (\n\t_ \"embed\"\n\n\t\"example.com/replaced\"\n)\n\n//go:embed text\nvar text string\n\nfunc main() { println(%q, text, replaced.Text) }\n"
	module := writeModule(t, filepath.Join(root, "module"), map[string]string{"a": fmt.Sprintf(embeds, "a"), "b": goodMain, "x/a": fmt.Sprintf(embeds, "xa"), "profiled": goodMain})
	write(t, filepath.Join(module, "go.mod"), "module example.com/other/v2\n\ngo 1.24\n\nrequire example.com/replaced v0.0.0\n\nreplace example.com/replaced => ../replaced\n")
	write(t, filepath.Join(module, "main.go"), goodMain)
	for _, name := range []string{"a", "x/a"} {
		write(t, filepath.Join(module, name, "text"), "first")
	}
	replaced := filepath.Join(root, "replaced")
	write(t, filepath.Join(replaced, "go.mod"), "module example.com/replaced\n\ngo 1.24\n")
	write(t, filepath.Join(replaced, "text.go"), "package replaced\n\nconst Text = \"first\"\n")
	var profile bytes.Buffer
	must(t, pprof.StartCPUProfile(&profile))
	pprof.StopCPUProfile()
	write(t, filepath.Join(module, "profiled", "default.pgo"), profile.String())
	folders := []string{module, filepath.Join(module, "a"), filepath.Join(module, "b"), filepath.Join(module, "x", "a"), filepath.Join(module, "profiled")}
	cache := t.TempDir()
	var before []Archive
	check := func(name string, wantChanged ...int) {
		t.Helper()
		archives, err := Build(t.Context(), Options{Packages: packages(folders...), Target: target(t, ARM64, ""), folder: cache})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, archive := range archives {
			changes := slices.Contains(wantChanged, i)
			if before != nil && (archive.SHA256 != before[i].SHA256) != changes {
				t.Errorf("%s: %s has changed: %t", name, folders[i], archive.SHA256 != before[i].SHA256)
			}
			if before != nil && !changes {
				continue
			}
			if alone := buildAll(t, target(t, ARM64, ""), folders[i])[0]; alone.SHA256 != archive.SHA256 {
				t.Errorf("%s: %s differs from what it is alone", name, folders[i])
			}
		}
		before = archives
	}
	check("first")
	check("again")
	write(t, filepath.Join(module, "a", "text"), "second")
	check("an embedded file", 1)
	write(t, filepath.Join(module, "b", "new.go"), "package main\n\nfunc init() { println(\"new\") }\n")
	check("a new file", 2)
	must(t, os.Remove(filepath.Join(module, "b", "new.go")))
	check("a file that is gone", 2)
	write(t, filepath.Join(replaced, "text.go"), "package replaced\n\nconst Text = \"second\"\n")
	check("a replaced module", 1, 3)
	write(t, filepath.Join(root, "elsewhere", "go.mod"), "module example.com/replaced\n\ngo 1.24\n")
	write(t, filepath.Join(root, "elsewhere", "text.go"), "package replaced\n\nconst Text = \"third\"\n")
	write(t, filepath.Join(module, "go.mod"), strings.Replace(string(read(t, filepath.Join(module, "go.mod"))), "../replaced", "../elsewhere", 1))
	check("go.mod", 1, 3)
	write(t, filepath.Join(module, "main.go"), strings.Replace(goodMain, "hello", "root", 1))
	check("the module's own folder", 0)
}
