// Package secret gives an authorizer its keys: from AWS Systems Manager
// Parameter Store or AWS Secrets Manager, or from the environment where the
// deployment put them there. It reads them when they are first asked for, again when they are older
// than Config.MaxAge, and at once when a credential fits none of them
// ([Source.Refresh]), so that a secret can be rotated without a deployment and
// without an outage. [Document] is what a rotation changes.
//
// While that service is unavailable the old keys stay good for [MaxStale]. An
// answer that there is no such parameter, that it may not be read or that it holds
// no secret ends them at once: that is how to stop an authorizer. Without good keys
// a failure is the answer for a second.
//
// It links no service client and no configuration loader of AWS's SDK, which
// would more than double what the function's own code adds to a cold start.
package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
)

// Source is an [authz.KeyProvider] and [authz.Refresher]. It is safe for
// concurrent use: one caller reads, the others wait for it, no longer than
// their contexts.
type Source struct {
	cache         *fresh.Cache[[]authz.Key]
	changed       *atomic.Pointer[time.Time]
	misconfigured error // from FromEnvironment or FromPath; there is no cache then
}

// New returns a source, or authz.ErrMisconfigured. It reads nothing yet.
func New(config Config) (*Source, error) { return newSource(config, NewClient, "Config.Value") }

// newSource returns a source whose errors call the place of config.Value where.
func newSource(config Config, client func(getenv func(string) string) *Client, where string) (*Source, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	r := reader{config, client(config.Getenv), where, &atomic.Pointer[time.Time]{}}
	cache, err := fresh.New(fresh.Config[[]authz.Key]{
		What: "secrets", Read: r.read, Same: sameKeys,
		MaxAge: config.MaxAge,
		Logger: config.Logger, Now: config.now,
	})
	if err != nil {
		return nil, err
	}
	return &Source{cache: cache, changed: r.changed}, nil
}

// Keys implements [authz.KeyProvider]. The error wraps authz.ErrMisconfigured
// or authz.ErrUnavailable and has nothing of a secret in it. Without good keys
// it is kept for a second: the calls that come meanwhile make no attempt, and
// the function recovers within a second of Systems Manager. When the parameter, or
// the oldest of them, was last changed is told to authz.ObserveSecret.
func (s *Source) Keys(ctx context.Context) ([]authz.Key, error) {
	if s.misconfigured != nil {
		return nil, s.misconfigured
	}
	keys, err := s.cache.Get(ctx)
	if changed := s.changed.Load(); err == nil && changed != nil {
		authz.ObserveSecret(ctx, *changed)
	}
	return keys, err
}

// Refresh implements [authz.Refresher]: it reads the keys again although they
// are fresh, because a credential fits none of them. An execution environment
// makes three readings at once and then one each 10 seconds, unless a reading finds
// new keys: strangers' credentials fit none either. A new key may wait for so long,
// and its tokens are refused meanwhile. One that is published as "next" for
// Config.MaxAge before it signs waits for nothing. After a reading that failed the
// error stays until the next: a credential that might be good is not called bad.
func (s *Source) Refresh(ctx context.Context) (keys []authz.Key, changed bool, err error) {
	if s.misconfigured != nil {
		return nil, false, s.misconfigured
	}
	return s.cache.Refresh(ctx)
}

// reader reads the keys.
type reader struct {
	config Config
	client *Client
	where  string
	// changed is when the oldest of the parameters that were read was last changed.
	changed *atomic.Pointer[time.Time]
}

// read reads all parameters at the same time.
func (r reader) read(ctx context.Context) ([]authz.Key, error) {
	if r.config.Value != "" {
		return r.parse(r.config.Value, r.where)
	}
	n := len(r.config.Paths)
	all, changed, errs := make([][]authz.Key, n), make([]time.Time, n), make([]error, n)
	var wait sync.WaitGroup
	for i, path := range r.config.Paths {
		wait.Go(func() {
			value, at, err := r.client.get(ctx, path)
			if err == nil {
				changed[i] = at
				all[i], err = r.parse(value, noun(path))
			}
			errs[i] = err
		})
	}
	wait.Wait()
	if err := worst(errs); err != nil {
		return nil, err
	}
	keys := slices.Concat(all...)
	if err := checkIDs(keys); err != nil {
		return nil, fmt.Errorf("using %s together: %w", strings.Join(r.config.Paths, ", "), err)
	}
	oldest := slices.MinFunc(changed, time.Time.Compare)
	r.changed.Store(&oldest)
	return keys, nil
}

// noun calls what is at a path by its name.
func noun(path string) string {
	if isSecretARN(path) {
		return fmt.Sprintf("secret %q", path)
	}
	return fmt.Sprintf("parameter %q", path)
}

// worst returns an error that does not pass by itself, before one that does: it
// ends the old keys whatever else is unavailable.
func worst(errs []error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, authz.ErrUnavailable) {
			return err
		}
	}
	return cmp.Or(errs...)
}

func (r reader) parse(value, where string) ([]authz.Key, error) {
	keys, err := ParseKeys(r.config.Algorithm, value)
	if err != nil {
		return nil, fmt.Errorf("using %s: %w", where, err)
	}
	return keys, nil
}
