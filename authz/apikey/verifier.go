package apikey

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Store keeps the records of keys. [DynamoDB] is one.
type Store interface {
	// Key returns the record of a key. The error is authz.ErrUnknownKey where
	// there is none, else it wraps authz.ErrUnavailable or
	// authz.ErrMisconfigured.
	Key(ctx context.Context, d Digest) (Record, error)
}

// Config is what a [Verifier] is made of.
type Config struct {
	// Store is where keys are looked up, for every request: a key that has
	// been disabled stops at once. Required.
	Store Store
	// Tiers are those that records may name. Required.
	Tiers Tiers
	// Prefix is that of the keys. Defaults to DefaultPrefix.
	Prefix string
	// Uses takes when each key was last used, to within 5 minutes. Defaults to
	// nil: nothing is recorded.
	Uses UseStore
	// Logger takes failures to record a use, which fail no request. Defaults
	// to JSON on the standard error.
	Logger *slog.Logger

	now func() time.Time // the clock; of tests another
}

// Verifier is the [authz.Verifier] of API keys. It keeps no record in memory.
type Verifier struct {
	cfg  Config
	uses *uses
}

// NewVerifier returns a verifier, or authz.ErrMisconfigured with what is wrong.
func NewVerifier(cfg Config) (*Verifier, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = DefaultPrefix
	}
	if err := checkPrefix(cfg.Prefix); err != nil {
		return nil, err
	}
	switch {
	case cfg.Store == nil:
		return nil, fmt.Errorf("%w: apikey.Config.Store is not set", authz.ErrMisconfigured)
	case len(cfg.Tiers.byName) == 0:
		return nil, fmt.Errorf("%w: apikey.Config.Tiers is not set; make them with NewTiers", authz.ErrMisconfigured)
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return &Verifier{cfg, &uses{store: cfg.Uses, timeout: useTimeout, logger: cfg.Logger, seen: map[string]time.Time{}}}, nil
}

// Verify implements [authz.Verifier]. The form of the key is judged before
// anything is looked up. A key that is not in the store is
// authz.ErrUnknownKey, a disabled one authz.ErrRevoked, one past its expiry
// authz.ErrExpired. A record that cannot be read, or names a tier that is not
// there, is authz.ErrMisconfigured. From the look-up on, errors are an
// [authz.CredentialError] with the key's credential id.
//
// The principal's permissions are the record's and the tier's, its Method is
// Scheme, and it expires with the key, at the latest authz.MaxIdentityLife
// from now.
func (v *Verifier) Verify(ctx context.Context, _ authz.Request, c authz.Credential) (authz.Principal, error) {
	if c.Scheme != Scheme && c.Scheme != authz.BearerScheme {
		return authz.Principal{}, authz.ErrNotApplicable
	}
	key, err := Parse(v.cfg.Prefix, c.Value())
	if err != nil {
		return authz.Principal{}, err
	}
	digest := key.Digest()
	principal, err := v.lookUp(ctx, digest)
	if err != nil {
		return authz.Principal{}, &authz.CredentialError{Method: Scheme, CredentialID: digest.CredentialID(), Err: err}
	}
	return principal, nil
}

func (v *Verifier) lookUp(ctx context.Context, digest Digest) (authz.Principal, error) {
	record, err := v.cfg.Store.Key(ctx, digest)
	if err != nil {
		return authz.Principal{}, fmt.Errorf("looking up an API key: %w", err)
	}
	// Whatever the store compared, and however.
	if subtle.ConstantTimeCompare(record.Digest[:], digest[:]) != 1 {
		return authz.Principal{}, fmt.Errorf("%w: the store gave the record of another API key", authz.ErrMisconfigured)
	}
	now := v.cfg.now()
	switch record.Status(now) {
	case Disabled:
		return authz.Principal{}, fmt.Errorf("%w: the API key is disabled", authz.ErrRevoked)
	case Expired:
		return authz.Principal{}, fmt.Errorf("%w: the API key expired at %s", authz.ErrExpired, record.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if err := record.check(); err != nil {
		return authz.Principal{}, fmt.Errorf("%w: the record of the API key: %w", authz.ErrMisconfigured, err)
	}
	tier, err := v.cfg.Tiers.tier(record.Tier)
	if err != nil {
		return authz.Principal{}, err
	}
	v.uses.record(ctx, digest.CredentialID(), now)
	expires := now.Add(authz.MaxIdentityLife)
	if !record.ExpiresAt.IsZero() && record.ExpiresAt.Before(expires) {
		expires = record.ExpiresAt
	}
	return authz.Principal{
		Identity: authz.Identity{
			Subject: record.Subject, Method: Scheme, CredentialID: digest.CredentialID(), Tier: record.Tier,
			Permissions: union(record.Permissions, tier.Permissions), ExpiresAt: expires.Truncate(time.Second),
		},
		IssuedAt: record.CreatedAt, KeyID: digest.CredentialID(),
	}, nil
}

// union returns both lists, sorted, each element once.
func union(a, b []string) []string {
	both := slices.Concat(a, b)
	slices.SortFunc(both, strings.Compare)
	return slices.Compact(both)
}
