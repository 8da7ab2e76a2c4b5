package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
			err := run(t.Context(), test.args, &stdout, &stderr)
			if err == nil || err.Error() != test.err {
				t.Errorf("the error is %v, want %s", err, test.err)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"--list", "--only", "^cache/(bounds|off)$"}, &stdout, &stderr); err != nil {
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
	if err := run(t.Context(), []string{"--local", "--only", "^(path/root|cache/bounds)$", "--output", folder}, &stdout, &stderr); err != nil {
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
