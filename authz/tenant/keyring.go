package tenant

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/protected-http-api/protected-http-api/authz"
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
	return nil
}

// clashOfKeys says what the keys of two tenants have in common, "" if nothing.
func clashOfKeys(a, b []authz.Key) string {
	for _, mine := range a {
		for _, theirs := range b {
			switch {
			case mine.SameMaterial(theirs):
				return "the same key"
			case mine.ID() != "" && mine.ID() == theirs.ID():
				return fmt.Sprintf("the key id %q", mine.ID())
			}
		}
	}
	return ""
}

// clash says what two tenants have in common that would make them one, "" if
// nothing.
func clash(a, b *entry) string {
	for _, host := range a.Hosts {
		if slices.Contains(b.Hosts, host) {
			return fmt.Sprintf("the host %q", host)
		}
	}
	switch {
	case a.ID == b.ID:
		return "the same id"
	case a.issuer != "" && a.issuer == b.issuer:
		return fmt.Sprintf("the issuer %q", a.issuer)
	}
	return clashOfKeys(a.keys, b.keys)
}

func clashError(a, b, what string) error {
	return fmt.Errorf("%w: tenants %q and %q have %s in common", authz.ErrMisconfigured, a, b, what)
}

// keyring compares keys that are read at run time with those of the other
// tenants.
type keyring struct {
	mu   sync.Mutex
	keys map[string][]authz.Key // by tenant, as they were last
}

// admit takes the keys that a tenant has now, unless another has one of them.
func (k *keyring) admit(tenant string, keys []authz.Key) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.keys[tenant]; known != nil && slices.EqualFunc(known, keys, authz.Key.Equal) {
		return nil
	}
	if err := checkKeys(keys); err != nil {
		return err
	}
	for other, theirs := range k.keys {
		if what := clashOfKeys(keys, theirs); what != "" && other != tenant {
			return clashError(min(tenant, other), max(tenant, other), what)
		}
	}
	k.keys[tenant] = keys
	return nil
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
	return keys, g.ring.admit(g.tenant, keys)
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
	return keys, true, g.ring.admit(g.tenant, keys)
}
