// Package fresh keeps a value that was read from somewhere, in a process that
// is frozen between requests: it is read when it is first asked for, again as
// it ages, and at once when it seems to be out of date. Nothing happens in the
// background.
package fresh

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// API Gateway waits 10 s for an authorizer. A reading at cold start and one in
// the first invocation together stay below that.
const (
	readTimeout = 4 * time.Second
	// renewTimeout is for a reading that there is a good value without: a
	// request does not wait for a dead service any longer.
	renewTimeout = 2 * time.Second
)

// burst is how many readings Refresh makes before MinInterval holds: two
// changes in a row are found at once both times.
const burst = 3

// Config says how to read a value and how long it is good.
type Config[T any] struct {
	// Read reads the value. Its error wraps authz.ErrUnavailable where a later
	// attempt may succeed. Required.
	Read func(ctx context.Context) (T, error)
	// Same reports whether two values are the same. Required.
	Same func(a, b T) bool
	// MaxAge is how old the value may be before it is read again. Required.
	MaxAge time.Duration
	// MaxStale is how long after it was read the value is used while it cannot
	// be read again; at least MaxAge.
	MaxStale time.Duration
	// MinInterval is how often the value is read outside of MaxAge.
	MinInterval time.Duration
	// Stale is told when an old value is used, because of err. Optional.
	Stale func(ctx context.Context, err error, age time.Duration)
	// Now is the clock. Required.
	Now func() time.Time
}

// Cache keeps the value. It is safe for concurrent use: one caller reads, the
// others wait for it, no longer than their contexts.
type Cache[T any] struct {
	config  Config[T]
	current atomic.Pointer[reading[T]]
	// turn has room for one reader at a time; a channel, not a mutex, so that
	// waiting ends with the caller's context. It guards the fields below.
	turn     chan struct{}
	failedAt time.Time // of the last reading if it failed, else zero
	failure  error
	tokens   float64 // readings that Refresh may make
	tokensAt time.Time
}

// reading is what was read, and when.
type reading[T any] struct {
	value T
	at    time.Time
	// changedAt is when the value became this one, after another.
	changedAt time.Time
}

// New returns an empty cache.
func New[T any](config Config[T]) *Cache[T] {
	return &Cache[T]{config: config, turn: make(chan struct{}, 1)}
}

// now is the wall clock: the monotonic one may stand still while the
// execution environment is frozen.
func (c *Cache[T]) now() time.Time { return c.config.Now().Round(0) }

// fresh reports whether r needs no reading again. A clock that was set back
// makes it do so.
func (c *Cache[T]) fresh(r *reading[T], now time.Time) bool {
	if r == nil {
		return false
	}
	age := now.Sub(r.at)
	return age >= 0 && age < c.config.MaxAge
}

// usable reports whether r may be used while nothing can be read.
func (c *Cache[T]) usable(r *reading[T], now time.Time) bool {
	return r != nil && now.Sub(r.at) < c.config.MaxStale
}

// Get returns the value. The error is that of Read and is not kept: without a
// good value every call makes one attempt, so that the process recovers as
// soon as what it reads from does. A value is used beyond MaxAge only while
// reading is ErrUnavailable; any other error ends it at once.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	var none T
	if r := c.current.Load(); c.fresh(r, c.now()) {
		return r.value, nil
	}
	release, err := c.wait(ctx)
	if err != nil {
		return none, err
	}
	defer release()
	r, now := c.current.Load(), c.now()
	if c.fresh(r, now) || c.usable(r, now) && c.failedLately(now) {
		return r.value, nil
	}
	read, err := c.read(ctx)
	switch {
	case err == nil:
		return read.value, nil
	case c.usable(r, now) && errors.Is(err, authz.ErrUnavailable):
		if c.config.Stale != nil {
			c.config.Stale(ctx, err, now.Sub(r.at))
		}
		return r.value, nil
	}
	return none, err
}

// Refresh reads the value again although it is fresh, and reports whether it
// has changed: because a request does not fit it. Anybody can send such a
// request, so a few readings are made and then one each MinInterval, unless a
// reading finds a change. After a reading that failed the error stays until
// the next.
func (c *Cache[T]) Refresh(ctx context.Context) (value T, changed bool, err error) {
	var none T
	before, entered := c.current.Load(), c.now()
	release, err := c.wait(ctx)
	if err != nil {
		return none, false, err
	}
	defer release()
	r, now := c.current.Load(), c.now()
	if r != nil {
		switch {
		case c.failedLately(now):
			return none, false, c.failure
		case r != before && !r.at.Before(entered), !c.takeToken(now):
			// The caller may have had the value from before it changed.
			return r.value, !r.changedAt.IsZero() && now.Sub(r.changedAt) < c.config.MinInterval, nil
		}
	}
	read, err := c.read(ctx)
	if err != nil {
		return none, false, err
	}
	changed = r == nil || !c.config.Same(r.value, read.value)
	if changed {
		c.tokens = min(burst, c.tokens+1)
	}
	return read.value, changed, nil
}

// wait waits for the turn, and returns how to give it back.
func (c *Cache[T]) wait(ctx context.Context) (release func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: waiting for another reading: %w", authz.ErrUnavailable, ctx.Err())
	}
}

// failedLately reports whether the last reading failed less than MinInterval
// ago.
func (c *Cache[T]) failedLately(now time.Time) bool {
	since := now.Sub(c.failedAt)
	return !c.failedAt.IsZero() && since >= 0 && since < c.config.MinInterval
}

// takeToken takes one of the readings that Refresh may make.
func (c *Cache[T]) takeToken(now time.Time) bool {
	c.tokens = min(burst, c.tokens+max(0, float64(now.Sub(c.tokensAt))/float64(c.config.MinInterval)))
	c.tokensAt = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

// read makes one attempt and keeps what it finds. The caller has the turn.
func (c *Cache[T]) read(ctx context.Context) (*reading[T], error) {
	old := c.current.Load()
	timeout := readTimeout
	if c.usable(old, c.now()) {
		timeout = renewTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The value is as old as the question, not as the answer.
	r := &reading[T]{at: c.now()}
	var err error
	if r.value, err = c.config.Read(ctx); err != nil {
		c.failedAt, c.failure = c.now(), err
		if !errors.Is(err, authz.ErrUnavailable) {
			c.current.Store(nil)
		}
		return nil, err
	}
	if old != nil {
		if r.changedAt = old.changedAt; c.config.Same(old.value, r.value) {
			r.value = old.value
		} else {
			r.changedAt = c.now()
		}
	}
	c.failedAt, c.failure = time.Time{}, nil
	c.current.Store(r)
	return r, nil
}
