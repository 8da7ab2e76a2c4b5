package local

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// A change of a handler, a compile error and its correction, each with its
// outcome.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "orders")
	d := deploy(t, Options{Project: dir, Stack: "dev"})
	ctx, cancel := context.WithCancel(t.Context())
	out := &consoletest.Buffer{}
	ended := make(chan error, 1)
	go func() { ended <- d.Watch(ctx, out) }()
	await(t, out, `^watching for changes of Go and Pulumi files\n`)

	handler := filepath.Join(dir, "handlers", "listorders", "main.go")
	source, err := os.ReadFile(handler)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(handler, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(bytes.Replace(source, []byte("200"), []byte("203"), 1))
	await(t, out, `\nredeployed in [0-9.]+m?s: 1 updated, \d+ unchanged\n$`)
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusNonAuthoritativeInfo {
		t.Errorf("GET /orders of the changed handler is %d, want 203", got)
	}
	write([]byte("package main\n\nfunc main() { missing() }\n"))
	await(t, out, `\nredeployment failed after [0-9.]+m?s: pulumi up failed: Pulumi's output says why\n(.|\n)*undefined: missing`)
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusNonAuthoritativeInfo {
		t.Errorf("GET /orders after a failed deployment is %d, want 203", got)
	}
	write(source)
	await(t, out, `(.|\n)*redeployed(.|\n)*redeployed in [0-9.]+m?s: 1 updated, \d+ unchanged\n$`)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// await waits until an output has a text.
func await(t *testing.T, out *consoletest.Buffer, pattern string) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for !wanted.MatchString(out.String()) {
		select {
		case <-t.Context().Done():
			t.Fatal("the test was ended")
		case <-time.After(50 * time.Millisecond):
		}
		if deadline, ok := t.Deadline(); ok && time.Until(deadline) < time.Minute {
			t.Fatalf("the output has no %s:\n%s", pattern, out.String())
		}
	}
}

func TestIsSource(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"a/main.go": true, "a/main_test.go": false, "go.mod": true, "other.mod": false, "go.sum": true,
		"Pulumi.yaml": true, "Pulumi.dev.yaml": true, "values.yaml": false, "a/.main.go.swp": false, "README.md": false,
	} {
		if got := isSource(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	if got := summary(map[string]int{"same": 38, "update": 1, "replace": 2}); got != "1 updated, 2 replaced, 38 unchanged" {
		t.Errorf("got %q", got)
	}
}
