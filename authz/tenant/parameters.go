package tenant

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
)

// DefaultMaxAge is that of [Parameters], 5 minutes, as in authz/secret.
const DefaultMaxAge = fresh.DefaultMaxAge

// readTimeout bounds a reading, also one while the old documents are good: it is
// many calls, and a suspension waits for it.
const readTimeout = 4 * time.Second

// Reader reads all parameters below a path, by full name, with an empty value
// where one is not a SecureString. Its error wraps authz.ErrMisconfigured or
// authz.ErrUnavailable. It has 8 s the first time and 4 s each further time, or half
// of what is left of the invocation if that is less. *secret.Client is one, for up
// to 300 parameters.
type Reader interface {
	ByPath(ctx context.Context, path string) (map[string]string, error)
}

// Parameters says where tenants' documents are and how long they are good.
type Parameters struct {
	// Path is the path below which each tenant has one parameter, whose last
	// part is the tenant's id: "/events-api/tenants" for
	// "/events-api/tenants/acme". *secret.Client reads up to 300; more are an
	// error, because a reading that does not end in time would let suspended
	// tenants in for an hour. Required.
	Path string
	// Reader reads them. Required.
	Reader Reader
	// Policy makes the tenants' policies. Defaults to RoutePermissions.
	Policy PolicyParser
	// Configure changes a tenant after its document has been read: what a
	// document cannot say, for instance a Verifier. Its error shuts the tenant
	// out. It is called for all tenants again when any document has changed, and
	// not before. Defaults to nothing.
	Configure func(*Tenant) error
	// MaxAge is how old the documents may be before they are read again: how
	// long a tenant that was suspended or removed, or a key that was taken
	// out, is still accepted. 1s to 24h. Defaults to DefaultMaxAge.
	MaxAge time.Duration
	// Logger is told of tenants whose document cannot be used, and when old
	// documents are used. Defaults to slog.Default().
	Logger *slog.Logger

	now func() time.Time // the clock; of tests another
}

// check sets the defaults and returns what is wrong.
func (p *Parameters) check() error {
	p.Logger = cmp.Or(p.Logger, slog.Default())
	switch {
	case !strings.HasPrefix(p.Path, "/") || strings.HasSuffix(p.Path, "/"):
		// Which is not shown: it could be a secret, in the wrong place.
		return fmt.Errorf("%w: Parameters.Path, which has %d bytes, does not begin with a slash, or ends with one", authz.ErrMisconfigured, len(p.Path))
	case p.Reader == nil:
		return fmt.Errorf("%w: Parameters.Reader is not set", authz.ErrMisconfigured)
	}
	return nil
}

// FromParameters returns a registry of the tenants whose documents are below a
// path ([ParseDocument]). It reads nothing yet: they are read with the first
// request, again as they age, and at once when a credential fits no tenant or
// none of its keys. Without good documents every request is a fault.
//
// A document that cannot be used shuts its tenant out, also one that could be
// used before: what it was to change may have been a suspension. Tenants that
// have an id, a host, an issuer, a key id or a key in common are all shut out,
// because nothing says whose it is, and so is one that the selectors cannot
// select. The other tenants go on.
func FromParameters(cfg Config, p Parameters) (*Registry, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	b := &builder{Parameters: p, selectors: cfg.Selectors}
	cache, err := fresh.New(fresh.Config[snapshot]{
		What: "tenants", Read: b.read,
		Same:   func(a, b snapshot) bool { return a.table == b.table },
		MaxAge: p.MaxAge, RenewTimeout: readTimeout,
		Logger: p.Logger, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	return &Registry{cfg, parameters{cache}, new(atomic.Bool)}, nil
}

// snapshot is the tenants with the documents that they were made of.
type snapshot struct {
	documents map[string]string
	table     *table
}

// parameters is the [source] of tenants that are read.
type parameters struct{ cache *fresh.Cache[snapshot] }

func (p parameters) Get(ctx context.Context) (*table, error) {
	s, err := p.cache.Get(ctx)
	return s.table, err
}

func (p parameters) Refresh(ctx context.Context) (*table, bool, error) {
	s, changed, err := p.cache.Refresh(ctx)
	return s.table, changed, err
}

// builder makes tables of documents. It reads once at a time.
type builder struct {
	Parameters
	selectors []Selector
	last      snapshot
}

// read reads all documents. What it made of the same ones before is used again.
func (p *builder) read(ctx context.Context) (snapshot, error) {
	documents, err := p.Reader.ByPath(ctx, p.Path)
	if err != nil {
		return snapshot{}, fmt.Errorf("reading the tenants: %w", err)
	}
	if p.last.table == nil || !maps.Equal(documents, p.last.documents) {
		p.last = snapshot{documents, p.build(ctx, documents)}
	}
	return p.last, nil
}

// build makes a table of the documents.
func (p *builder) build(ctx context.Context, documents map[string]string) *table {
	ring := newKeyring()
	entries := make([]*entry, 0, len(documents))
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		e, err := p.newEntry(strings.TrimPrefix(name, p.Path+"/"), documents[name], ring)
		if err != nil {
			e.fault = fmt.Errorf("tenant %q: using parameter %q: %w", e.ID, name, err)
		}
		entries = append(entries, e)
	}
	shutOutClashes(entries)
	for _, e := range entries {
		if e.fault != nil {
			p.Logger.ErrorContext(ctx, "tenant shut out", "tenant", e.ID, "error", e.fault.Error())
		}
	}
	return newTable(entries, ring)
}

// newEntry makes a tenant of a document. With an error it returns an entry all
// the same, that has the tenant's id.
func (p *builder) newEntry(id, text string, ring *keyring) (*entry, error) {
	none := &entry{Tenant: Tenant{ID: id}}
	if text == "" {
		return none, fmt.Errorf("%w: it is not a SecureString; delete it and put it again with --type SecureString", authz.ErrMisconfigured)
	}
	t, err := ParseDocument(id, text, p.Policy)
	if err != nil {
		return none, err
	}
	t.JWT.Now = p.now
	if p.Configure != nil {
		if err := p.Configure(&t); err != nil {
			return none, fmt.Errorf("%w: %w", authz.ErrMisconfigured, err)
		}
		if t.ID != id {
			return none, fmt.Errorf("%w: Parameters.Configure changed the id", authz.ErrMisconfigured)
		}
	}
	e, err := newEntry(t, p.selectors, ring)
	if err != nil {
		return none, err
	}
	return e, nil
}

// shutOutClashes shuts out tenants that have something in common.
func shutOutClashes(entries []*entry) {
	faults, all := map[*entry]error{}, newCommons()
	for _, e := range entries {
		if e.fault != nil {
			continue
		}
		all.add(e, func(other *entry, what string) {
			faults[other] = clashError(other.ID, e.ID, what)
			faults[e] = faults[other]
		})
	}
	for e, fault := range faults {
		e.fault = fault
	}
}
