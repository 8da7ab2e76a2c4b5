package golambda

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const ownAuthorizer = productModule + "/handlers/authorizer"

// The product's own packages are compiled from wherever the program's module has the
// product, with the product's own versions: to the same bytes.
func TestBuildProduct(t *testing.T) {
	root, err := filepath.Abs("../..")
	must(t, err)
	build := func(t *testing.T) string {
		t.Helper()
		archive := buildAll(t, target(t, ARM64, ""), ownAuthorizer)[0]
		return archive.SHA256
	}
	t.Setenv("GOWORK", "off")
	want := build(t) // in the product's own module

	t.Run("replaced", func(t *testing.T) {
		program := t.TempDir()
		requirements := strings.TrimPrefix(string(read(t, filepath.Join(root, "go.mod"))), "module "+productModule)
		write(t, filepath.Join(program, "go.mod"), "module example.com/program"+requirements+"\nrequire "+productModule+" v0.0.0\n\nreplace "+productModule+" => "+root+"\n")
		var sums []string
		for line := range strings.Lines(string(read(t, filepath.Join(root, "go.sum")))) {
			if !strings.Contains(line, "aws-lambda-go") && !strings.Contains(line, "golang-jwt") { // which components does not import
				sums = append(sums, line)
			}
		}
		write(t, filepath.Join(program, "go.sum"), strings.Join(sums, ""))
		t.Chdir(program)
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ownAuthorizer).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("missing go.sum entry")) {
			t.Fatalf("in the program's module it is compiled with %v: %s", err, out)
		}
		if got := build(t); got != want {
			t.Error("the archive differs")
		}
	})

	t.Run("from a module cache", func(t *testing.T) {
		const version = "v0.9.9"
		cache := strings.TrimSpace(goTool(t, "env", "GOMODCACHE"))
		proxy := publish(t, root, version)
		for name, value := range map[string]string{
			"GOPROXY":    "file://" + proxy + ",file://" + filepath.Join(cache, "cache", "download"),
			"GOMODCACHE": t.TempDir(), "GOFLAGS": "-modcacherw -mod=mod", "GOSUMDB": "off", "GONOPROXY": "none", "GOPRIVATE": "",
		} {
			t.Setenv(name, value)
		}
		program := t.TempDir()
		write(t, filepath.Join(program, "go.mod"), "module example.com/program\n\ngo 1.26\n")
		t.Chdir(program)
		goTool(t, "get", productModule+"@"+version)
		t.Setenv("GOFLAGS", "-modcacherw")
		// A workspace has the program alone, and not what is in the cache.
		write(t, filepath.Join(program, "go.work"), "go 1.26.0\n\nuse .\n")
		t.Setenv("GOWORK", "")
		if got := build(t); got != want {
			t.Error("the archive differs")
		}
		must(t, os.RemoveAll(filepath.Join(os.Getenv("GOMODCACHE"), filepath.FromSlash(productModule)+"@"+version)))
		if got := build(t); got != want { // as on a machine to which only the compiled program came
			t.Error("the archive differs")
		}
		t.Chdir(t.TempDir())
		notCompiledHere(t)
		t.Setenv(contract.EnvModule, version)
		if got := build(t); got != want { // as for a release of the plugin
			t.Error("the archive differs")
		}
		t.Setenv(contract.EnvModule, "v0.9.8")
		if _, err := Build(t.Context(), Options{Packages: []Package{{Path: ownAuthorizer}}, Target: target(t, ARM64, "")}); err == nil || !strings.Contains(err.Error(), "protected-http-api v0.9.8, which the go command does not get: let it reach a module proxy (GOPROXY), or set the environment variable PROTECTED_HTTP_API_MODULE to their folder: ") {
			t.Errorf("the error is %v", err)
		}
	})

	t.Run("from what compiled the program, which has no Go module", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if got := build(t); got != want {
			t.Error("the archive differs")
		}
	})

	t.Run("from a folder that a variable names", func(t *testing.T) {
		t.Chdir(t.TempDir())
		notCompiledHere(t)
		t.Setenv(contract.EnvModule, root)
		if got := build(t); got != want {
			t.Error("the archive differs")
		}
	})
}

