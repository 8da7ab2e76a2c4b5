package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

const modulePath = "github.com/protected-http-api/protected-http-api"

// release is another version in each run: the module cache is everybody's.
var release = module.PseudoVersion("", "", time.Now().UTC(), fmt.Sprintf("%012x", time.Now().UnixNano()%(1<<48)))

// TestInstall: the command is had in each of the ways that the README names: by go run
// in the checkout, by go install of the latest release, and by go get -tool and go tool
// in a module of one's own. The release comes from a module proxy in a folder, and what it
// needs from the modules that are on the machine.
func TestInstall(t *testing.T) {
	t.Parallel()
	cache := strings.TrimSpace(goCommand(t, ".", nil, "env", "GOMODCACHE"))
	proxy := t.TempDir()
	publish(t, proxy)
	t.Cleanup(func() {
		for _, path := range []string{filepath.Join(cache, modulePath+"@"+release), filepath.Join(cache, "cache", "download", modulePath, "@v", release+".*")} {
			found, _ := filepath.Glob(path)
			for _, path := range found {
				_ = os.RemoveAll(path)
			}
		}
	})
	env := []string{
		"GOPROXY=file://" + proxy + ",file://" + filepath.Join(cache, "cache", "download"), "GONOSUMDB=*", "GONOSUMCHECK=1", "GOFLAGS=-modcacherw", "GOWORK=off", "GOTOOLCHAIN=local",
		"GOBIN=" + filepath.Join(proxy, "bin"),
	}
	if out := goCommand(t, "../..", nil, "run", "./scripts/pha", "--help"); !strings.Contains(out, "\nUsage: go run ./scripts/pha COMMAND [flags]\n") {
		t.Errorf("go run says %s", out)
	}
	goCommand(t, t.TempDir(), env, "install", modulePath+"/scripts/pha@latest")
	out, err := exec.CommandContext(t.Context(), filepath.Join(proxy, "bin", "pha"), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "pha "+release+"\n") {
		t.Errorf("the installed command says %s, %v", out, err)
	}
	own := t.TempDir()
	goCommand(t, own, env, "mod", "init", "shop.example/shop")
	goCommand(t, own, env, "get", "-tool", modulePath+"/scripts/pha@latest")
	if out := goCommand(t, own, env, "tool", "pha", "up", "--help"); !strings.Contains(out, "\nUsage: go tool pha up [flags]\n") {
		t.Errorf("go tool says %s", out)
	}
}

// publish puts the checkout as the module's release into a proxy (Go Modules Reference,
// "GOPROXY protocol").
func publish(t *testing.T, proxy string) {
	t.Helper()
	dir := filepath.Join(proxy, modulePath, "@v")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, release+".zip"))
	if err == nil {
		err = modzip.CreateFromDir(file, module.Version{Path: modulePath, Version: release}, "../..")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{release + ".mod": string(mod), release + ".info": `{"Version":"` + release + `"}`, "list": release + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func goCommand(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, message.String())
	}
	return string(out)
}
