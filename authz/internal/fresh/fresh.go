// Package fresh keeps a value that was read from somewhere, in a process that
// is frozen between requests: it is read when it is first asked for, again as
// it ages, and at once when it seems to be out of date. Nothing happens in the
// background.
//
//   - The value is read again when it is older than Config.MaxAge and is asked
//     for.
//   - It is read at once when a request does not fit it ([Cache.Refresh]).
//   - While what it is read from is unavailable the old value stays good,
//     until MaxStale after it was read. Any other error ends it at once.
//   - Without a good value a failure is kept for a second: requests that come
//     together, and strangers', make one reading.
package fresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Config.MaxAge, by default and what it may be.
const (
	DefaultMaxAge = 5 * time.Minute
	LeastMaxAge   = time.Second
	MostMaxAge    = 24 * time.Hour
)

const (
	// MaxStale is how long after it was read a value is used while it cannot be
	// read again, or MaxAge if that is longer.
	MaxStale = time.Hour
	// MinInterval is how often a value is read outside of MaxAge: in Refresh, and
	// again after a reading that failed while the old value is still good.
	MinInterval = 10 * time.Second
)

// API Gateway waits 10 s for an authorizer, the initialisation included. That
// reads all caches at the same time, and a reading that fails there is not
// tried again in the invocation that follows (keepFailure). So a request waits
// for one first reading, or two of DefaultRenewTimeout in Get and Refresh, and then
// for what its verifier calls, for instance to store a nonce. A first reading that
// is not throttled gives up after 4 s by itself; only one that is takes longer.
const (
	// FirstTimeout is how long a reading may take while there is no good value.
	FirstTimeout = 8 * time.Second
	readTimeout  = 4 * time.Second
	// DefaultRenewTimeout is that of Config.
	DefaultRenewTimeout = 2 * time.Second
)

// keepFailure is how long the failure of a reading is the answer while there is
// no good value.
const keepFailure = time.Second

// leastTime is what a reading must have had that ran out of time: one that had
// less says nothing of what it reads from, and other callers have more.
const leastTime = 500 * time.Millisecond

// burst is how many readings Refresh makes before MinInterval holds: two
// changes in a row are found at once both times.
const burst = 3

// Config says how to read a value and how long it is good.
type Config[T any] struct {
	// What the value is, in the plural, for errors and the log: "secrets".
	// Required.
	What string
	// Read reads the value. Its error wraps authz.ErrUnavailable where a later
	// attempt may succeed. One call follows the other. Required.
	Read func(ctx context.Context) (T, error)
	// Same reports whether two values are the same. The older of the two is
	// kept then, with whatever has been made of it. Required.
	Same func(a, b T) bool
	// MaxAge is how old the value may be before it is read again, LeastMaxAge
	// to MostMaxAge. Defaults to DefaultMaxAge.
	MaxAge time.Duration
	// RenewTimeout is how long a reading may take while there is a good value,
	// which a request gets that waited in vain: up to 4 s. A reading without one
	// may take FirstTimeout. Each takes half of the time that is left to its caller
	// at most. Defaults to DefaultRenewTimeout.
	RenewTimeout time.Duration
	// Logger is told when an old value is used, once for each reading that
	// failed. Defaults to slog.Default().
	Logger *slog.Logger
	// Now is the clock: tests of who uses this package set another. Defaults to
	// time.Now.
	Now func() time.Time
}

// check sets the defaults and returns what is wrong.
func (c *Config[T]) check() error {
	c.MaxAge = cmp.Or(c.MaxAge, DefaultMaxAge)
	c.RenewTimeout = cmp.Or(c.RenewTimeout, DefaultRenewTimeout)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.MaxAge < LeastMaxAge || c.MaxAge > MostMaxAge:
		return fmt.Errorf("%w: MaxAge of the %s is %v, allowed is %v to %v", authz.ErrMisconfigured, c.What, c.MaxAge, LeastMaxAge, MostMaxAge)
	case c.RenewTimeout < 0 || c.RenewTimeout > readTimeout:
		return fmt.Errorf("%w: RenewTimeout of the %s is %v, allowed is up to %v", authz.ErrMisconfigured, c.What, c.RenewTimeout, readTimeout)
	}
	return nil
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

