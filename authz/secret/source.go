// Package secret gives the authorizer its HS256 secret, read once per
// execution environment: from AWS Systems Manager Parameter Store, or from the
// environment where the deployment put it there.
//
// The one call to Systems Manager is made with the SigV4 signer and net/http:
// the service client and the configuration loader of the SDK more than double
// what the function's own code adds to a cold start.
package secret

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Source is an [authz.KeyProvider] that reads the secret when it is first
// asked for and then keeps it. A failure is not kept: every call that finds no
// secret yet makes one attempt of its own, so that a Lambda function recovers
// without a restart and asks at most once an invocation.
type Source struct {
	getenv func(string) string
	client *http.Client
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error

	keys atomic.Pointer[[]authz.Key]
	// turn has room for one reader at a time; a channel, not a mutex, so that
	// waiting ends with the caller's context.
	turn chan struct{}
}

// FromEnvironment returns the source that the environment variables describe:
// contract.EnvSecretPath names the parameter, or contract.EnvSecret is the
// secret itself. getenv is os.Getenv, usually. The variables are read with the
// secret and not here, so that a mistake in them fails each invocation with
// its cause, instead of failing the start of the function.
func FromEnvironment(getenv func(string) string) *Source {
	return &Source{
		getenv: getenv,
		client: newClient(),
		now:    time.Now,
		sleep:  sleep,
		turn:   make(chan struct{}, 1),
	}
}

// Keys implements [authz.KeyProvider]. The error wraps authz.ErrMisconfigured
// or authz.ErrUnavailable and has nothing of the secret in it.
func (s *Source) Keys(ctx context.Context) ([]authz.Key, error) {
	if keys := s.keys.Load(); keys != nil {
		return *keys, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: waiting for the secret: %w", authz.ErrUnavailable, ctx.Err())
	}
	if keys := s.keys.Load(); keys != nil {
		return *keys, nil
	}
	key, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	keys := []authz.Key{key}
	s.keys.Store(&keys)
	return keys, nil
}

// read makes one attempt, retries of the call included.
func (s *Source) read(ctx context.Context) (authz.Key, error) {
	path, value := s.getenv(contract.EnvSecretPath), s.getenv(contract.EnvSecret)
	switch {
	case path != "" && value != "":
		return authz.Key{}, fmt.Errorf("%w: both %s and %s are set; remove one of them", authz.ErrMisconfigured, contract.EnvSecretPath, contract.EnvSecret)
	case path == "" && value == "":
		return authz.Key{}, fmt.Errorf("%w: neither %s nor %s is set; set the first to the name of the SSM parameter that holds the secret", authz.ErrMisconfigured, contract.EnvSecretPath, contract.EnvSecret)
	case value != "":
		return newKey(value, fmt.Sprintf("environment variable %s", contract.EnvSecret))
	case !strings.HasPrefix(path, "/"):
		return authz.Key{}, fmt.Errorf("%w: %s is %q, which does not begin with a slash; set it to the full name of the SSM parameter", authz.ErrMisconfigured, contract.EnvSecretPath, path)
	}
	value, err := s.getParameter(ctx, path)
	if err != nil {
		return authz.Key{}, fmt.Errorf("reading parameter %q: %w", path, err)
	}
	return newKey(value, fmt.Sprintf("parameter %q", path))
}

func newKey(value, where string) (authz.Key, error) {
	secret, err := authz.ParseSecret(value)
	if err != nil {
		return authz.Key{}, fmt.Errorf("using %s: %w", where, err)
	}
	key, err := authz.NewHS256Key(secret)
	if err != nil {
		return authz.Key{}, fmt.Errorf("using %s: %w", where, err)
	}
	return key, nil
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
