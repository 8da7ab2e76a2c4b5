package golambda

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// What a user sets in GOFLAGS is passed on, changes nothing, or is refused; it is
// never dropped where it would change a binary.
func TestGoFlags(t *testing.T) {
	t.Parallel()
	const has = `GOFLAGS in /etc/goenv (go env -w) has `
	const changes = `, which changes the functions' binaries: `
	tagged := []Package{{Path: "a", BuildTags: []string{"prod", "extra"}}, {Path: "b", BuildTags: []string{"prod"}}}
	tests := []struct {
		name, goFlags string
		packages      []Package
		want, err     string
	}{
		{name: "none", want: "-buildvcs=false"},
		{name: "harmless", goFlags: "-v -x -modcacherw --p=1 -count=1 -trimpath\n", want: "-buildvcs=false -modcacherw --p=1"},
		{name: "the defaults of -mod", goFlags: "-mod=vendor -mod=readonly", want: "-buildvcs=false -mod=vendor -mod=readonly"},
		{name: "tags of all", goFlags: "-tags=prod,lambda.norpc", packages: tagged, want: "-buildvcs=false"},
		{name: "tags of some", goFlags: "-tags=prod,extra", packages: tagged,
			err: has + `"-tags=prod,extra"` + changes + `name the tag "extra" in the Build.Tags of all functions (the one in "b" has ["prod"]), or take it out of GOFLAGS`},
		{name: "linker flags", goFlags: `'-ldflags=-s -X main.v=1'`,
			err: has + `"-ldflags=-s -X main.v=1"` + changes + "name it in the Build.LdFlags of the functions that need it, and take it out of GOFLAGS"},
		{name: "writes go.mod", goFlags: "-mod=mod", err: has + `"-mod=mod"` + changes + "run go mod tidy, and take it out of GOFLAGS"},
		{name: "several", goFlags: "-race --gcflags=-N -v",
			err: has + `"-race"` + changes + "take it out of GOFLAGS\n" + has + `"--gcflags=-N"` + changes + "take it out of GOFLAGS"},
	}
	for _, flag := range []string{"-asmflags=x", "-cover", "-covermode=set", "-coverpkg=./...", "-msan", "-asan", "-buildmode=pie", "-compiler=gccgo",
		"-gccgoflags=x", "-installsuffix=x", "-linkshared", "-modfile=x.mod", "-overlay=x.json", "-pgo=off", "-pkgdir=x", "-toolexec=x", "-unheard-of"} {
		tests = append(tests, struct {
			name, goFlags string
			packages      []Package
			want, err     string
		}{name: flag, goFlags: flag, err: has + `"` + flag + `"` + changes + "take it out of GOFLAGS"})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// As the packages' own tests may run with GOFLAGS in the environment.
			env := goEnv{GOFLAGS: test.goFlags, GOENV: "/etc/goenv"}
			got, err := env.goFlags(test.packages)
			message := ""
			if err != nil {
				message = strings.ReplaceAll(err.Error(), "environment variable GOFLAGS has", strings.TrimSpace(has))
			}
			if message != test.err {
				t.Errorf("the error is\n%s\nwant\n%s", message, test.err)
			}
			if test.err == "" && got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestBuildRefusesSettingsOfTheEnvironment(t *testing.T) {
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	hello := filepath.Join(module, "hello")
	tests := []struct{ name, variable, value, want string }{
		{"flags", "GOFLAGS", "-tags=prod", `environment variable GOFLAGS has "-tags=prod", which changes the functions' binaries: ` +
			`name the tag "prod" in the Build.Tags of all functions (the one in "` + hello + `" has []), or take it out of GOFLAGS`},
		{"experiment", "GOEXPERIMENT", "jsonv2", `environment variable GOEXPERIMENT is "jsonv2", but the function in "` + hello +
			`" is built with the experiments "": name them in the Build.GoExperiment of the function, or unset it`},
		{"FIPS 140", "GOFIPS140", "latest", `environment variable GOFIPS140 is "latest", but the function in "` + hello +
			`" is built with "off": set the Build.GoFips140 of the function, or unset it`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			_, err := Build(t.Context(), Options{Packages: packages(hello), Target: target(t, ARM64, ""), folder: t.TempDir()})
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is\n%v\nwant\n%s", err, test.want)
			}
		})
	}
	t.Run("file of go env -w", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "env")
		write(t, file, "GOFLAGS=-race\n")
		t.Setenv("GOENV", file)
		t.Setenv("GOFLAGS", "")
		_, err := Build(t.Context(), Options{Packages: packages(hello), Target: target(t, ARM64, ""), folder: t.TempDir()})
		want := "GOFLAGS in " + file + ` (go env -w) has "-race", which changes the functions' binaries: take it out of GOFLAGS`
		if err == nil || err.Error() != want {
			t.Errorf("the error is\n%v\nwant\n%s", err, want)
		}
	})
}

