package functions

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a function may take for anything.
const patience = 30 * time.Second

// Process is a running function, and the Runtime API that it asks for work.
type Process struct {
	// Started is when the process was started.
	Started time.Time

	asked   chan time.Time
	events  chan []byte
	answers chan answer
	server  *http.Server
	command *exec.Cmd
	stderr  *output
}

// output is what a process has written until now.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

type answer struct {
	at     time.Time
	failed bool
	body   []byte
}

const runtimeAPI = "/2018-06-01/runtime/"

// Start starts a function as a process with a Runtime API of its own.
func Start(ctx context.Context, f Function) (*Process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the function: %w", err)
	}
	p := &Process{asked: make(chan time.Time, 1), events: make(chan []byte), answers: make(chan answer, 1), stderr: &output{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: patience, IdleTimeout: time.Hour}
	go func() { _ = p.server.Serve(listener) }()
	p.command = exec.CommandContext(ctx, f.Command[0], f.Command[1:]...) //nolint:gosec // the benchmark's own functions
	p.command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "AWS_REGION=" + Region,
		"AWS_LAMBDA_FUNCTION_NAME=function", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "LAMBDA_TASK_ROOT=" + f.Folder,
	}, f.Env...)
	p.command.Dir, p.command.Stderr, p.command.Stdout = f.Folder, p.stderr, p.stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.command.Cancel = func() error { return syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) }
	p.command.WaitDelay = time.Second
	p.Started = time.Now()
	if err := p.command.Start(); err != nil {
		_ = p.server.Close()
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	return p, nil
}

// ServeHTTP is the Runtime API.
func (p *Process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	path := strings.TrimPrefix(r.URL.Path, runtimeAPI)
	switch {
	case r.Method == http.MethodGet && path == "invocation/next":
		select {
		case p.asked <- at:
		default: // nobody has looked at the time before
		}
		select {
		case event := <-p.events:
			h := w.Header()
			h.Set("Content-Type", "application/json")
			h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			h.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(at.Add(time.Hour).UnixMilli()))
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+Region+":000000000000:function:function")
			h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		p.answers <- answer{at, !strings.HasSuffix(path, "/response"), body}
	default:
		http.NotFound(w, r)
	}
}

// Asked waits until the function asks for its first event, and says how long after its
// start it did.
func (p *Process) Asked(ctx context.Context) (time.Duration, error) {
	select {
	case at := <-p.asked:
		return at.Sub(p.Started), nil
	case failed := <-p.answers:
		return 0, fmt.Errorf("the function does not start: %s", failed.body)
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-time.After(patience):
		return 0, fmt.Errorf("the function does not ask for an event: %s", p.stderr)
	}
}

// Invoke hands an event to a function that has asked for one, and returns its answer with
// the time from handing over to the answer's arrival.
func (p *Process) Invoke(ctx context.Context, event []byte) (body []byte, at time.Time, took time.Duration, err error) {
	select {
	case p.events <- event:
	case <-ctx.Done():
		return nil, at, 0, context.Cause(ctx)
	case <-time.After(patience):
		return nil, at, 0, fmt.Errorf("the function does not ask for an event: %s", p.stderr)
	}
	start := time.Now()
	select {
	case a := <-p.answers:
		if a.failed {
			return nil, at, 0, fmt.Errorf("the function fails: %s", a.body)
		}
		return a.body, a.at, a.at.Sub(start), nil
	case <-ctx.Done():
		return nil, at, 0, context.Cause(ctx)
	case <-time.After(patience):
		return nil, at, 0, fmt.Errorf("the function does not answer: %s", p.stderr)
	}
}

// Close ends the function.
func (p *Process) Close() {
	_ = p.command.Cancel()
	_ = p.command.Wait() // the signal that ended it
	_ = p.server.Close()
}
