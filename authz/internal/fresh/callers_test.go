package fresh

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestAReadingEndsWithItsCaller: that says nothing of what is read from, so the
// next caller tries at once.
func TestAReadingEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
	get(t, o, c, "a", 1)
	o.now = o.now.Add(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	o.entered, o.release = make(chan struct{}, 1), make(chan struct{}, 1)
	o.err = errDown
	cancelled := make(chan struct{})
	go func() {
		<-o.entered
		cancel()
		close(cancelled)
		o.release <- struct{}{}
	}()
	if got, err := c.Get(ctx); got != "a" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	<-cancelled
	o.entered, o.err, o.value = nil, nil, "b"
	get(t, o, c, "b", 3)
}

// TestTogether: callers that wait for another's reading make none of their own,
// and are told of its change.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, c := newCache(t)
		together := func(ask func()) {
			c.turn <- struct{}{}
			for range 20 {
				go ask()
			}
			synctest.Wait()
			<-c.turn
			synctest.Wait()
		}
		o.err = errDown
		together(func() { getFails(t, o, c, authz.ErrUnavailable, 1) })
		o.err = nil
		o.now = o.now.Add(keepFailure)
		together(func() { get(t, o, c, "a", 2) })
		o.value = "b"
		together(func() { refresh(t, o, c, "b", true, 3) })
	})
}

// TestTheCallersDeadline: a reading that hangs leaves its caller time for the
// old value, each time, and counts as failed.
func TestTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs, reads := false, 0
		_, c := newCache(t, func(config *Config[string]) {
			config.Now, config.RenewTimeout = time.Now, 4*time.Second
			config.Read = func(ctx context.Context) (string, error) {
				reads++
				if hangs {
					<-ctx.Done()
					return "", fmt.Errorf("%w: %w", authz.ErrUnavailable, ctx.Err())
				}
				return "a", nil
			}
		})
		if _, err := c.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		hangs = true
		time.Sleep(time.Minute)
		for n := range 3 {
			for range 2 { // the second does not wait: the failure is remembered
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				got, err := c.Get(ctx)
				if got != "a" || err != nil || ctx.Err() != nil || reads != n+2 {
					t.Errorf("got %q, %v after %d readings, the caller's context says %v", got, err, reads, ctx.Err())
				}
				cancel()
			}
			time.Sleep(10 * time.Second)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, _, err := c.Refresh(ctx); !errors.Is(err, authz.ErrUnavailable) || ctx.Err() != nil {
			t.Errorf("Refresh: got %v, the caller's context says %v", err, ctx.Err())
		}
	})
}

// TestALittleTime: a reading that had next to no time to finish is nobody else's
// failure.
func TestALittleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := newCache(t, func(config *Config[string]) {
			config.Now = time.Now
			config.Read = func(ctx context.Context) (string, error) {
				select {
				case <-time.After(300 * time.Millisecond):
					return "a", nil
				case <-ctx.Done():
					return "", fmt.Errorf("%w: %w", authz.ErrUnavailable, ctx.Err())
				}
			}
		})
		hurried, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		if _, err := c.Get(hurried); !errors.Is(err, authz.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if got, err := c.Get(t.Context()); got != "a" || err != nil {
			t.Errorf("the next caller got %q, %v", got, err)
		}
	})
}

// TestWaitingEndsWithTheContext: who waits for another's reading does so no
// longer than it may, and the one reading serves the others.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	o, c := newCache(t)
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
