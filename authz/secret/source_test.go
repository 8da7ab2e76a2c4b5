package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// burst is how many readings Refresh makes before MinInterval holds.
const burst = 3

// TestKeysReadsOnce: many callers at once, and later ones, make one call.
func TestKeysReadsOnce(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, _ := testSource(t, ssm)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { wantKeys(t, s, "test") })
	}
	wait.Wait()
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 1)
}

// TestChanged: the oldest of the parameters counts, from the first reading on and in
// each that follows.
func TestChanged(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	ssm.set("/other", otherSecret)
	s, clock := testSource(t, ssm, testPath, "/other")
	if s.changed.Load() != nil {
		t.Error("something has changed before it was read")
	}
	for _, want := range []float64{testChanged, testChanged + 86400} {
		ssm.touch("/other", want)
		if _, err := s.Keys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.changed.Load(); got.Unix() != int64(want) {
			t.Errorf("changed at %v, want %v", got.Unix(), want)
		}
		ssm.touch(testPath, testChanged+172800)
		clock.add(DefaultMaxAge)
	}
}

// TestKeysRecovers: a first failure is kept for a second, however many ask.
func TestKeysRecovers(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	ssm.fail(refuse("AccessDeniedException"))
	s, clock := testSource(t, ssm)
	for i := 1; i <= 2; i++ {
		for range 10 {
			if _, err := s.Keys(t.Context()); !errors.Is(err, authz.ErrMisconfigured) {
				t.Fatalf("reading %d: got %v", i, err)
			}
		}
		wantCalls(t, ssm, i)
		clock.add(time.Second)
	}
	ssm.fail(nil)
	wantKeys(t, s, "test")
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 3)
}

// TestKeysReadAgainAfterMaxAge: and not before; the keys are as old as the
// question.
func TestKeysReadAgainAfterMaxAge(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	ssm.set(testPath, otherSecret)
	clock.add(DefaultMaxAge - 1)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 1)
	clock.add(1)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { wantKeys(t, s, "other") })
	}
	wait.Wait()
	wantCalls(t, ssm, 2)
	clock.add(-time.Hour) // set back
	wantKeys(t, s, "other")
	wantCalls(t, ssm, 3)
}

// TestKeysStaleIfUnavailable: while Systems Manager is down the old keys stay
// good, for MaxStale after they were read; few requests wait for it; and it is
// found as soon as it is back.
func TestKeysStaleIfUnavailable(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	var log bytes.Buffer
	s, clock := testSourceWith(t, ssm, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	wantKeys(t, s, "test")
	ssm.fail(down)
	clock.add(DefaultMaxAge)
	for range 5 {
		wantKeys(t, s, "test")
	}
	if n := strings.Count(log.String(), `level=WARN msg="using old secrets" error="reading parameter \"/events-api/jwt-secret\": unavailable: `); n != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log is:\n%s", log.String())
	}
	wantCalls(t, ssm, 4) // one, and one failed reading of three
	clock.add(fresh.MinInterval)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 7)

	clock.add(fresh.MaxStale - DefaultMaxAge - fresh.MinInterval - 1)
	wantKeys(t, s, "test")
	for i := range 2 {
		clock.add(time.Second)
		_, err := s.Keys(t.Context())
		if want := `reading parameter "/events-api/jwt-secret": unavailable: Systems Manager answered status 503 without saying why`; !errors.Is(err, authz.ErrUnavailable) || text(err) != want {
			t.Errorf("after MaxStale, call %d: got %q, want %q", i, text(err), want)
		}
	}
	wantCalls(t, ssm, 16)
	ssm.set(testPath, otherSecret)
	clock.add(time.Second)
	wantKeys(t, s, "other")
}

// TestKeysRecoverWhileStale: the first reading after the pause finds it.
func TestKeysRecoverWhileStale(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	ssm.fail(down)
	clock.add(DefaultMaxAge)
	wantKeys(t, s, "test")
	ssm.set(testPath, otherSecret)
	wantKeys(t, s, "test")
	clock.add(fresh.MinInterval)
	wantKeys(t, s, "other")
	wantCalls(t, ssm, 5)
}

