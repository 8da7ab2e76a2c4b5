package probe

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/probe"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		err  string
	}{
		{"pattern", []string{"--local", "--only", "("}, "--only is no regular expression: error parsing regexp: missing closing ): `(`"},
		{"no such name", []string{"--local", "--only", "nothing/like-it"}, `no experiment is called like "nothing/like-it"`},
		{"removal without state", []string{"--remove"}, "--remove needs --state, and AWS: a local AWS leaves nothing"},
		{"local removal", []string{"--remove", "--local", "--state", "x"}, "--remove needs --state, and AWS: a local AWS leaves nothing"},
		{"local and kept", []string{"--keep", "--local"}, "--keep and --local exclude each other: the local AWS ends with the command"},
		{"argument", []string{"cache"}, `unexpected argument "cache"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			err := cli.Call(t.Context(), New(), test.args, &stdout, &stderr)
			if err == nil || err.Error() != test.err {
				t.Errorf("the error is %v, want %s", err, test.err)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if err := cli.Call(t.Context(), New(), []string{"--list", "--only", "^cache/(bounds|off)$"}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	const want = `cache/off: Does the authorizer run for each request with a TTL of 0?
cache/bounds: How many answers does the cache hold?
    cannot be asked: it would take more than ten thousand answers to see, and AWS may keep them in more than one place
`
	if stdout.String() != want {
		t.Errorf("got %s", stdout.String())
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "report")
	var stdout, stderr bytes.Buffer
	if err := cli.Call(t.Context(), New(), []string{"--local", "--only", "^(path/root|cache/bounds)$", "--output", folder}, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if got := stdout.String(); !strings.Contains(got, "same       path/root\n") || !strings.Contains(got, "not asked  cache/bounds: ") || !strings.HasSuffix(got, "1 experiments, 0 with a difference\n") {
		t.Errorf("got %s", got)
	}
	for _, name := range []string{"probe.json", "probe.md"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	steps := func(same bool) []probe.StepResult {
		return []probe.StepResult{{Request: "GET /a", Checks: []probe.Check{{What: "status", Expected: "200", Observed: "200", Same: true}, {What: "body", Expected: "a", Observed: "b", Same: same}}}}
	}
	tests := []struct {
		name    string
		result  probe.Result
		verbose bool
		want    string
	}{
		{"same", probe.Result{Name: "a/b", Attempts: 1, Steps: steps(true)}, false, "same       a/b\n"},
		{"same at last", probe.Result{Name: "a/b", Attempts: 3, Steps: steps(true)}, false, "same       a/b (attempt 3)\n"},
		{"same, in full", probe.Result{Name: "a/b", Attempts: 1, Steps: steps(true)}, true, "same       a/b\n    GET /a: status: expected 200, observed 200\n    GET /a: body: expected a, observed b\n"},
		{"different", probe.Result{Name: "a/b", Asks: "Is it?", Attempts: 1, Steps: steps(false)}, false, "DIFFERENT  a/b: Is it?\n    GET /a: status: expected 200, observed 200\n  ! GET /a: body: expected a, observed b\n"},
		{"not asked", probe.Result{Name: "a/b", Cannot: "it is not"}, false, "not asked  a/b: it is not\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			if show(&stdout, test.result, test.verbose); stdout.String() != test.want {
				t.Errorf("got %q, want %q", stdout.String(), test.want)
			}
		})
	}
}
