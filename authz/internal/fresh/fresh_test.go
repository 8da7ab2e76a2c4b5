package fresh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
)

var errDown = fmt.Errorf("%w: down", authz.ErrUnavailable)

// origin is what a cache reads from, with its clock. Tests use it in one
// goroutine, or between receiving from and sending to its channels.
type origin struct {
	value string
	err   error
	reads int
	log   bytes.Buffer
	now   time.Time
	takes time.Duration // that a Read takes
	// entered gets a value in each Read, which then waits for release; nil for
	// neither.
	entered, release chan struct{}
	deadline         time.Duration // that the last Read had
}

func newCache(t *testing.T, change ...func(*Config[string])) (*origin, *Cache[string]) {
	t.Helper()
	o := &origin{value: "a", now: time.Unix(1_700_000_000, 0).UTC()}
	config := Config[string]{
		What: "values",
		Read: func(ctx context.Context) (string, error) {
			o.reads++
			deadline, _ := ctx.Deadline()
			o.deadline = time.Until(deadline)
			if o.entered != nil {
				o.entered <- struct{}{}
				<-o.release
			}
			if o.takes > 0 {
				o.now = o.now.Add(o.takes)
			}
			return o.value, o.err
		},
		Same:   strings.EqualFold, // so that it can be seen which of two is kept
		MaxAge: time.Minute,
		Logger: slog.New(slog.NewTextHandler(&o.log, nil)),
		Now:    func() time.Time { return o.now },
	}
	for _, f := range change {
		f(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return o, c
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config Config[string]
		text   string
	}{
		{"too young", Config[string]{What: "values", MaxAge: time.Second - 1}, "misconfigured: MaxAge of the values is 999.999999ms, allowed is 1s to 24h0m0s"},
		{"too old", Config[string]{What: "values", MaxAge: 24*time.Hour + 1}, "misconfigured: MaxAge of the values is 24h0m0.000000001s, allowed is 1s to 24h0m0s"},
		{"negative time limit", Config[string]{What: "values", RenewTimeout: -1}, "misconfigured: RenewTimeout of the values is -1ns, allowed is up to 4s"},
		{"more time than for the first", Config[string]{What: "values", RenewTimeout: 4*time.Second + 1}, "misconfigured: RenewTimeout of the values is 4.000000001s, allowed is up to 4s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if c, err := New(tt.config); c != nil || !errors.Is(err, authz.ErrMisconfigured) || err.Error() != tt.text {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ maxAge, wantAge, wantStale time.Duration }{
		{0, 5 * time.Minute, time.Hour},
		{time.Second, time.Second, time.Hour},
		{24 * time.Hour, 24 * time.Hour, 24 * time.Hour},
	} {
		c, err := New(Config[string]{MaxAge: tt.maxAge})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.config; got.MaxAge != tt.wantAge || c.end(&reading[string]{}) != (time.Time{}).Add(tt.wantStale) || got.RenewTimeout != 2*time.Second || got.Logger == nil || got.Now == nil {
			t.Errorf("MaxAge %v: got %+v", tt.maxAge, got)
		}
	}
}

// TestTimeouts: what a request may wait for, a reading or two and then a call of
// another service, stays below the 10 s that API Gateway gives an authorizer.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	// A first reading that is not throttled is one call.
	if max(awsjson.DefaultTimeout, 2*DefaultRenewTimeout)+awsjson.DefaultTimeout >= 10*time.Second || FirstTimeout >= 10*time.Second || DefaultRenewTimeout >= readTimeout {
		t.Errorf("a first reading may take %v, a later one %v, a call %v", FirstTimeout, DefaultRenewTimeout, awsjson.DefaultTimeout)
	}
}

// get wants a value and a number of readings so far.
func get(t *testing.T, o *origin, c *Cache[string], want string, reads int) {
	t.Helper()
	if got, err := c.Get(t.Context()); got != want || err != nil || o.reads != reads {
		t.Errorf("got %q, %v after %d readings; want %q after %d", got, err, o.reads, want, reads)
	}
}

// getFails wants an error and a number of readings so far.
func getFails(t *testing.T, o *origin, c *Cache[string], want error, reads int) {
	t.Helper()
	if got, err := c.Get(t.Context()); got != "" || !errors.Is(err, want) || o.reads != reads {
		t.Errorf("got %q, %v after %d readings; want %v after %d", got, err, o.reads, want, reads)
	}
}

func refresh(t *testing.T, o *origin, c *Cache[string], want string, changed bool, reads int) {
	t.Helper()
	got, ok, err := c.Refresh(t.Context())
	if got != want || ok != changed || err != nil || o.reads != reads {
		t.Errorf("got %q, changed %v, %v after %d readings; want %q, %v after %d", got, ok, err, o.reads, want, changed, reads)
	}
}

func TestGetReadsAsItAges(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.value = "b"
	o.now = o.now.Add(time.Minute - 1)
	get(t, o, c, "a", 1)
	o.now = o.now.Add(1)
	get(t, o, c, "b", 2)
	o.value = "c"
	o.now = o.now.Add(-time.Second) // a clock that was set back
	get(t, o, c, "c", 3)
	o.now, o.takes = o.now.Add(time.Minute), 10*time.Second
	get(t, o, c, "c", 4)
	o.value = "d"
	o.now = o.now.Add(50 * time.Second) // as old as the question
	get(t, o, c, "d", 5)
}

// TestGetWithoutAValueTriesEachSecond: whoever asks, by whatever method.
func TestGetWithoutAValueTriesEachSecond(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	for n, err := range []error{errDown, authz.ErrMisconfigured, errDown} {
		o.err = err
		for range 10 {
			getFails(t, o, c, err, n+1)
			if _, changed, got := c.Refresh(t.Context()); changed || !errors.Is(got, err) || o.reads != n+1 {
				t.Errorf("got changed %v, %v after %d readings", changed, got, o.reads)
			}
		}
		o.now = o.now.Add(keepFailure - 1)
		getFails(t, o, c, err, n+1)
		o.now = o.now.Add(1)
	}
	if o.deadline > FirstTimeout || o.deadline <= readTimeout {
		t.Errorf("a reading without a value may take %v", o.deadline)
	}
	o.err = nil
	get(t, o, c, "a", 4)
	refresh(t, o, c, "a", false, 5) // the failure is over
}

func TestGetUsesAnOldValueForABoundedTime(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.err = errDown
	o.now = o.now.Add(time.Minute)
	get(t, o, c, "a", 2)
	if o.deadline > DefaultRenewTimeout {
		t.Errorf("a reading with an old value may take %v", o.deadline)
	}
	o.now = o.now.Add(10*time.Second - 1)
	get(t, o, c, "a", 2) // failed lately: not asked again
	if log := o.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `level=WARN msg="using old values" error="unavailable: down" age=1m0s until=2023-11-14T23:13:20.000Z`) {
		t.Errorf("the log is:\n%s", log)
	}
	o.now = o.now.Add(1)
	get(t, o, c, "a", 3)
	o.now = o.now.Add(58*time.Minute + 50*time.Second - 1)
	get(t, o, c, "a", 4)
	o.now = o.now.Add(1)
	getFails(t, o, c, authz.ErrUnavailable, 4) // the last failure is new
	o.now = o.now.Add(keepFailure)
	getFails(t, o, c, authz.ErrUnavailable, 5)
	o.err = nil
	o.now = o.now.Add(keepFailure)
	get(t, o, c, "a", 6)
}