// The options of a package reach the compiler and the linker, and nothing else does:
// an environment that says the same is good.
func TestBuildOptions(t *testing.T) {
	module := writeModule(t, t.TempDir(), map[string]string{"hello": "package main\n\nvar text = \"plain\"\n\nfunc main() { println(text, tag) }\n"})
	hello := filepath.Join(module, "hello")
	write(t, filepath.Join(hello, "prod.go"), "//go:build prod && goexperiment.jsonv2\n\npackage main\n\nconst tag = \"prod\"\n")
	t.Setenv("GOFLAGS", "-tags=prod")
	t.Setenv("GOEXPERIMENT", "jsonv2")
	t.Setenv("GOFIPS140", "latest")
	packages := []Package{{
		Path: hello, BuildTags: []string{"prod"}, LdFlags: []string{"-X", "main.text=it's set"}, Experiment: "jsonv2", FIPS140: "latest",
	}}
	archives, err := Build(t.Context(), Options{Target: target(t, ARM64, "host"), folder: t.TempDir(), Packages: packages})
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, archives[0]); got != "it's set prod\n" {
		t.Errorf("the function prints %q", got)
	}
	if want := strings.TrimSpace(goTool(t, "env", "GOVERSION")) + "-X:jsonv2"; archives[0].GoVersion != want {
		t.Errorf("the Go version is %q, want %q", archives[0].GoVersion, want)
	}
}

// The record tells the folder of a package, or where an import path is looked for.
func TestRecord(t *testing.T) {
	t.Parallel()
	record := filepath.Join(t.TempDir(), "record")
	must(t, Record(t.Context(), record, []Package{
		{Path: "./missing", BuildTags: []string{"prod"}}, {Path: "example.com/a"}, {Path: productModule + "/handlers/authorizer"},
	}))
	here, err := os.Getwd()
	must(t, err)
	want := []contract.BuiltPackage{
		{Folder: filepath.Join(here, "missing"), BuildTags: []string{"lambda.norpc", "prod"}},
		{Folder: here, ImportPath: "example.com/a", BuildTags: []string{"lambda.norpc"}},
		{Folder: filepath.Join(here, "..", "..", "handlers", "authorizer"), Alone: true, BuildTags: []string{"lambda.norpc"}},
	}
	var got []contract.BuiltPackage
	for line := range bytes.Lines(read(t, record)) {
		var recorded contract.BuiltPackage
		must(t, json.Unmarshal(line, &recorded))
		got = append(got, recorded)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("recorded %+v, want %+v", got, want)
	}
}