// TestKeysEndWhenAnswered: an answer that the keys are no more is not an
// outage.
func TestKeysEndWhenAnswered(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		end  func(*fakeSSM)
		text string
	}{
		"parameter deleted":  {func(f *fakeSSM) { f.fail(refuse("ParameterNotFound")) }, `put the parameter`},
		"permission removed": {func(f *fakeSSM) { f.fail(refuse("AccessDeniedException")) }, `allow the function's role`},
		"no secret in it":    {func(f *fakeSSM) { f.set(testPath, `{"current":"`) }, `is not valid JSON`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ssm := newSSM(t, testSecret)
			s, clock := testSource(t, ssm)
			wantKeys(t, s, "test")
			tt.end(ssm)
			clock.add(DefaultMaxAge)
			for range 2 {
				keys, err := s.Keys(t.Context())
				if keys != nil || !errors.Is(err, authz.ErrMisconfigured) || !strings.Contains(text(err), tt.text) {
					t.Errorf("got %v, %v", keys, err)
				}
			}
			ssm.set(testPath, otherSecret)
			clock.add(time.Second)
			wantKeys(t, s, "other")
		})
	}
}

// TestSeveralPaths: their keys together, in order; all must be there.
func TestSeveralPaths(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, `{"keys":{"a":"`+testSecret+`"}}`)
	ssm.set("/b", `{"current":{"kid":"b","secret":"`+otherSecret+`"}}`)
	s, clock := testSource(t, ssm, testPath, "/b")
	wantKeys(t, s, "a=test b=other")
	wantCalls(t, ssm, 2)
	for value, want := range map[string]string{
		`{"current":{"kid":"a","secret":"` + otherSecret + `"}}`: `using /events-api/jwt-secret, /b together: misconfigured: two keys have the same id`,
		otherSecret: `using /events-api/jwt-secret, /b together: misconfigured: some keys have an id and some have none; give all of them one, or none`,
		"short":     `using parameter "/b": misconfigured: the secret has 5 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32`,
	} {
		ssm.set("/b", value)
		clock.add(DefaultMaxAge)
		if keys, err := s.Keys(t.Context()); keys != nil || text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
	ssm.fail(refuse("ParameterNotFound"))
	clock.add(time.Second)
	if _, err := s.Keys(t.Context()); !strings.HasPrefix(text(err), `reading parameter "/events-api/jwt-secret": misconfigured: `) {
		t.Errorf("got %v", err)
	}
}

// TestKeysWaitingEnds: a caller that waits for another's call does not wait
// longer than its own context.
func TestKeysWaitingEnds(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, _ := testSource(t, ssm)
	called, answer := make(chan struct{}), make(chan struct{})
	ssm.fail(func(w http.ResponseWriter, r *http.Request) {
		close(called)
		<-answer
		refuse("ParameterNotFound")(w, r)
	})
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := s.Keys(t.Context()); !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("got %v", err)
		}
	})
	<-called
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Keys(ctx)
	_, _, refreshErr := s.Refresh(ctx)
	for _, err := range []error{err, refreshErr} {
		if want := "unavailable: waiting for the secrets: context canceled"; !errors.Is(err, authz.ErrUnavailable) || text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
	close(answer)
	wait.Wait()
}

// TestKeysCallerEnds: what ended with its caller says nothing of Systems
// Manager: the next caller tries at once.
func TestKeysCallerEnds(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	ctx, cancel := context.WithCancel(t.Context())
	ssm.fail(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		down(w, r)
	})
	clock.add(DefaultMaxAge)
	if keys, err := s.Keys(ctx); names(keys) != "test" || err != nil {
		t.Errorf("got %q, %v", names(keys), err)
	}
	ssm.set(testPath, otherSecret)
	wantKeys(t, s, "other")
}

// TestChecklist7SourceIsNotPrinted: the secret is not in what fmt prints of a
// source or its configuration (item 7 of the security checklist).
func TestChecklist7SourceIsNotPrinted(t *testing.T) {
	t.Parallel()
	s := FromEnvironment(func(name string) string { return map[string]string{contract.EnvSecret: testSecret}[name] })
	wantKeys(t, s, "test")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, what := range []any{s, s.cache, Config{Value: testSecret}, &Config{Value: testSecret}} {
			if out := fmt.Sprintf(verb, what); strings.Contains(out, testSecret) || strings.Contains(out, "48 49 50 51") || strings.Contains(out, fmt.Sprintf("%x", testSecret)) {
				t.Errorf("%s of a %T prints the secret", verb, what)
			}
		}
	}
}

// TestWorst: of several parameters, one that cannot be used counts before one
// that cannot be read just now, wherever it stands.
func TestWorst(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("%w: down", authz.ErrUnavailable)
	gone := fmt.Errorf("%w: gone", authz.ErrMisconfigured)
	for _, tt := range []struct {
		name string
		errs []error
		want error
	}{
		{"none", []error{nil, nil}, nil}, {"one", []error{nil, down}, down},
		{"the lasting one first", []error{gone, down}, gone}, {"the lasting one last", []error{down, nil, gone}, gone},
	} {
		if got := worst(tt.errs); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
