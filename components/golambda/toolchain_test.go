package golambda

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// output is what a program prints on both of its streams.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func goTool(t *testing.T, args ...string) string {
	t.Helper()
	return output(t, "go", args...)
}

// other is a toolchain that the go command of the tests, which is newer, would not
// take by itself.
const other = "go1.25.77"

// install makes a toolchain that the go command finds on PATH: the one of the tests
// under another name, which notes what it is run for. It returns the note's file.
func install(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	note := filepath.Join(bin, "note")
	command, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" >>'%s'\nunset GOTOOLCHAIN_INTERNAL_SWITCH_VERSION GOTOOLCHAIN_INTERNAL_SWITCH_COUNT\nGOTOOLCHAIN=local exec '%s' \"$@\"\n", note, command)
	if err := os.WriteFile(filepath.Join(bin, other), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return note
}

// The toolchain line decides, of the workspace where there is one, however new the
// go command is; a go line does not.
func TestBuildUsesTheToolchainLine(t *testing.T) {
	local := strings.TrimSpace(goTool(t, "env", "GOVERSION"))
	tests := []struct {
		name, mod, work, gotoolchain string
		want                         string // the toolchain; empty for the go command's own
		err                          string // with the module's folder as M
	}{
		{name: "no line", mod: "go 1.24.0\n", gotoolchain: "local"},
		{name: "the go command's own", mod: "go 1.24.0\n\ntoolchain " + local + "\n", gotoolchain: "local"},
		{name: "another", mod: "go 1.24.0\n\ntoolchain " + other + "\n", gotoolchain: "auto", want: other},
		{name: "another, of those installed", mod: "go 1.24.0\n\ntoolchain " + other + "\n", gotoolchain: local + "+path", want: other},
		{name: "not installed", mod: "go 1.24.0\n\ntoolchain go1.25.78\n", gotoolchain: "path",
			err: "M/go.mod has the line toolchain go1.25.78, which cannot be had (connect to the network, install it with go install golang.org/dl/go1.25.78@latest, or change the line): exit status 1\n" +
				"\tgo: cannot find \"go1.25.78\" in PATH"},
		{name: "of the workspace", mod: "go 1.24.0\n\ntoolchain go1.25.78\n", work: "go 1.24.0\n\ntoolchain " + other + "\n\nuse .\n", gotoolchain: "auto", want: other},
		{name: "a workspace without", mod: "go 1.24.0\n\ntoolchain go1.25.78\n", work: "go 1.24.0\n\nuse .\n", gotoolchain: "auto"},
		{name: "a go line that is too new", mod: "go 1.99.0\n", gotoolchain: "local",
			err: "go build: exit status 1\n\tgo: go.mod requires go >= 1.99.0 (running " + strings.Replace(local, "go", "go ", 1) + "; GOTOOLCHAIN=local)\n" +
				"\tinstall that Go, or let the go command download it with GOTOOLCHAIN=auto"},
		{name: "none other allowed", mod: "go 1.24.0\n\ntoolchain " + other + "\n", gotoolchain: "local",
			err: "M/go.mod has the line toolchain " + other + ", but the go command is " + local +
				", and GOTOOLCHAIN=local allows no other: set GOTOOLCHAIN=auto, install " + other + ", or change the line"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			note := install(t)
			module := t.TempDir()
			write(t, filepath.Join(module, "go.mod"), "module example.com/pinned\n\n"+test.mod)
			write(t, filepath.Join(module, "main.go"), goodMain)
			if test.work != "" {
				write(t, filepath.Join(module, "go.work"), test.work)
			}
			t.Setenv("GOTOOLCHAIN", test.gotoolchain)
			_, err := Build(t.Context(), Options{Packages: packages(module), Target: target(t, ARM64, ""), folder: t.TempDir()})
			message := ""
			if err != nil {
				message = strings.ReplaceAll(strings.TrimPrefix(err.Error(), `building "`+module+`": `), module, "M")
			}
			if message != test.err {
				t.Fatalf("the error is\n%s\nwant\n%s", message, test.err)
			}
			noted, _ := os.ReadFile(note)
			if got := strings.Contains(string(noted), "build\n"); got != (test.want == other) {
				t.Errorf("%s was run for %q", other, noted)
			}
		})
	}
}

func TestToolchainLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, test := range []struct{ content, want string }{
		{"module m\n\ngo 1.24.0\n", ""},
		{"module m\n\ngo 1.24.0\n\ntoolchain default\n", ""},
		{"module m\n\ngo 1.24.0\n\ntoolchain go1.26.3 // security fixes\n", "go1.26.3"},
		{"module m\n\ngo 1.24.0\n\ntoolchain go1.26.3\n\nfuture line\n", "go1.26.3"},
		{"module m\n\ntoolchain go1.26.3 (\n", ""},
	} {
		file := filepath.Join(dir, fmt.Sprint(i))
		write(t, file, test.content)
		if got, name := toolchainLine(goEnv{GOMOD: file}); got != file || name != test.want {
			t.Errorf("%q: got %q of %s, want %q", test.content, name, got, test.want)
		}
	}
}
