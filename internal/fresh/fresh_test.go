package fresh

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

var errDown = fmt.Errorf("%w: down", authz.ErrUnavailable)

// origin is what a cache reads from, with its clock. Tests use it in one
// goroutine, or between receiving from and sending to its channels.
type origin struct {
	value string
	err   error
	reads int
	stale []error
	now   time.Time
	// entered gets a value in each Read, which then waits for release; nil for
	// neither.
	entered, release chan struct{}
	deadline         time.Duration // that the last Read had
}

func newCache() (*origin, *Cache[string]) {
	o := &origin{value: "a", now: time.Unix(1_700_000_000, 0)}
	return o, New(Config[string]{
		Read: func(ctx context.Context) (string, error) {
			o.reads++
			deadline, _ := ctx.Deadline()
			o.deadline = time.Until(deadline)
			if o.entered != nil {
				o.entered <- struct{}{}
				<-o.release
			}
			return o.value, o.err
		},
		Same:   func(a, b string) bool { return a == b },
		MaxAge: time.Minute, MaxStale: time.Hour, MinInterval: 10 * time.Second,
		Stale: func(_ context.Context, err error, _ time.Duration) { o.stale = append(o.stale, err) },
		Now:   func() time.Time { return o.now },
	})
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
	o, c := newCache()
	get(t, o, c, "a", 1)
	o.value = "b"
	o.now = o.now.Add(time.Minute - 1)
	get(t, o, c, "a", 1)
	o.now = o.now.Add(1)
	get(t, o, c, "b", 2)
	o.value = "c"
	o.now = o.now.Add(-time.Second) // a clock that was set back
	get(t, o, c, "c", 3)
}

func TestGetWithoutAValueTriesEachTime(t *testing.T) {
	t.Parallel()
	o, c := newCache()
	o.err = errDown
	for n := range 3 {
		getFails(t, o, c, authz.ErrUnavailable, n+1)
	}
	if o.deadline > readTimeout || o.deadline <= renewTimeout {
		t.Errorf("a reading without a value may take %v", o.deadline)
	}
	o.err = nil
	get(t, o, c, "a", 4)
}

func TestGetUsesAnOldValueForABoundedTime(t *testing.T) {
	t.Parallel()
	o, c := newCache()
	get(t, o, c, "a", 1)
	o.err = errDown
	o.now = o.now.Add(time.Minute)
	get(t, o, c, "a", 2)
	if len(o.stale) != 1 || !errors.Is(o.stale[0], authz.ErrUnavailable) || o.deadline > renewTimeout {
		t.Errorf("told of %v; a reading with an old value may take %v", o.stale, o.deadline)
	}
	o.now = o.now.Add(10*time.Second - 1)
	get(t, o, c, "a", 2) // failed lately: not asked again
	o.now = o.now.Add(1)
	get(t, o, c, "a", 3)
	o.now = o.now.Add(58*time.Minute + 50*time.Second - 1)
	get(t, o, c, "a", 4)
	o.now = o.now.Add(1)
	getFails(t, o, c, authz.ErrUnavailable, 5)
	o.err = nil
	get(t, o, c, "a", 6)
}

func TestGetDropsTheValueWhereNothingIsUnavailable(t *testing.T) {
	t.Parallel()
	o, c := newCache()
	get(t, o, c, "a", 1)
	o.err = authz.ErrMisconfigured
	o.now = o.now.Add(time.Minute)
	getFails(t, o, c, authz.ErrMisconfigured, 2)
	o.err = errDown
	getFails(t, o, c, authz.ErrUnavailable, 3)
}

func TestRefreshIsBounded(t *testing.T) {
	t.Parallel()
	o, c := newCache()
	get(t, o, c, "a", 1)
	for n := range burst {
		refresh(t, o, c, "a", false, n+2)
	}
	for range 10 {
		refresh(t, o, c, "a", false, burst+1)
	}
	o.value = "b"
	o.now = o.now.Add(10 * time.Second)
	refresh(t, o, c, "b", true, burst+2) // and gets its reading back
	refresh(t, o, c, "b", false, burst+3)
	refresh(t, o, c, "b", true, burst+3) // changed lately, for who had the old one
	o.now = o.now.Add(10*time.Second - 1)
	refresh(t, o, c, "b", true, burst+3)
	get(t, o, c, "b", burst+3)
}

func TestRefreshFails(t *testing.T) {
	t.Parallel()
	o, c := newCache()
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

// TestWaitingEndsWithTheContext: who waits for another's reading does so no
// longer than it may, and the one reading serves the others.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	o, c := newCache()
	o.entered, o.release = make(chan struct{}), make(chan struct{})
	first, second := make(chan error), make(chan error)
	ask := func(result chan error) {
		_, err := c.Get(t.Context())
		result <- err
	}
	go ask(first)
	<-o.entered
	go ask(second)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ended); !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Get: got %v", err)
	}
	if _, _, err := c.Refresh(ended); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("Refresh: got %v", err)
	}
	close(o.release)
	if err := errors.Join(<-first, <-second); err != nil || o.reads != 1 {
		t.Errorf("got %v after %d readings", err, o.reads)
	}
}
