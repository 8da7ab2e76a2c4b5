package golambda

import (
	"os"
	"path/filepath"
	"testing"
)

// A package of a dependency is compiled in the module of the working directory, to
// the same bytes from any folder.
func TestBuildImportPath(t *testing.T) {
	dependency := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain, "library": "package library\n"})
	program := func() string {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/program\n\ngo 1.24\n\nrequire example.com/other v0.0.0\n\nreplace example.com/other => "+dependency+"\n")
		write(t, filepath.Join(dir, "handlers", "own", "main.go"), goodMain)
		return dir
	}
	t.Chdir(program())
	archives := buildAll(t, target(t, ARM64, "host"), "example.com/other/hello", "example.com/program/handlers/own", "handlers/own")
	if got := run(t, archives[0]); got != "hello\n" {
		t.Errorf("the function prints %q", got)
	}
	if archives[1].SHA256 != archives[2].SHA256 {
		t.Error("the folder and the import path of a package give different archives")
	}
	t.Chdir(program())
	if again := buildAll(t, target(t, ARM64, "host"), "example.com/other/hello")[0]; again.SHA256 != archives[0].SHA256 {
		t.Error("the archives of two programs differ")
	}
	here, err := filepath.Abs(".")
	must(t, err)
	write(t, filepath.Join(here, "handlers", "own", "main.go"), goodMain)
	buildAll(t, target(t, ARM64, "host"), "example.com/program/handlers/own", "./handlers/own")
	if files, err := os.ReadDir(here); err != nil || len(files) != 2 {
		t.Errorf("a build leaves %v, %v", files, err)
	}
	folder := filepath.Join(dependency, "library")
	for path, want := range map[string]string{
		"example.com/other/library": `folder "` + folder + `" holds package "library": a Lambda function is a package main`,
		"example.com/none": `there is no folder "` + filepath.Join(here, "example.com", "none") + `", and as an import path the go command does not find it in the module of "` + here + `":` +
			"\n\tno required module provides package example.com/none; to add it:\n\t\tgo get example.com/none",
		"handlers/*":      `"handlers/*" is neither a folder that is there nor an import path: begin the path of a folder with ./ or ../`,
		"example.com@1/a": `"example.com@1/a" is neither a folder that is there nor an import path: begin the path of a folder with ./ or ../`,
		"cmd":             `"cmd" is no package but a pattern: give the import path of one`,
	} {
		_, err := Build(t.Context(), Options{Packages: packages(path), Target: target(t, ARM64, ""), folder: t.TempDir()})
		if err == nil || err.Error() != `building "`+path+`": `+want {
			t.Errorf("%s: the error is\n%v\nwant\n%s", path, err, want)
		}
	}
}

// Nothing is compiled where a package is known to be none.
func TestBuildLooksFirst(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"broken": "package main\n\nfunc main() { undefinedHere() }\n"})
	missing := filepath.Join(module, "missing")
	_, err := Build(t.Context(), Options{Packages: packages(filepath.Join(module, "broken"), missing), Target: target(t, ARM64, ""), folder: t.TempDir()})
	if want := `building "` + missing + `": folder "` + missing + `" does not exist`; err == nil || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}
