package tenant

import (
	"fmt"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// subsets returns every non-empty set of the selectors.
func subsets() map[string][]Selector {
	sets := map[string][]Selector{}
	for mask := 1; mask < 1<<len(every); mask++ {
		var set []Selector
		name := ""
		for i, selector := range every {
			if mask>>i&1 == 1 {
				set = append(set, selector)
				name += fmt.Sprintf("%T ", selector)
			}
		}
		sets[name] = set
	}
	return sets
}

// attempt is a way in which tenant a's side tries to be tenant b.
type attempt struct {
	name       string
	credential authz.Credential
	// genuine is whether the credential is a good one of a's.
	genuine bool
}

// attempts are all ways to present what a can make, and what is public of b,
// to b.
func attempts(a, b *issuerOf) []attempt {
	raw := func(signature []byte) func([]byte) []byte { return func([]byte) []byte { return signature } }
	all := []attempt{
		{"a's token", a.token(), true},
		{"claims that name b as the tenant", jwt(a.header(), a.claims("tenant", b.id, "org", b.id), a.sign), true},
		{"b's kid", jwt(a.header("kid", b.kid()), a.claims(), a.sign), false},
		{"b's issuer", jwt(a.header(), a.claims("iss", b.issuer()), a.sign), false},
		{"b's kid and issuer", jwt(a.header("kid", b.kid()), a.claims("iss", b.issuer()), a.sign), false},
		{"b's issuer without kid", jwt(a.header("kid", nil), a.claims("iss", b.issuer()), a.sign), false},
		{"b's kid without issuer", jwt(a.header("kid", b.kid()), a.claims("iss", nil), a.sign), false},
		{"neither kid nor issuer", jwt(a.header("kid", nil), a.claims("iss", nil), a.sign), false},
		{"b's header, signed by a", jwt(b.header(), b.claims(), a.sign), false},
		{"a's algorithm for b's claims", jwt(b.header("alg", a.algorithm), b.claims(), a.sign), false},
		{"no signature", jwt(b.header(), b.claims(), raw(nil)), false},
		{"algorithm none", jwt(b.header("alg", "none"), b.claims(), raw(nil)), false},
		{"signature of another token of b's", jwt(b.header(), b.claims("sub", "root"), raw(b.sign([]byte("x.y")))), false},
	}
	if b.public != nil {
		for i, form := range publicKeyForms(b.public) {
			for _, algorithm := range []authz.Algorithm{authz.HS256, authz.HS512} {
				mac := func(signed []byte) []byte { return hmacOf(algorithm, form, signed) }
				all = append(all,
					attempt{fmt.Sprintf("%s with form %d of b's public key", algorithm, i), jwt(b.header("alg", algorithm), b.claims(), mac), false},
					attempt{fmt.Sprintf("%s with form %d of b's public key as b's algorithm", algorithm, i), jwt(b.header(), b.claims(), mac), false},
				)
			}
		}
	}
	return all
}

// TestEveryPairOfTenants: whatever a presents, by whatever selectors, at
// whoever's address, it is never b's principal; and what is not a's good token
// is nobody's.
func TestEveryPairOfTenants(t *testing.T) {
	t.Parallel()
	var tenants []Tenant
	for _, i := range issuers() {
		tenants = append(tenants, i.tenant(t))
	}
	registries := map[string]*Registry{}
	for name, selectors := range subsets() {
		registries[name] = newRegistry(t, selectors, tenants...)
	}
	for _, a := range issuers() {
		t.Run(a.id, func(t *testing.T) {
			t.Parallel()
			for name, g := range registries {
				checkOwn(t, name, g, a)
			}
			for _, b := range issuers() {
				if a == b {
					continue
				}
				tries := attempts(a, b)
				for name, g := range registries {
					checkPair(t, name, g, a, b, tries)
				}
			}
		})
	}
}

// checkOwn wants a tenant's own token to be let in: otherwise refusing would
// prove nothing.
func checkOwn(t *testing.T, selectors string, g *Registry, a *issuerOf) {
	t.Helper()
	p, err := g.Verify(t.Context(), a.request(), a.token())
	if err != nil || p.Tenant != a.id || p.Subject != a.id+"-user" || p.CredentialID != a.id+":1" {
		t.Errorf("%sdo not let in %s: got tenant %q, credential id %q, %v", selectors, a.id, p.Tenant, p.CredentialID, err)
	}
}

func checkPair(t *testing.T, selectors string, g *Registry, a, b *issuerOf, tries []attempt) {
	t.Helper()
	requests := map[string]authz.Request{
		"a's address": a.request(), "b's address": b.request(),
		"a's host, b's path": {Host: a.host(), PathParameters: b.request().PathParameters},
		"b's host, a's path": {Host: b.host(), PathParameters: a.request().PathParameters},
		"b's host, no path":  {Host: b.host()},
	}
	for _, try := range tries {
		for where, r := range requests {
			p, err := g.Verify(t.Context(), r, try.credential)
			switch {
			case err != nil && (p.Subject != "" || p.Tenant != ""):
				t.Errorf("%s→%s: %sgave a principal with an error: %s, %s", a.id, b.id, selectors, try.name, where)
			case err == nil && (p.Tenant != a.id || p.Subject != a.id+"-user" || !try.genuine):
				t.Errorf("%s→%s: %slet in tenant %q: %s, %s", a.id, b.id, selectors, p.Tenant, try.name, where)
			}
		}
	}
}

// TestEveryPairOfBareTenants: tenants that have neither issuer nor kid, which
// only host or path tells apart.
func TestEveryPairOfBareTenants(t *testing.T) {
	t.Parallel()
	var tenants []Tenant
	for _, i := range issuers() {
		tenants = append(tenants, i.tenant(t, bare(i)))
	}
	for name, selectors := range map[string][]Selector{
		"host": {Host{}}, "path": {PathParameter{"tenant"}}, "all": every,
	} {
		g := newRegistry(t, selectors, tenants...)
		for _, a := range issuers() {
			good := jwt(a.header("kid", nil), a.claims("iss", nil), a.sign)
			if p, err := g.Verify(t.Context(), a.request(), good); err != nil || p.Tenant != a.id {
				t.Errorf("%s: %s is not let in: %v", name, a.id, err)
			}
			for _, b := range issuers() {
				if a == b {
					continue
				}
				if p, err := g.Verify(t.Context(), b.request(), good); err == nil {
					t.Errorf("%s: %s is let in as %s", name, a.id, p.Tenant)
				}
				for _, try := range attempts(a, b) {
					if p, err := g.Verify(t.Context(), b.request(), try.credential); err == nil {
						t.Errorf("%s: %s is let in as %s: %s", name, a.id, p.Tenant, try.name)
					}
				}
			}
		}
	}
}

// TestEveryPairSharesNothing: for each pair, what would make the two one is
// refused when the registry is made, with both names.
func TestEveryPairSharesNothing(t *testing.T) {
	t.Parallel()
	for _, a := range issuers() {
		for _, b := range issuers() {
			if a == b {
				continue
			}
			theKeyOf := func(i *issuerOf, kid string) func(*Tenant) {
				return func(t *Tenant) {
					key, err := i.key(kid)
					check(err)
					t.JWT.Keys = authz.StaticKeys{key}
				}
			}
			for what, change := range map[string]func(*Tenant){
				fmt.Sprintf("the id %q", a.id):           func(t *Tenant) { t.ID = a.id },
				fmt.Sprintf("the host %q", a.host()):     func(t *Tenant) { t.Hosts = append(t.Hosts, a.host()) },
				fmt.Sprintf("the issuer %q", a.issuer()): func(t *Tenant) { t.JWT.Issuer = a.issuer() },
				fmt.Sprintf("the key id %q", a.kid()):    theKeyOf(b, a.kid()),
				"the same key":                           theKeyOf(a, b.kid()),
			} {
				second := b.tenant(t, change)
				want := fmt.Sprintf("misconfigured: tenants %q and %q have %s in common", a.id, second.ID, what)
				if g, err := New(Config{Selectors: every}, a.tenant(t), second); g != nil || text(err) != want {
					t.Errorf("got %q, want %q", text(err), want)
				}
			}
		}
	}
}
