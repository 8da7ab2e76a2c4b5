package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events"
	"github.com/protected-http-api/protected-http-api/internal/events/eventstest"
	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

const module = "github.com/protected-http-api/protected-http-api/handlers/"

// build compiles the four functions and returns the folder they are in, each
// under its package's name.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", dir}
	for _, name := range []string{"listevents", "getevent", "createevent", "deleteevent"} {
		args = append(args, module+name)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("building the functions: %v\n%s", err, out)
	}
	return dir
}

// function is a running bootstrap, and the Runtime API that it asks for work.
type function struct {
	requests  chan []byte
	responses chan []byte
	exited    chan struct{}
	stderr    *bytes.Buffer // to be read after exited
	cmd       *exec.Cmd
}

// start runs a bootstrap with this environment and nothing else, until stop or
// the end of the test.
func start(t *testing.T, bootstrap string, env ...string) *function {
	t.Helper()
	f := &function{requests: make(chan []byte), responses: make(chan []byte, 1), exited: make(chan struct{}), stderr: &bytes.Buffer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case body := <-f.requests:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:f")
			_, _ = w.Write(body)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/invocation-1/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		f.responses <- append([]byte(r.PathValue("kind")+" "), body...)
	})
	runtime := httptest.NewServer(mux)
	f.cmd = exec.CommandContext(t.Context(), bootstrap)
	f.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=f")
	f.cmd.Stderr = f.stderr
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(f.exited)
		_ = f.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		f.stop()
		runtime.Close()
	})
	return f
}

func (f *function) stop() {
	_ = f.cmd.Process.Kill() // it may have ended by itself
	<-f.exited
}

// invoke sends a request through the bootstrap.
func (f *function) invoke(t *testing.T, req httpapi.Request) httpapi.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	event, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case f.requests <- event:
	case <-f.exited:
		t.Fatalf("the function has ended: %s", f.stderr)
	case <-ctx.Done():
		t.Fatal("the function does not ask for work")
	}
	select {
	case answer := <-f.responses:
		var resp httpapi.Response
		kind, body, _ := bytes.Cut(answer, []byte(" "))
		if err := json.Unmarshal(body, &resp); err != nil || string(kind) != "response" {
			t.Fatalf("the function answered %s, %v", answer, err)
		}
		return resp
	case <-f.exited:
		t.Fatalf("the function has ended: %s", f.stderr)
	case <-ctx.Done():
		t.Fatal("the function does not answer")
	}
	return httpapi.Response{}
}

// The real binaries, over the Lambda Runtime API, with the local AWS
// behind them.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	dir := build(t)
	credentials := []string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"}

	t.Run("create, get, list, delete", func(t *testing.T) {
		t.Parallel()
		env := eventstest.Start(t).Environ()
		create, get := start(t, filepath.Join(dir, "createevent"), env...), start(t, filepath.Join(dir, "getevent"), env...)
		list, del := start(t, filepath.Join(dir, "listevents"), env...), start(t, filepath.Join(dir, "deleteevent"), env...)

		var e events.Event
		decode(t, create.invoke(t, load(t, "create")), 201, &e)
		if e.Name != "Launch" || e.CreatedBy != "usr_abc" {
			t.Errorf("created %+v", e)
		}
		request := func(fixture string) httpapi.Request {
			req := load(t, fixture)
			req.PathParameters["id"] = e.ID
			return req
		}
		var got events.Event
		decode(t, get.invoke(t, request("get")), 200, &got)
		if got != e {
			t.Errorf("got %+v, want %+v", got, e)
		}
		var page struct {
			Items  []events.Event
			Cursor *string
		}
		decode(t, list.invoke(t, load(t, "list")), 200, &page)
		if len(page.Items) != 1 || page.Items[0] != e || page.Cursor != nil {
			t.Errorf("listed %+v, want %+v", page, e)
		}
		if resp := del.invoke(t, request("delete")); resp.StatusCode != 204 || resp.Body != "" {
			t.Errorf("delete answered %d %s", resp.StatusCode, resp.Body)
		}
		if resp := get.invoke(t, request("get")); resp.StatusCode != 404 {
			t.Errorf("get of a deleted event answered %d %s", resp.StatusCode, resp.Body)
		}
	})

	t.Run("DynamoDB is down", func(t *testing.T) {
		t.Parallel()
		down := httptest.NewServer(http.NotFoundHandler())
		down.Close()
		f := start(t, filepath.Join(dir, "getevent"), append(credentials[:3:3], "AWS_ENDPOINT_URL="+down.URL, "TABLE_NAME=events-table")...)
		resp := f.invoke(t, load(t, "get"))
		if resp.StatusCode != 500 || resp.Body != internal {
			t.Errorf("answered %d %s", resp.StatusCode, resp.Body)
		}
		f.stop()
		var line map[string]string
		if err := json.Unmarshal(f.stderr.Bytes(), &line); err != nil {
			t.Fatalf("log %q is not one JSON line: %v", f.stderr, err)
		}
		if !strings.Contains(line["error"], "connection refused") || line["requestId"] != "invocation-1" || line["apiRequestId"] != "dnLxWiPZliAEMVQ=" {
			t.Errorf("log is %v, want the cause and both request ids", line)
		}
	})

	t.Run("no table name", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"listevents", "getevent", "createevent", "deleteevent"} {
			f := start(t, filepath.Join(dir, name), credentials...)
			<-f.exited
			if code := f.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(f.stderr.String(), `environment variable \"TABLE_NAME\" is not set`) {
				t.Errorf("%s ended with %d and log %s", name, code, f.stderr)
			}
		}
	})
}

func decode(t *testing.T, resp httpapi.Response, status int, v any) {
	t.Helper()
	if resp.StatusCode != status {
		t.Fatalf("answered %d %s, want %d", resp.StatusCode, resp.Body, status)
	}
	if err := json.Unmarshal([]byte(resp.Body), v); err != nil {
		t.Fatalf("answered %s: %v", resp.Body, err)
	}
}
