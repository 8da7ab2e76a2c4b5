package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// A change of a handler, a compile error and its correction, each with its
// outcome; then a function that the program did not have, of a package of its own
// with an embedded file, and a change of that file.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "orders")
	var updates updates
	d := deploy(t, Options{Project: dir, Stack: "dev", Updated: updates.add})
	ctx, cancel := context.WithCancel(t.Context())
	out := &consoletest.Buffer{}
	ended := make(chan error, 1)
	go func() {
		err := d.Watch(ctx, io.MultiWriter(out, t.Output()))
		_, _ = fmt.Fprintf(out, "%s: %v\n", watchEnded, err)
		ended <- err
	}()
	await(t, out, `^watching the \d+ files that the deployment is made of\n`)

	write := func(name string, content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	wantStatus := func(path string, want int) {
		t.Helper()
		if got := d.status(t, http.MethodGet, path, ""); got != want {
			t.Errorf("GET %s is %d, want %d", path, got, want)
		}
	}
	const updated = `\nredeployed in [0-9.ms]+: 1 updated, \d+ unchanged\n$`

	const handler = "handlers/listorders/main.go"
	source := read(handler)
	write(handler, bytes.Replace(source, []byte("200"), []byte("203"), 1))
	d.RequestUpdate()
	await(t, out, updated)
	wantStatus("/orders", http.StatusNonAuthoritativeInfo)
	write(handler, []byte("package main\n\nfunc main() { missing() }\n"))
	await(t, out, `\nredeployment failed after [0-9.ms]+: pulumi up failed: Pulumi's output says why\n(.|\n)*undefined: missing`)
	wantStatus("/orders", http.StatusNonAuthoritativeInfo)
	if n := len(updates.list); n != 3 {
		t.Errorf("after two changes and a request for the first of them there were %d deployments, want 3", n)
	}
	if failed := updates.last(); failed.Err == nil || len(failed.Resources) != 0 || !strings.Contains(failed.Output, "undefined: missing") {
		t.Errorf("the update is told of as %+v", failed)
	}
	write(handler, source)
	await(t, out, `(.|\n)*redeployed(.|\n)*`+updated)

	// What was changed before a failure serves.
	program := read("main.go")
	half := bytes.Replace(program, []byte("Function: create, Permissions: []string{\"orders:write\"}}"), []byte("Function: create, Auth: components.Public}"), 1)
	half = bytes.Replace(half, []byte("\t\tctx.Export("), []byte("\t\tif _, err := ssm.NewParameter(ctx, \"forbidden\", &ssm.ParameterArgs{Name: pulumi.String(\"/aws/forbidden\"), Type: pulumi.String(\"String\"), Value: pulumi.String(\"x\")}, pulumi.DependsOn([]pulumi.Resource{api})); err != nil {\n\t\t\treturn err\n\t\t}\n\t\tctx.Export("), 1)
	half = bytes.Replace(half, []byte("import ("), []byte("import (\n\t\"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm\""), 1)
	write("main.go", half)
	await(t, out, `(.|\n)*redeployed(.|\n)*redeployment failed after [0-9.ms]+: pulumi up failed: Pulumi's output says why\n(.|\n)*/aws/forbidden`)
	if route, err := d.APIs[0].Route("POST /orders"); err != nil || !route.Public() {
		t.Errorf("after a redeployment that failed half-way the route is %+v, %v", route, err)
	}
	if failed := updates.last(); failed.Err == nil || !slices.Contains(failed.Resources, ResourceChange{"updated", "Route", "orders-POST /orders"}) {
		t.Errorf("the update is told of as %v, %v", failed.Resources, failed.Err)
	}
	write("main.go", program)
	await(t, out, `/aws/forbidden(.|\n)*\nredeployed in (.|\n)*unchanged\n$`)
	if route, err := d.APIs[0].Route("POST /orders"); err != nil || route.Public() {
		t.Errorf("the route is %+v, %v", route, err)
	}

	// The program's file last: the others are in folders that are not watched yet.
	write("handlers/status/status.txt", []byte("202"))
	embedding := bytes.Replace(source, []byte("StatusCode: 200"), []byte("StatusCode: code()"), 1)
	embedding = bytes.Replace(embedding, []byte("import ("), []byte("import (\n\t_ \"embed\"\n\t\"strconv\""), 1)
	write("handlers/status/main.go", append(embedding, "\n//go:embed status.txt\nvar text string\n\nfunc code() int {\n\tn, _ := strconv.Atoi(text)\n\treturn n\n}\n"...))
	write("main.go", bytes.Replace(program, []byte("Routes: components.Routes{"),
		[]byte(`Routes: components.Routes{ "GET /status": {Function: components.FunctionArgs{Package: "./handlers/status"}, Auth: components.Public},`), 1))
	await(t, out, `\nredeployed in [0-9.ms]+: \d+ created, (.|\n)*unchanged\n$`)
	wantStatus("/status", http.StatusAccepted)
	write("handlers/status/status.txt", []byte("206"))
	await(t, out, `created(.|\n)*`+updated)
	wantStatus("/status", http.StatusPartialContent)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	write("main.go", program) // as it was, for deploy's check
}

// updates are those that have ended.
type updates struct {
	mu   sync.Mutex
	list []StackUpdate
}

func (u *updates) add(update StackUpdate) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if update.Ended {
		u.list = append(u.list, update)
	}
}

func (u *updates) last() StackUpdate {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.list[len(u.list)-1]
}

// watchEnded begins the output's last line.
const watchEnded = "the watch has ended"

// await waits until an output has a text.
func await(t *testing.T, out *consoletest.Buffer, pattern string) {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for !wanted.MatchString(out.String()) {
		if strings.Contains(out.String(), watchEnded) {
			t.Fatalf("the output has no %s:\n%s", pattern, out.String())
		}
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

// An update reads the files that there are: whoever has asked before for one has it.
func TestRequestsBeforeAnUpdate(t *testing.T) {
	t.Parallel()
	d := Deployment{opts: Options{Project: t.TempDir(), Stack: "dev"}, requested: make(chan struct{}, 1)}
	d.RequestUpdate()
	if _, err := d.readAndUp(t.Context(), io.Discard); err == nil || len(d.requested) != 0 {
		t.Errorf("%d requests are left, %v", len(d.requested), err)
	}
}

// Beside sources, a deployment is made of what stands in these files.
func TestSettingsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"Pulumi.yaml": "name: shop\nmain: program\nruntime:\n  name: go\n  options:\n    binary: bin/shop\n", "Pulumi.dev.yaml": "config: {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := Deployment{opts: Options{Project: dir, Stack: "dev", StackReferences: map[string]string{"network": filepath.Join(dir, "network.json")}}}
	var err error
	if d.project, err = readProject(dir, "dev", nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		filepath.Join(dir, "Pulumi.dev.yaml"), filepath.Join(dir, "Pulumi.yaml"),
		filepath.Join(dir, "network.json"), filepath.Join(dir, "program", "bin", "shop"),
	}
	if got := d.settingsFiles(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	if got := summary(map[string]int{"same": 38, "update": 1, "replace": 2}); got != "1 updated, 2 replaced, 38 unchanged" {
		t.Errorf("got %q", got)
	}
}
