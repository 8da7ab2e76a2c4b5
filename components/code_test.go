package components

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestCheckCodeArgs(t *testing.T) {
	t.Parallel()
	code := t.TempDir()
	writeFile(t, filepath.Join(code, "bootstrap"), "#!/bin/sh\n", 0o600)
	missing := filepath.Join(code, "missing")
	names := strings.Join(runtimes, ", ")
	of := func(path, runtime, handler string) func(*ProtectedHttpApiArgs) {
		return changeCreate(func(f *FunctionArgs) { f.Package, f.Code = "", &CodeArgs{path, runtime, handler} })
	}
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"nothing", of("", "", ""), createProperty + `.Code.Runtime: is required: one of ` + names + `
` + createProperty + `.Code.Path: is required: give a zip file or a folder`},
		{"missing", of(missing, "python3.14", "main.handler"), createProperty + `.Code.Path: "` + missing + `" does not exist: give a zip file or a folder`},
		{"not executable", of(code, "provided.al2023", ""),
			createProperty + `.Code.Path: the file bootstrap of "` + code + `" is not executable, and the runtime could not start it: chmod 755 bootstrap`},
		{"deprecated", of(code, "nodejs18.x", "index.handler"),
			createProperty + `.Code.Runtime: "nodejs18.x" is deprecated: AWS patches it no more, and does not take it for ever: use "nodejs24.x"`},
		{"unknown", of(code, "go", "index.handler"), createProperty + `.Code.Runtime: "go" is not one of ` + names},
		{"no handler", of(code, "ruby3.4", ""), createProperty + `.Code.Handler: is required for ruby3.4: the function that it calls, "index.handler" for instance`},
		{"handler", of(code, "java25", "a b"), createProperty + `.Code.Handler: "a b" is not what Lambda allows: up to 128 characters, no white space`},
		{"package and build", changeCreate(func(f *FunctionArgs) {
			f.Code, f.Build = &CodeArgs{code, "python3.14", "main.handler"}, &BuildArgs{Tags: []string{"prod"}}
		}), createProperty + `.Code: is not possible with Package, which is other code: leave out one of them
` + createProperty + `.Build: is not possible with Code, since nothing is compiled: leave it out`},
	})
}

// The runtimes are in order, and what comes after a deprecated one is none.
func TestRuntimes(t *testing.T) {
	t.Parallel()
	for old, next := range deprecated {
		if err := checkRuntime(next); err != nil || checkRuntime(old) == nil {
			t.Errorf("%s, after %s: %v", next, old, err)
		}
	}
}

// A folder is zipped to the same archive always, and a change of it changes the
// function.
func TestCode(t *testing.T) {
	t.Parallel()
	code := filepath.Join(t.TempDir(), "greeter")
	if err := os.Mkdir(code, 0o700); err != nil {
		t.Fatal(err)
	}
	deployed := func(content string) map[string]any {
		writeFile(t, filepath.Join(code, "index.mjs"), content, 0o600)
		args := exampleArgs()
		args.Routes = Routes{"GET /events": {Auth: Public, Function: FunctionArgs{Code: &CodeArgs{Path: code, Runtime: "nodejs24.x", Handler: "index.handler"}, Architecture: "x86_64"}}}
		args.Authorizer = AuthorizerArgs{}
		return mustDeploy(t, args).find(t, "Function", "events-greeter").Inputs.Mappable()
	}
	first, again, changed := deployed("1"), deployed("1"), deployed("2")
	if first["runtime"] != "nodejs24.x" || first["handler"] != "index.handler" || first["architectures"].([]any)[0] != "x86_64" {
		t.Errorf("the function is %v", first)
	}
	if first["sourceCodeHash"] != again["sourceCodeHash"] || first["sourceCodeHash"] == changed["sourceCodeHash"] {
		t.Errorf("the hashes are %v, %v and %v", first["sourceCodeHash"], again["sourceCodeHash"], changed["sourceCodeHash"])
	}
}