// New returns an empty cache, or authz.ErrMisconfigured. It reads nothing yet.
func New[T any](config Config[T]) (*Cache[T], error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	return &Cache[T]{config: config, turn: make(chan struct{}, 1)}, nil
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

// end is until when r may be used while nothing can be read.
func (c *Cache[T]) end(r *reading[T]) time.Time { return r.at.Add(max(MaxStale, c.config.MaxAge)) }

// usable reports whether r may be used while nothing can be read.
func (c *Cache[T]) usable(r *reading[T], now time.Time) bool {
	return r != nil && now.Before(c.end(r))
}

// Get returns the value. The error is that of Read. Without a good value it is
// kept for a second, so that many requests make few attempts and the process
// recovers as soon as what it reads from does. A value is used beyond MaxAge
// only while reading is ErrUnavailable; any other error ends it at once.
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
	switch {
	case c.fresh(r, now), c.usable(r, now) && c.failedWithin(MinInterval, now):
		return r.value, nil
	case !c.usable(r, now) && c.failedWithin(keepFailure, now):
		return none, c.failure
	}
	read, err := c.read(ctx)
	switch {
	case err == nil:
		return read.value, nil
	case c.usable(r, now) && errors.Is(err, authz.ErrUnavailable):
		c.config.Logger.WarnContext(ctx, "using old "+c.config.What, "error", err.Error(), "age", now.Sub(r.at).String(), "until", c.end(r))
		return r.value, nil
	}
	return none, err
}

// Refresh reads the value again although it is fresh, because a request does
// not fit it, and reports whether it has changed within MinInterval, this or
// another reading: whether what was decided with an earlier Get is to be decided
// again.
//
// Anybody can send such a request. So a few readings are made and then one each
// MinInterval, unless a reading finds a change; otherwise strangers could use
// up what the service that is read from gives the account. What they can do is
// to make a change wait for up to MinInterval, in each process and after each
// burst: a good request is then called bad, and whoever keeps that answer (API
// Gateway does, for the authorizer's TTL) goes on calling it bad. So a change is
// made known MaxAge before it counts, where that matters. It is called bad and
// not undecided because otherwise anybody could make faults, which nobody keeps,
// of as many requests as he likes.
//
// After a reading that failed the error stays until the next: a request that
// might be good is not called bad.
func (c *Cache[T]) Refresh(ctx context.Context) (value T, changed bool, err error) {
	var none T
	before, entered := c.current.Load(), c.now()
	release, err := c.wait(ctx)
	if err != nil {
		return none, false, err
	}
	defer release()
	r, now := c.current.Load(), c.now()
	switch {
	case r == nil:
		if c.failedWithin(keepFailure, now) {
			return none, false, c.failure
		}
	case c.failedWithin(MinInterval, now):
		return none, false, c.failure
	case r != before && !r.at.Before(entered), !c.takeToken(now):
		return r.value, c.changedLately(r, now), nil
	}
	read, err := c.read(ctx)
	if err != nil {
		return none, false, err
	}
	if r == nil {
		return read.value, true, nil
	}
	if !c.config.Same(r.value, read.value) {
		c.tokens = min(burst, c.tokens+1)
	}
	return read.value, c.changedLately(read, now), nil
}

// changedLately reports whether a caller may have had the value from before it
// changed: also where this caller's own reading came after another's that
// found the change, and finds none.
func (c *Cache[T]) changedLately(r *reading[T], now time.Time) bool {
	return !r.changedAt.IsZero() && now.Sub(r.changedAt) < MinInterval
}

// wait waits for the turn, and returns how to give it back.
func (c *Cache[T]) wait(ctx context.Context) (release func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: waiting for the %s: %w", authz.ErrUnavailable, c.config.What, ctx.Err())
	}
}

// failedWithin reports whether the last reading failed less than d ago.
func (c *Cache[T]) failedWithin(d time.Duration, now time.Time) bool {
	since := now.Sub(c.failedAt)
	return !c.failedAt.IsZero() && since >= 0 && since < d
}

// takeToken takes one of the readings that Refresh may make.
func (c *Cache[T]) takeToken(now time.Time) bool {
	c.tokens = min(burst, c.tokens+max(0, float64(now.Sub(c.tokensAt))/float64(MinInterval)))
	c.tokensAt = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

// read makes one attempt and keeps what it finds: an error that ended with the
// caller says nothing to the next. The caller has the turn.
func (c *Cache[T]) read(ctx context.Context) (*reading[T], error) {
	old := c.current.Load()
	timeout := FirstTimeout
	if c.usable(old, c.now()) {
		timeout = c.config.RenewTimeout
	}
	if deadline, ok := ctx.Deadline(); ok { // the rest is for answering
		timeout = min(timeout, time.Until(deadline)/2)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The value is as old as the question, not as the answer.
	r := &reading[T]{at: c.now()}
	var err error
	if r.value, err = c.config.Read(limited); err != nil {
		// Else it is the caller's end, or close to it.
		if ctx.Err() == nil && (limited.Err() == nil || timeout >= leastTime) {
			c.failedAt, c.failure = c.now(), err
		}
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
