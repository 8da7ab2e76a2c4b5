package lambda

import (
	"context"
	"errors"
	"testing"
	"time"
)

// environmentKey is what the first environment gets: the role was tried before, when the
// function was created.
const environmentKey = "ASIA2"

func (f *fixture) wantRunning(function, requestID string) {
	f.t.Helper()
	if gotFunction, gotID := f.Running(environmentKey); gotFunction != function || gotID != requestID {
		f.t.Errorf("%q and %q run with the credentials, want %q and %q", gotFunction, gotID, function, requestID)
	}
}

// TestRunning: credentials belong to one environment, and so to the invocation that it
// runs.
func TestRunning(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	arn := f.create().ARN
	f.wantRunning("", "")
	m := newMeeting(t)
	for range 2 { // cold and warm
		inFlight := f.start(t.Context(), m.event("pid"))
		there := m.await()
		_, id := f.Running(environmentKey)
		_ = there.Close()
		if a := <-inFlight; a.err != nil || a.out.RequestID != id {
			t.Errorf("%q runs with the credentials, and %+v has run", id, a)
		}
		f.wantRunning(arn, "")
	}
	if err := f.DeleteFunction("fn"); err != nil {
		t.Fatal(err)
	}
	f.wantRunning("", "")
}

// TestRunningStarts: a start is for the invocation that waits for it. Who no longer waits
// knows the invocation all the same.
func TestRunningStarts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(func(fn *Function) { fn.Code = script(t, "#!/bin/sh\nexec sleep 60\n") })
	ctx, leave := context.WithCancel(t.Context())
	inFlight := f.start(ctx, `{}`)
	id := ""
	for deadline := time.Now().Add(10 * time.Second); id == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		_, id = f.Running(environmentKey)
	}
	leave()
	if a := <-inFlight; !errors.Is(a.err, context.Canceled) || id == "" || a.out.RequestID != id {
		t.Errorf("%q waits for the start, and %+v has left", id, a)
	}
}

func TestReadCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, err := zipOf(entry{"bootstrap", 0o755, "#!/bin/sh\n"}, entry{"rules/a.json", 0o644, "{}"})
	if err != nil {
		t.Fatal(err)
	}
	f.create(func(fn *Function) { fn.Code = code })
	for _, tt := range []struct{ function, file, want, err string }{
		{"fn", "rules/a.json", "{}", ""},
		{"fn", "b.json", "", "openat b.json: no such file or directory"},
		{"fn", "../secret", "", "openat ../secret: path escapes from parent"},
		{"none", "a", "", "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:none"},
	} {
		got, err := f.ReadCode(tt.function, tt.file)
		if err == nil {
			err = errors.New("")
		}
		if string(got) != tt.want || err.Error() != tt.err {
			t.Errorf("%s of %s: got %q, %v", tt.file, tt.function, got, err)
		}
	}
}
