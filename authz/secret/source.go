// Package secret gives an authorizer its keys: from AWS Systems Manager
// Parameter Store, or from the environment where the deployment put them
// there. It reads them when they are first asked for and again as they age, so
// that a secret can be rotated without a deployment and without an outage:
//
//   - The keys are read again when they are older than Config.MaxAge and a
//     request comes. An execution environment is frozen between requests, so
//     nothing happens in the background.
//   - They are read at once when a credential fits none of them ([Source.Refresh]).
//   - While Systems Manager is unavailable the old keys stay good, until
//     Config.MaxStale after they were read. An answer that there is no such
//     parameter, that it may not be read or that it holds no secret ends them
//     at once: that is how to stop an authorizer.
//
// It links no service client and no configuration loader of AWS's SDK, which
// would more than double what the function's own code adds to a cold start.
package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/awsjson"
)

// API Gateway waits 10 s for an authorizer. A reading at cold start and one in
// the first invocation together stay below that.
const (
	readTimeout = awsjson.DefaultTimeout
	// renewTimeout is for a reading that there are good keys without: a
	// request does not wait for a dead service any longer.
	renewTimeout = 2 * time.Second
)

// burst is how many readings Refresh makes before MinInterval holds: secrets
// that are rotated twice in a row are found at once both times.
const burst = 3

// Source is an [authz.KeyProvider] and [authz.Refresher]. It is safe for
// concurrent use: one caller reads, the others wait for it, no longer than
// their contexts.
type Source struct {
	config        Config
	value         func() string // Config.Value, out of fmt's sight; nil without one
	where         string        // that value is, for errors
	misconfigured error         // from FromEnvironment
	client        *Client

	current atomic.Pointer[reading]
	// turn has room for one reader at a time; a channel, not a mutex, so that
	// waiting ends with the caller's context. It guards the fields below.
	turn     chan struct{}
	failedAt time.Time // of the last reading if it failed, else zero
	failure  error
	tokens   float64 // readings that Refresh may make
	tokensAt time.Time
}

// reading is what was read, and when.
type reading struct {
	keys []authz.Key
	at   time.Time
	// changedAt is when the keys became these, after others.
	changedAt time.Time
}

// New returns a source, or authz.ErrMisconfigured. It reads nothing yet.
func New(config Config) (*Source, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	s := &Source{config: config, where: "Config.Value", client: NewClient(config.Getenv), turn: make(chan struct{}, 1)}
	if config.Value != "" {
		s.value, s.config.Value = func() string { return config.Value }, ""
	}
	return s, nil
}

// now is the wall clock: the monotonic one may stand still while the
// execution environment is frozen.
func (s *Source) now() time.Time { return s.config.Now().Round(0) }

// fresh reports whether r needs no reading again. A clock that was set back
// makes it do so.
func (s *Source) fresh(r *reading, now time.Time) bool {
	age := now.Sub(r.at)
	return s.value != nil || age >= 0 && age < s.config.MaxAge
}

// usable reports whether r may be used without Systems Manager.
func (s *Source) usable(r *reading, now time.Time) bool {
	return r != nil && now.Sub(r.at) < s.config.MaxStale
}