// notCompiledHere makes the program one that was compiled on another machine.
func notCompiledHere(t *testing.T) {
	t.Helper()
	folder := compiledFrom
	t.Cleanup(func() { compiledFrom = folder })
	compiledFrom = filepath.Join(t.TempDir(), "elsewhere")
}

func TestProductIsMissing(t *testing.T) {
	notCompiledHere(t)
	here := t.TempDir()
	t.Chdir(here)
	t.Setenv("GOWORK", "off")
	here, err := filepath.Abs(".")
	must(t, err)
	missing := `building "` + ownAuthorizer + `": it is compiled from the sources of the module ` + productModule + `, which the go command does not find from "` + here +
		`": run go get ` + productModule + ` in the program's module, or set the environment variable PROTECTED_HTTP_API_MODULE to their folder: go list: exit status 1` + "\n\t"
	for _, test := range []struct{ name, file, folder, want string }{
		{"no module", "", "", missing + `go: cannot match "` + productModule + `" without -versions or an explicit version: go.mod file not found in current directory or any parent directory; see 'go help modules'`},
		{"a module that does not require it", "module example.com/program\n\ngo 1.26\n", "", missing + "go: module " + productModule + ": not a known dependency"},
		{"a folder that is none of it", "module example.com/program\n\ngo 1.26\n", here, `building "` + ownAuthorizer + `": environment variable PROTECTED_HTTP_API_MODULE: "` + here +
			`" is not a folder with the sources of the module ` + productModule + `: set it to that of its go.mod, or unset it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.file != "" {
				write(t, filepath.Join(here, "go.mod"), test.file)
			}
			t.Setenv(contract.EnvModule, test.folder)
			_, err := Build(t.Context(), Options{Packages: packages(ownAuthorizer), Target: target(t, ARM64, ""), folder: t.TempDir()})
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

// Without a network, and with nothing in the module cache, the product's packages cannot
// be compiled, also where the program vendors what it imports.
func TestProductWithoutNetwork(t *testing.T) {
	root, err := filepath.Abs("../..")
	must(t, err)
	for _, test := range []struct{ name, proxy string }{
		{"forbidden", "off"},
		{"failing", "http://127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range map[string]string{"GOWORK": "off", "GOPROXY": test.proxy, "GOMODCACHE": t.TempDir(), "GOFLAGS": "-modcacherw", "GONOPROXY": "none", "GOPRIVATE": ""} {
				t.Setenv(name, value)
			}
			_, err := Build(t.Context(), Options{Packages: packages(ownAuthorizer), Target: target(t, ARM64, ""), folder: t.TempDir()})
			want := "\n\tit is compiled with the component's own go.sum, whatever the program vendors: run go mod download in \"" + root + "\" once, where there is a network, or give the authorizer a Function"
			if err == nil || !strings.HasPrefix(err.Error(), `building "`+ownAuthorizer+`": go build: exit status 1`) || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("the error is\n%v\nwant it to end with%s", err, want)
			}
		})
	}
}

// publish makes a module proxy of files that has the product's module.
func publish(t *testing.T, root, version string) string {
	t.Helper()
	proxy := t.TempDir()
	folder := filepath.Join(proxy, filepath.FromSlash(productModule), "@v")
	must(t, os.MkdirAll(folder, 0o700))
	var archive bytes.Buffer
	must(t, zip.CreateFromDir(&archive, module.Version{Path: productModule, Version: version}, root))
	write(t, filepath.Join(folder, "list"), version+"\n")
	write(t, filepath.Join(folder, version+".info"), fmt.Sprintf(`{"Version":%q}`, version))
	write(t, filepath.Join(folder, version+".mod"), string(read(t, filepath.Join(root, "go.mod"))))
	write(t, filepath.Join(folder, version+".zip"), archive.String())
	return proxy
}
