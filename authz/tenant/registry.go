package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/protected-http-api/protected-http-api/authz"
)

// ErrUnknown is the denial of a request that no tenant fits. It is an
// authz.ErrUnknownKey.
var ErrUnknown = fmt.Errorf("%w: no tenant fits the request", authz.ErrUnknownKey)

// Config configures a [Registry].
type Config struct {
	// Selectors select the tenant of a request. At least one must find
	// something, and all that do must find the same tenant. Required.
	Selectors []Selector
	// Policy is the policy of tenants that have none. Defaults to none:
	// [Registry.Policy] denies their requests.
	Policy authz.Policy
}

func (c Config) check() error {
	if len(c.Selectors) == 0 || slices.Contains(c.Selectors, nil) {
		return fmt.Errorf("%w: Config.Selectors is empty or has a nil", authz.ErrMisconfigured)
	}
	for _, s := range c.Selectors {
		if p, ok := s.(PathParameter); ok && p.Name == "" {
			return fmt.Errorf("%w: PathParameter.Name is not set", authz.ErrMisconfigured)
		}
	}
	return nil
}

// Registry is the [authz.Verifier] of several tenants. It verifies; it decides
// only as
//
//	authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy()}
//
// Where nobody has called Policy, Verify refuses tenants that have a policy: it
// would be enforced by nothing. A Registry is safe for concurrent use.
type Registry struct {
	cfg    Config
	source source
	// decides is whether Policy was called. A pointer: a Registry may be copied.
	decides *atomic.Bool
}

// source gives the tenants.
type source interface {
	Get(ctx context.Context) (*table, error)
	// Refresh looks for newer tenants than Get gave, and reports whether there
	// are.
	Refresh(ctx context.Context) (t *table, changed bool, err error)
}

// static is tenants that never change.
type static struct{ table *table }

func (s static) Get(context.Context) (*table, error)           { return s.table, nil }
func (s static) Refresh(context.Context) (*table, bool, error) { return s.table, false, nil }