// Keys implements [authz.KeyProvider]. The error wraps authz.ErrMisconfigured
// or authz.ErrUnavailable and has nothing of a secret in it. It is not kept:
// without good keys every call makes one attempt, with its retries, so that
// the function recovers as soon as Systems Manager does.
func (s *Source) Keys(ctx context.Context) ([]authz.Key, error) {
	if s.misconfigured != nil {
		return nil, s.misconfigured
	}
	if r := s.current.Load(); r != nil && s.fresh(r, s.now()) {
		return r.keys, nil
	}
	release, err := s.wait(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	r, now := s.current.Load(), s.now()
	if r != nil && s.fresh(r, now) { // who had the turn before has read it
		return r.keys, nil
	}
	if s.usable(r, now) && s.failedLately(now) {
		return r.keys, nil
	}
	read, err := s.read(ctx)
	switch {
	case err == nil:
		return read.keys, nil
	case s.usable(r, now) && errors.Is(err, authz.ErrUnavailable):
		s.config.Logger.WarnContext(ctx, "using old secrets", "error", err.Error(), "age", now.Sub(r.at).String(), "until", r.at.Add(s.config.MaxStale))
		return r.keys, nil
	}
	return nil, err
}

// Refresh implements [authz.Refresher]: it reads the keys again although they
// are fresh, because a credential fits none of them.
//
// Anybody can send such a credential. So an execution environment makes a few
// readings and then one each Config.MinInterval, unless a reading finds new
// keys; otherwise strangers could use up the account's throughput of Systems
// Manager. What they can do is to make a new key wait for up to MinInterval.
// A key that is published as "next" for Config.MaxAge before it signs is known
// by then and waits for nothing.
//
// After a reading that failed the error stays until the next: a credential
// that might be good is not called bad.
func (s *Source) Refresh(ctx context.Context) (keys []authz.Key, changed bool, err error) {
	if s.misconfigured != nil {
		return nil, false, s.misconfigured
	}
	before, entered := s.current.Load(), s.now()
	release, err := s.wait(ctx)
	if err != nil {
		return nil, false, err
	}
	defer release()
	r, now := s.current.Load(), s.now()
	if r != nil {
		switch {
		case s.value != nil:
			return r.keys, false, nil
		case s.failedLately(now):
			return nil, false, s.failure
		case r != before && !r.at.Before(entered), !s.takeToken(now):
			// The caller may have had the keys from before they changed.
			return r.keys, !r.changedAt.IsZero() && now.Sub(r.changedAt) < s.config.MinInterval, nil
		}
	}
	read, err := s.read(ctx)
	if err != nil {
		return nil, false, err
	}
	changed = r == nil || !sameKeys(r.keys, read.keys)
	if changed { // a rotation, not a stranger
		s.tokens = min(burst, s.tokens+1)
	}
	return read.keys, changed, nil
}

// wait waits for the turn, and returns how to give it back.
func (s *Source) wait(ctx context.Context) (release func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: waiting for the secret: %w", authz.ErrUnavailable, ctx.Err())
	}
}

// failedLately reports whether the last reading failed less than MinInterval
// ago.
func (s *Source) failedLately(now time.Time) bool {
	since := now.Sub(s.failedAt)
	return !s.failedAt.IsZero() && since >= 0 && since < s.config.MinInterval
}

// takeToken takes one of the readings that Refresh may make.
func (s *Source) takeToken(now time.Time) bool {
	s.tokens = min(burst, s.tokens+max(0, float64(now.Sub(s.tokensAt))/float64(s.config.MinInterval)))
	s.tokensAt = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

// read makes one attempt, retries of the calls included, and keeps what it
// finds. The caller has the turn.
func (s *Source) read(ctx context.Context) (*reading, error) {
	old := s.current.Load()
	timeout := readTimeout
	if s.usable(old, s.now()) {
		timeout = renewTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The keys are as old as the question, not as the answer.
	r := &reading{at: s.now()}
	var err error
	if r.keys, err = s.readAll(limited); err != nil {
		if ctx.Err() == nil { // else it is the caller's end
			s.failedAt, s.failure = s.now(), err
		}
		if !errors.Is(err, authz.ErrUnavailable) {
			s.current.Store(nil)
		}
		return nil, err
	}
	if old != nil {
		r.changedAt = old.changedAt
		if !sameKeys(old.keys, r.keys) {
			r.changedAt = s.now()
		}
	}
	s.failedAt, s.failure = time.Time{}, nil
	s.current.Store(r)
	return r, nil
}

// readAll reads all parameters at the same time.
func (s *Source) readAll(ctx context.Context) ([]authz.Key, error) {
	if s.value != nil {
		return s.parse(s.value(), s.where)
	}
	all, errs := make([][]authz.Key, len(s.config.Paths)), make([]error, len(s.config.Paths))
	var wait sync.WaitGroup
	for i, path := range s.config.Paths {
		wait.Go(func() {
			value, err := s.client.Get(ctx, path)
			if err == nil {
				all[i], err = s.parse(value, fmt.Sprintf("parameter %q", path))
			}
			errs[i] = err
		})
	}
	wait.Wait()
	var keys []authz.Key
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		keys = append(keys, all[i]...)
	}
	if err := checkIDs(keys); err != nil {
		return nil, fmt.Errorf("using the parameters %s: %w", strings.Join(s.config.Paths, ", "), err)
	}
	return keys, nil
}

func (s *Source) parse(value, where string) ([]authz.Key, error) {
	keys, err := ParseKeys(s.config.Algorithm, value)
	if err != nil {
		return nil, fmt.Errorf("using %s: %w", where, err)
	}
	return keys, nil
}