func TestBuildRefusesOptions(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": goodMain})
	hello := filepath.Join(module, "hello")
	tests := []struct {
		name string
		pkg  Package
		want string
	}{
		{"a flag for a tag", Package{BuildTags: []string{"good", "-race"}}, `build tags: "-race" is no build tag: one has letters, digits, "_" and "."`},
		{"two tags in one", Package{BuildTags: []string{"a,b"}}, `build tags: "a,b" is no build tag: one has letters, digits, "_" and "."`},
		{"no argument", Package{LdFlags: []string{""}}, `linker flags: "" is no argument`},
		{"both quotes", Package{LdFlags: []string{`-X=main.a='"`}}, `linker flags: "-X=main.a='\"" has both kinds of quotes, which the go command cannot hand on`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.pkg.Path = hello
			_, err := Build(t.Context(), Options{Packages: []Package{test.pkg}, Target: target(t, ARM64, ""), folder: t.TempDir()})
			if want := `building "` + hello + `": ` + test.want; err == nil || err.Error() != want {
				t.Errorf("the error is\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// A folder whose files are all left out says why each of them is.
func TestBuildExplainsFilesLeftOut(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a_test.go":    "package main\n",
		"native.go":    "package main\n\nimport \"C\"\n\nfunc main() {}\n",
		"prod.go":      "//go:build prod && !windows\n\n" + goodMain,
		"needs_cgo.go": "//go:build cgo\n\n" + goodMain,
		"mac.go":       "//go:build darwin || windows\n\n" + goodMain,
		"x_windows.go": goodMain,
	}
	reasons := map[string]string{
		"a_test.go":    "only for go test",
		"native.go":    `it imports "C", and functions are compiled without cgo: use a package that needs no C`,
		"prod.go":      "its line //go:build prod && !windows is not met: name the tags that it needs in Build.Tags",
		"needs_cgo.go": "its line //go:build cgo is not met: functions are compiled without cgo",
		"mac.go":       "its line //go:build darwin || windows is not met: it is for another system or processor",
		"x_windows.go": "its name is that of another system or processor",
	}
	module := writeModule(t, t.TempDir(), map[string]string{})
	var all []string
	for name, source := range files {
		folder := filepath.Join(module, strings.TrimSuffix(name, ".go"))
		write(t, filepath.Join(folder, name), source)
		write(t, filepath.Join(module, "all", name), source)
		all = append(all, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Build(t.Context(), Options{Packages: packages(folder), Target: target(t, ARM64, ""), folder: t.TempDir()})
			want := `building "` + folder + `": folder "` + folder + "\" has no Go file that is compiled for linux/arm64:\n\t" + name + ": " + reasons[name]
			if err == nil || err.Error() != want {
				t.Errorf("the error is\n%v\nwant\n%s", err, want)
			}
		})
	}
	slices.Sort(all)
	_, err := Build(t.Context(), Options{Packages: packages(filepath.Join(module, "all")), Target: target(t, ARM64, ""), folder: t.TempDir()})
	for _, name := range all {
		if err == nil || !strings.Contains(err.Error(), "\n\t"+name+": "+reasons[name]) {
			t.Errorf("the error lacks %s:\n%v", name, err)
		}
	}
}

// What is undefined may be in a file that is left out; other mistakes are not.
func TestBuildHintsAtFilesLeftOut(t *testing.T) {
	t.Parallel()
	module := writeModule(t, t.TempDir(), map[string]string{"hello": "package main\n\nfunc main() { helper() }\n"})
	hello := filepath.Join(module, "hello")
	write(t, filepath.Join(hello, "helper.go"), "//go:build prod\n\npackage main\n\nfunc helper() {}\n")
	write(t, filepath.Join(hello, "helper_windows.go"), "package main\n\nfunc helper() {}\n")
	build := func() string {
		_, err := Build(t.Context(), Options{Packages: packages(hello), Target: target(t, ARM64, ""), folder: t.TempDir()})
		if err == nil {
			t.Fatal("no error")
		}
		return err.Error()
	}
	head := `building "` + hello + "\": go build: exit status 1\n\t# example.com/other/hello\n\t"
	want := head + "./main.go:3:15: undefined: helper\n\thelper.go is left out: its line //go:build prod is not met: name the tags that it needs in Build.Tags"
	if got := build(); got != want {
		t.Errorf("the error is\n%s\nwant\n%s", got, want)
	}
	write(t, filepath.Join(hello, "main.go"), "package main\n\nfunc main() { return 1 }\n")
	if got, want := build(), head+"./main.go:3:22: too many return values\n\t\thave (number)\n\t\twant ()"; got != want {
		t.Errorf("the error is\n%s\nwant\n%s", got, want)
	}
}

func TestSplitFlags(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"":                           nil,
		" -a\t-b\n":                  {"-a", "-b"},
		`"-ldflags=-s -w" '-x=a "b'`: {"-ldflags=-s -w", `-x=a "b`},
		`'-open`:                     {"-open"},
	} {
		if got := splitFlags(list); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

// run unpacks a function's binary and returns what it prints.
func run(t *testing.T, archive Archive) string {
	t.Helper()
	binary, _, err := unpack(read(t, archive.Path))
	if err != nil {
		t.Fatal(err)
	}
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(bootstrap, binary, 0o700); err != nil {
		t.Fatal(err)
	}
	return output(t, bootstrap)
}
