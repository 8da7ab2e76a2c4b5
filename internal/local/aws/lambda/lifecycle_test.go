package lambda

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func TestUpdateWhileInFlight(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.create(func(fn *Function) { fn.Environment = map[string]string{"VERSION": "one"} })
	m := newMeeting(t)
	idle := decode[int](t, f.invoke(`{"mode":"pid"}`))
	inFlight := f.start(t.Context(), m.event("environment"))
	first := m.await()
	if first.pid != idle {
		t.Fatalf("the invocation is in %d, not in the idle %d", first.pid, idle)
	}
	after, err := f.UpdateFunctionConfiguration(f.function(func(fn *Function) {
		fn.Code, fn.Environment = nil, map[string]string{"VERSION": "two"}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if after.CodeSha256 != before.CodeSha256 || after.CodeSize != before.CodeSize || after.Environment["VERSION"] != "two" {
		t.Errorf("after the update: %+v", after)
	}
	type environment struct{ Variables []string }
	if out := f.invoke(`{"mode":"environment"}`); !out.Cold || !slices.Contains(decode[environment](t, out).Variables, "VERSION=two") {
		t.Errorf("a new invocation: %s", out.Payload)
	}
	_ = first.Close()
	if a := <-inFlight; a.err != nil || !slices.Contains(decode[environment](t, a.out).Variables, "VERSION=one") {
		t.Errorf("the invocation in flight: %+v", a)
	}
	if exists(first.pid) {
		t.Errorf("the old environment is still there")
	}
}

func TestUpdateOfTheCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.create(func(fn *Function) { fn.Code = script(t, "#!/bin/sh\nexit 5\n") })
	if out := f.invoke(`{}`); !strings.Contains(string(out.Payload), "exit status 5") {
		t.Errorf("before: %s", out.Payload)
	}
	after, err := f.UpdateFunctionCode("fn", bootstrapZip(t), "")
	if err != nil {
		t.Fatal(err)
	}
	if after.CodeSha256 == before.CodeSha256 {
		t.Error("the hash has not changed")
	}
	if out := f.invoke(`{"mode":"pid"}`); out.FunctionError != "" {
		t.Errorf("after: %s", out.Payload)
	}
	if dirs, err := os.ReadDir(filepath.Join(f.dir, "code")); err != nil || len(dirs) != 1 {
		t.Errorf("folders with code: %v, %v", dirs, err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	pid := decode[int](t, f.invoke(`{"mode":"pid"}`))
	if err := f.DeleteFunction("fn"); err != nil {
		t.Fatal(err)
	}
	if exists(pid) {
		t.Error("the process is still there")
	}
	for _, sub := range []string{"code", "tmp"} {
		if left, err := os.ReadDir(filepath.Join(f.dir, sub)); err != nil || len(left) != 0 {
			t.Errorf("left in %s: %v, %v", sub, left, err)
		}
	}
	const want = "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:fn"
	if err := f.DeleteFunction("fn"); err == nil || err.Error() != want {
		t.Errorf("second deletion: %v", err)
	}
	if _, err := f.UpdateFunctionConfiguration(f.function()); err == nil || err.Error() != want {
		t.Errorf("update: %v", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	m := newMeeting(t)
	inFlight := f.start(t.Context(), m.event("pid"))
	busy := m.await()
	f.invoke(fmt.Sprintf(`{"mode":"child","text":%q}`, m.Addr()))
	child := m.await()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if a := <-inFlight; !errors.Is(a.err, ErrClosed) {
		t.Errorf("the invocation in flight: %+v", a)
	}
	for _, g := range []guest{busy, child} {
		g.ended()
	}
	if _, err := f.Invoke(t.Context(), InvokeInput{Function: "fn"}); !errors.Is(err, ErrClosed) {
		t.Errorf("Invoke: %v", err)
	}
	if _, err := f.CreateFunction(t.Context(), f.function(func(fn *Function) { fn.Name = "late" })); err == nil {
		t.Error("a function was created")
	}
}

// What a function has started ends when the function ends by itself.
func TestChildrenEndToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	m := newMeeting(t)
	f.invoke(fmt.Sprintf(`{"mode":"child","text":%q}`, m.Addr()))
	child := m.await()
	f.invoke(`{"mode":"exit","n":1}`)
	child.ended()
}

func TestIdleEnvironmentsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.idleTimeout = time.Nanosecond
	f.create()
	<-f.roles.revoked // of the check at creation
	m := newMeeting(t)
	answer := f.start(t.Context(), m.event("pid"))
	g := m.await()
	_ = g.Close()
	if a := <-answer; a.err != nil {
		t.Fatal(a.err)
	}
	<-f.roles.revoked
	if exists(g.pid) {
		t.Error("the process is still there")
	}
}

func TestFailedStarts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, how string
		want      string
		log       []string // the beginnings of the lines
	}{
		{
			"exit", "exit",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"}`,
			[]string{"cannot start", "INIT_REPORT Init Duration: ", "START ", "cannot start", "RequestId: ID Error: Runtime exited with error: exit status 3\nRuntime.ExitError", "END ", "REPORT "},
		},
		{
			"reported", "error",
			`{"errorType":"Config.Missing","errorMessage":"no table"}`,
			[]string{"INIT_REPORT Init Duration: ", "START ", "END ", "REPORT "},
		},
		{
			"hangs", "hang",
			`{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds"}`,
			[]string{"INIT_REPORT Init Duration: ", "START ", "2026-03-04T23:59:59.000Z ID Task timed out after 1.00 seconds", "END ", "REPORT "},
		},
		{
			"hangs once", "hang-once", `1`,
			[]string{"INIT_REPORT Init Duration: ", "START ", "END ", "REPORT "},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if strings.HasPrefix(tt.how, "hang") {
				f.initLimit = time.Second
			}
			f.create(func(fn *Function) {
				fn.Environment = map[string]string{"INIT": tt.how}
				if tt.how == "hang" {
					fn.Timeout = time.Second
				}
			})
			out := f.invoke(`{"mode":"echo","data":1}`)
			if got := strings.ReplaceAll(string(out.Payload), out.RequestID, "ID"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !out.Cold || out.InitDuration != 0 {
				t.Errorf("%+v", out)
			}
			log := f.messages()
			if !slices.EqualFunc(log, tt.log, func(line, want string) bool {
				return strings.HasPrefix(strings.ReplaceAll(line, out.RequestID, "ID"), want)
			}) {
				t.Errorf("log:\n%s", strings.Join(log, "\n"))
			}
			if last := log[len(log)-1]; strings.Contains(last, "Init Duration") {
				t.Errorf("a start that failed has an Init Duration: %q", last)
			}
		})
	}
}

func TestUnrunnableBootstrap(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(func(fn *Function) { fn.Code = script(t, "\x00 not a program") })
	out := f.invoke(`{}`)
	want := `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: ` + out.RequestID + ` Error: fork/exec /var/task/bootstrap: exec format error"}`
	if string(out.Payload) != want || out.FunctionError != "Unhandled" {
		t.Errorf("got  %s\nwant %s", out.Payload, want)
	}
	fault := "RequestId: " + out.RequestID + " Error: fork/exec /var/task/bootstrap: exec format error\nRuntime.InvalidEntrypoint"
	if log := f.messages(); !slices.Contains(log, fault) {
		t.Errorf("the log has no %q: %q", fault, log)
	}
	const line = `REFUSED the start of the function "fn": exec format error; cure: compile bootstrap for the system and processor of this machine`
	if got := f.console.String(); strings.Count(got, line) != 1 {
		t.Errorf("console: %s", got)
	}
}

func TestRoleIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	f.roles.set(func(r *roles) { r.gone = true })
	_, err := f.Invoke(t.Context(), InvokeInput{Function: "fn"})
	if !awserr.Has(err, awserr.AccessDenied) || !strings.Contains(awserr.CureOf(err), "create the role "+role) {
		t.Errorf("%v", err)
	}
	if got := f.console.String(); strings.Count(got, "its role cannot be assumed by Lambda; cure: create the role") != 1 {
		t.Errorf("console: %s", got)
	}
}

// The connection of a function ends with its process, whoever ends it.
func TestMeetingEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(func(fn *Function) { fn.Timeout = time.Second })
	m := newMeeting(t)
	answer := f.start(t.Context(), m.event("pid"))
	g := m.await()
	g.ended()
	if a := <-answer; a.out.FunctionError == "" {
		t.Errorf("%+v", a)
	}
}
