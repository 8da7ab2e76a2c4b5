package tenant

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/hmackey"
)

// checkKeys returns what is wrong with the keys of one tenant. The rules of
// ids are those of [authz.KeyProvider]. Secrets and public keys are not mixed:
// a tenant's algorithm is one kind (RFC 8725 section 3.1).
func checkKeys(keys []authz.Key) error {
	if len(keys) == 0 {
		return fmt.Errorf("%w: there is no key", authz.ErrMisconfigured)
	}
	_, symmetric := keys[0].HMACSecret()
	for i, key := range keys {
		_, isSecret := key.HMACSecret()
		switch {
		case key.Algorithm() == "":
			return fmt.Errorf("%w: key %d is the zero Key", authz.ErrMisconfigured, i)
		case isSecret != symmetric:
			return fmt.Errorf("%w: the keys are secrets and public keys; use one kind for a tenant", authz.ErrMisconfigured)
		case (key.ID() == "") != (keys[0].ID() == ""):
			return fmt.Errorf("%w: some keys have an id and some have none; give all of them one, or none", authz.ErrMisconfigured)
		case key.ID() != "" && slices.ContainsFunc(keys[:i], func(k authz.Key) bool { return k.ID() == key.ID() }):
			return fmt.Errorf("%w: two keys have the id %q", authz.ErrMisconfigured, key.ID())
		}
	}
	return authz.CheckKeys(keys)
}

// clashOfKeys says what the keys of two tenants have in common, "" if nothing.
func clashOfKeys(a, b []authz.Key) string {
	for _, mine := range a {
		for _, theirs := range b {
			switch {
			case mine.SameMaterial(theirs):
				return sameKey
			case mine.ID() != "" && mine.ID() == theirs.ID():
				return fmt.Sprintf("the key id %q", mine.ID())
			}
		}
	}
	return ""
}

const sameKey = "the same key"

// commons finds what tenants have in common that would make them one.
type commons struct {
	named   map[string]*entry // by what they have: "the host …"
	secrets hmackey.Set[*entry]
	public  []ownedKey
}

type ownedKey struct {
	key   authz.Key
	owner *entry
}

func newCommons() *commons {
	return &commons{named: map[string]*entry{}, secrets: hmackey.Set[*entry]{}}
}

// add adds a tenant and reports what it has in common with others.
func (c *commons) add(e *entry, report func(other *entry, what string)) {
	note := func(what string) {
		if other := c.named[what]; other == nil {
			c.named[what] = e
		} else if other != e {
			report(other, what)
		}
	}
	for _, host := range e.Hosts {
		note("the host " + strconv.Quote(host))
	}
	note("the id " + strconv.Quote(e.ID))
	if e.issuer != "" {
		note("the issuer " + strconv.Quote(e.issuer))
	}
	for _, key := range e.keys {
		c.addKey(e, key, report)
		if key.ID() != "" {
			note("the key id " + strconv.Quote(key.ID()))
		}
	}
}

// addKey finds secrets by their hash. Public keys are compared one by one, which
// takes no hash and is done in no time.
func (c *commons) addKey(e *entry, key authz.Key, report func(*entry, string)) {
	if secret, ok := key.HMACSecret(); ok {
		if other, same := c.secrets.Add(secret, e); same && other != e {
			report(other, sameKey)
		}
		return
	}
	for _, other := range c.public {
		if other.owner != e && key.SameMaterial(other.key) {
			report(other.owner, sameKey)
		}
	}
	c.public = append(c.public, ownedKey{key, e})
}

func clashError(a, b, what string) error {
	return fmt.Errorf("%w: tenants %q and %q have %s in common", authz.ErrMisconfigured, a, b, what)
}

// keyring compares keys that are read at run time with those of the other
// tenants.
type keyring struct {
	mu        sync.Mutex
	keys      map[string][]authz.Key       // by tenant, as they were last
	providers map[string]authz.KeyProvider // of tenants whose keys are read
}

func newKeyring() *keyring {
	return &keyring{keys: map[string][]authz.Key{}, providers: map[string]authz.KeyProvider{}}
}

// admit takes the keys that a tenant has now, unless another has one of them. A
// tenant that seems to have one is asked again first: it may have given the key
// up since it was asked last.
func (k *keyring) admit(ctx context.Context, tenant string, keys []authz.Key) error {
	for asked := map[string]bool{}; ; {
		other, err := k.take(tenant, keys)
		provider := k.providers[other]
		if err == nil || provider == nil || asked[other] {
			return err
		}
		asked[other] = true
		newer, failure := newest(ctx, provider)
		if failure == nil {
			_, failure = k.take(other, newer)
		}
		if failure != nil {
			return err
		}
	}
}

// newest asks a provider for the keys that it has now.
func newest(ctx context.Context, provider authz.KeyProvider) ([]authz.Key, error) {
	if refresher, ok := provider.(authz.Refresher); ok {
		if _, _, err := refresher.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	return provider.Keys(ctx)
}

// take takes the keys of a tenant. With the error of a clash it returns the
// other tenant.
func (k *keyring) take(tenant string, keys []authz.Key) (other string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.keys[tenant]; known != nil && slices.EqualFunc(known, keys, authz.Key.Equal) {
		return "", nil
	}
	if err := checkKeys(keys); err != nil {
		return "", err
	}
	for other, theirs := range k.keys {
		if what := clashOfKeys(keys, theirs); what != "" && other != tenant {
			return other, clashError(min(tenant, other), max(tenant, other), what)
		}
	}
	k.keys[tenant] = keys
	return "", nil
}

// guardedKeys is a tenant's own [authz.KeyProvider], whose keys no other
// tenant may have.
type guardedKeys struct {
	tenant string
	ring   *keyring
	keys   authz.KeyProvider
}

// Keys implements [authz.KeyProvider].
func (g guardedKeys) Keys(ctx context.Context) ([]authz.Key, error) {
	keys, err := g.keys.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return keys, g.ring.admit(ctx, g.tenant, keys)
}

// Refresh implements [authz.Refresher], where the provider does.
func (g guardedKeys) Refresh(ctx context.Context) ([]authz.Key, bool, error) {
	refresher, ok := g.keys.(authz.Refresher)
	if !ok {
		return nil, false, nil
	}
	keys, changed, err := refresher.Refresh(ctx)
	if err != nil || !changed {
		return nil, false, err
	}
	return keys, true, g.ring.admit(ctx, g.tenant, keys)
}
