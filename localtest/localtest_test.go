package localtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bakery copies the module testdata/bakery, with this one as its only dependency.
func bakery(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/bakery")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"go.mod": strings.Replace(string(mod), "../../..", root, 1), "go.sum": string(sum)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := goCommand(t, dir, nil, "list", "-mod=mod", "-deps", "-test", "./..."); err != nil {
		t.Fatalf("completing the module: %v\n%s", err, out)
	}
	return dir
}

// goCommand runs the go command in a folder, with temporary files in another.
func goCommand(t *testing.T, dir string, env []string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// result is what go test says of one test.
type result struct {
	passed, failed bool
	output         string
}

func results(t *testing.T, events string) map[string]*result {
	t.Helper()
	all := map[string]*result{}
	for decoder := json.NewDecoder(strings.NewReader(events)); ; {
		var event struct{ Action, Test, Output string }
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%v in %s", err, events)
		}
		r := all[event.Test]
		if r == nil {
			r = &result{}
			all[event.Test] = r
		}
		r.output += event.Output
		r.passed, r.failed = r.passed || event.Action == "pass", r.failed || event.Action == "fail"
	}
}

// mistakes are what the tests of TestMistakes say of what is wrong, in this order.
var mistakes = map[string][]string{
	"status": {
		"POST /orders is 403 Forbidden, want 201 Created", `body: {"message":"Forbidden"}`,
		"decision: route POST /orders; authorizer: ran ", ", refused; reason: invalid signature",
		"bakery-tokens | {", `"msg":"request denied"`,
	},
	"crash": {
		"POST /orders is 500 Internal Server Error, want 201 Created", "handler: failed: the function returned an error (errorString)",
		"bakery-orders | {", "the oven is cold",
	},
	"body":   {"POST /orders: the body cannot be read as JSON: ", `body: {"by":"usr_1","method":"JWT"}`},
	"secret": {"GET /orders is 200 OK, want 201 Created", "body: [credential]"},
	"access": {
		"routes are not protected as testdata/TestMistakes-access.access says:\n", "bakery: GET /orders has become PUBLIC; it was: bakery-tokens, answers reused for 5m0s\n",
		"window: GET / is new and PUBLIC\n", "bakery: POST /orders is new: bakery-tokens, answers reused for 5m0s, needs orders:write\n",
		"bakery: POST /bread is gone; it was: ", "if that is meant: LOCALTEST_UPDATE=1 go test\n",
	},
	"name":     {`the program has no API "mill": it has "bakery", "window"`},
	"unnamed":  {`the program has several APIs: choose one of "bakery", "window" with Named`},
	"function": {`the program has no function "oven": it has bakery-keys, bakery-orders, `},
	"output":   {`the program has no output "oven" that is a text: its outputs are apiUrl, keyTable, windowUrl`},
	"keys":     {"the authorizers of the API window have 0 tables of API keys, and Key needs one (AuthorizerArgs.ApiKeys)"},
	"setting":  {`deploying again: the setting "oven" is in neither `},
	"project":  {"deploying / with the stack dev: no Pulumi.yaml in / or above it"},
}

// TestKit runs the tests of another module, which use the kit.
func TestKit(t *testing.T) {
	t.Parallel()
	dir, temp := bakery(t), t.TempDir()
	out, err := goCommand(t, dir, []string{"TMPDIR=" + temp}, "test", "-json", "./...")
	if err == nil {
		t.Error("the tests pass that have mistakes")
	}
	ran := results(t, out)
	for _, name := range []string{"TestProgram", "TestTokens", "TestOtherCredentials", "TestSeveral", "TestShared"} {
		if r := ran[name]; r == nil || !r.passed {
			t.Errorf("%s has not passed", name)
		}
	}
	deployments := 0
	for name, r := range ran {
		deployments += strings.Count(r.output, ": localtest: deployed in ")
		mistake, meant := strings.CutPrefix(name, "TestMistakes/")
		if !meant {
			if strings.Contains(r.output, ".go:") && r.failed {
				t.Errorf("%s: %s", name, r.output)
			}
			continue
		}
		rest := r.output
		for _, want := range mistakes[mistake] {
			_, after, found := strings.Cut(rest, want)
			if !found || !r.failed {
				t.Errorf("%s: %q is missing in:\n%s", name, want, r.output)
				break
			}
			rest = after
		}
	}
	if len(ran) < len(mistakes) || deployments != 1 {
		t.Errorf("%d tests ran with %d deployments", len(ran), deployments)
	}
	expectNothingLeft(t, temp)
}

// TestKilled kills a test process in the middle of a deployment.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir, temp := bakery(t), t.TempDir()
	marker := filepath.Join(t.TempDir(), "marker")
	go func() {
		for {
			content, err := os.ReadFile(marker)
			if pid, bad := strconv.Atoi(string(content)); err == nil && bad == nil {
				time.Sleep(time.Second) // into the deployment
				_ = syscall.Kill(pid, syscall.SIGKILL)
				return
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	out, err := goCommand(t, dir, []string{"TMPDIR=" + temp, "BAKERY_MARKER=" + marker}, "test", "-run", "TestKilled", "./tests")
	if err == nil || !strings.Contains(out, "signal: killed") {
		t.Errorf("%v: %s", err, out)
	}
	expectNothingLeft(t, temp)
}

// expectNothingLeft wants that soon neither a file is in a folder for temporary ones nor
// a process runs that has it in its environment.
func expectNothingLeft(t *testing.T, temp string) {
	t.Helper()
	const limit = 30 * time.Second
	var left []string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		left = nil
		entries, err := os.ReadDir(temp)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			left = append(left, entry.Name())
		}
		processes, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, process := range processes {
			if content, err := os.ReadFile(process); err == nil && strings.Contains(string(content), temp) {
				left = append(left, process)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("left behind: %s", strings.Join(left, ", "))
}