func TestGetDropsTheValueWhereNothingIsUnavailable(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.err = authz.ErrMisconfigured
	o.now = o.now.Add(time.Minute)
	getFails(t, o, c, authz.ErrMisconfigured, 2)
	o.err = errDown
	o.now = o.now.Add(keepFailure)
	getFails(t, o, c, authz.ErrUnavailable, 3)
}

func TestRefreshIsBounded(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	const burst = 3
	for n := range burst {
		refresh(t, o, c, "a", false, n+2)
	}
	for range 10 {
		refresh(t, o, c, "a", false, burst+1)
	}
	o.value = "b"
	o.now = o.now.Add(10 * time.Second)
	refresh(t, o, c, "b", true, burst+2) // and gets its reading back
	// Changed lately, for who had the old one: with a reading and without.
	refresh(t, o, c, "b", true, burst+3)
	refresh(t, o, c, "b", true, burst+3)
	o.now = o.now.Add(10*time.Second - 1)
	refresh(t, o, c, "b", true, burst+3)
	o.now = o.now.Add(1)
	refresh(t, o, c, "b", false, burst+4)
	get(t, o, c, "b", burst+4)
}

func TestRefreshFails(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.err = errDown
	for range 3 { // the error stays, without further readings
		if _, changed, err := c.Refresh(t.Context()); changed || !errors.Is(err, authz.ErrUnavailable) || o.reads != 2 {
			t.Errorf("got changed %v, %v after %d readings", changed, err, o.reads)
		}
	}
	get(t, o, c, "a", 2) // fresh all the same
	o.err = nil
	o.now = o.now.Add(10 * time.Second)
	refresh(t, o, c, "a", false, 3)
}

// TestTheOlderOfTheSameIsKept: with what has been made of it.
func TestTheOlderOfTheSameIsKept(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.value = "A"
	refresh(t, o, c, "a", false, 2)
	o.now = o.now.Add(time.Minute)
	get(t, o, c, "a", 3)
}