// New returns a registry of tenants that do not change while the program runs;
// their keys may, with a [authz.KeyProvider] that reads them. The error is
// ErrMisconfigured. Two tenants that have an id, a host, an issuer, a key id or
// a key in common are one, and it names both; a tenant that the selectors cannot
// select is one too.
func New(cfg Config, tenants ...Tenant) (*Registry, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if len(tenants) == 0 {
		return nil, fmt.Errorf("%w: there is no tenant", authz.ErrMisconfigured)
	}
	ring, all := newKeyring(), newCommons()
	entries := make([]*entry, 0, len(tenants))
	for _, t := range tenants {
		e, err := newEntry(t, cfg.Selectors, ring)
		if err != nil {
			return nil, fmt.Errorf("tenant %q: %w", t.ID, err)
		}
		all.add(e, func(other *entry, what string) {
			if err == nil { // the first
				err = clashError(other.ID, e.ID, what)
			}
		})
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return &Registry{cfg, static{newTable(entries, ring)}, new(atomic.Bool)}, nil
}

// table is the tenants at one time, by what selects them.
type table struct {
	by map[By]map[string]*entry
	// broken names the tenants that cannot be used. They are found by id only.
	broken []string
}

func newTable(entries []*entry, ring *keyring) *table {
	t := &table{by: map[By]map[string]*entry{ByID: {}, ByHost: {}, ByKeyID: {}, ByIssuer: {}}}
	for _, e := range entries {
		t.by[ByID][e.ID] = e
		if e.fault != nil {
			t.broken = append(t.broken, e.ID)
			continue
		}
		for _, host := range e.Hosts {
			t.by[ByHost][host] = e
		}
		for _, key := range e.keys {
			if key.ID() != "" {
				t.by[ByKeyID][key.ID()] = e
			}
		}
		if e.issuer != "" {
			t.by[ByIssuer][e.issuer] = e
		}
		if e.keys != nil {
			ring.keys[e.ID] = e.keys
		}
	}
	return t
}

// unknown is the error of a request that fits no tenant. While there are
// tenants of which it is not known what fits them, it could be theirs.
func (t *table) unknown() error {
	switch {
	case len(t.broken) > 0:
		return fmt.Errorf("%w: the request fits no tenant, but might be one of %s, which cannot be used", authz.ErrMisconfigured, strings.Join(t.broken, ", "))
	case len(t.by[ByID]) == 0:
		return fmt.Errorf("%w: there is no tenant", authz.ErrMisconfigured)
	}
	return ErrUnknown
}

// choose returns the tenant that all selectors agree on, nil if none of them
// finds anything.
func (g *Registry) choose(t *table, r authz.Request, c authz.Credential) (*entry, error) {
	var chosen *entry
	var by By
	for _, selector := range g.cfg.Selectors {
		hint := selector.Select(r, c)
		if hint.By == "" {
			continue
		}
		e := t.by[hint.By][hint.Value]
		switch {
		case e == nil:
			return nil, t.unknown()
		case chosen != nil && e != chosen:
			return nil, fmt.Errorf("%w: %s and %s are of different tenants", authz.ErrDenied, by, hint.By)
		}
		chosen, by = e, hint.By
	}
	if chosen != nil && chosen.fault != nil {
		return nil, chosen.fault
	}
	return chosen, nil
}

// outdated reports whether an error could be gone with newer tenants: the
// credential may be of a tenant, or made with a key, that is new, and a
// document that could not be used may have been repaired.
func (t *table) outdated(err error) bool {
	for _, reason := range []error{authz.ErrUnknownKey, authz.ErrInvalidSignature, authz.ErrUnsupportedAlgorithm} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return errors.Is(err, authz.ErrMisconfigured) && (len(t.broken) > 0 || len(t.by[ByID]) == 0)
}

// Verify implements [authz.Verifier]. An error of a tenant's verifier names the
// tenant. Where the registry is read from parameters, a credential that fits no
// tenant, or none of its keys, has them read again, not too often.
func (g *Registry) Verify(ctx context.Context, r authz.Request, c authz.Credential) (authz.Principal, error) {
	if err := checkReuse(g.cfg.Selectors, r); err != nil {
		return authz.Principal{}, err
	}
	t, err := g.source.Get(ctx)
	if err != nil {
		return authz.Principal{}, err
	}
	p, err := g.verify(ctx, t, r, c)
	if err == nil || !t.outdated(err) {
		return p, err
	}
	t, changed, refreshErr := g.source.Refresh(ctx)
	if refreshErr != nil {
		return authz.Principal{}, refreshErr
	}
	if changed {
		return g.verify(ctx, t, r, c)
	}
	return authz.Principal{}, err
}

func (g *Registry) verify(ctx context.Context, t *table, r authz.Request, c authz.Credential) (authz.Principal, error) {
	e, err := g.choose(t, r, c)
	if err != nil {
		return authz.Principal{}, err
	}
	if e == nil {
		if _, _, err := unverified(c); err != nil {
			return authz.Principal{}, err // which says more
		}
		return authz.Principal{}, t.unknown()
	}
	if (e.Policy != nil || g.cfg.Policy != nil) && !g.decides.Load() {
		return authz.Principal{}, fmt.Errorf("tenant %q: %w: it has a policy that nobody asks; set authz.Handler.Policy to Registry.Policy()", e.ID, authz.ErrMisconfigured)
	}
	p, err := e.verify(ctx, r, c)
	if err != nil {
		return authz.Principal{}, fmt.Errorf("tenant %q: %w", e.ID, err)
	}
	return p, nil
}

// Policy returns the policy of each tenant for its own callers. A caller
// without a tenant, of a tenant that is not there, is suspended or has no
// policy, or whose tenant is not the one that host or path parameter select,
// is denied: a principal need not come from this registry. Call it before the
// first request, and hand what it returns to the authz.Handler.
func (g *Registry) Policy() authz.Policy {
	g.decides.Store(true)
	return policy{g}
}

// policy is the policy of a registry's tenants.
type policy struct{ *Registry }

// IdentitySources returns none: what the selectors and the tenant's policy look at is
// asked when it decides.
func (policy) IdentitySources() []string { return nil }

// Decide implements [authz.Policy].
func (g policy) Decide(ctx context.Context, p authz.Principal, r authz.Request) error {
	if err := checkReuse(g.cfg.Selectors, r); err != nil {
		return err
	}
	t, err := g.source.Get(ctx)
	if err != nil {
		return err
	}
	e := t.by[ByID][p.Tenant]
	if e == nil || p.Tenant == "" {
		return fmt.Errorf("%w: the caller is of no tenant that is known", authz.ErrDenied)
	}
	if e.fault != nil {
		return e.fault
	}
	named, err := g.choose(t, r, authz.Credential{})
	switch {
	case err != nil:
		return err
	case named != nil && named != e:
		return fmt.Errorf("%w: the request is for another tenant than the caller's", authz.ErrDenied)
	case e.Suspended:
		return authz.ErrTenantSuspended
	}
	own := e.Policy
	if own == nil {
		own = g.cfg.Policy
	}
	if own == nil {
		return fmt.Errorf("%w: tenant %q has no policy", authz.ErrDenied, e.ID)
	}
	return authz.AllPolicies{own}.Decide(ctx, p, r) // which asks it what it looks at
}
