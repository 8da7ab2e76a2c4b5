package tenant

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestKeysThatAreRead: keys of a provider are compared with the other tenants'
// when they are there.
func TestKeysThatAreRead(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	provide := func(i *issuerOf, kid string) func(*Tenant) {
		key, err := i.key(kid)
		check(err)
		return func(t *Tenant) {
			t.JWT.Keys = keysFunc(func(context.Context) ([]authz.Key, error) { return []authz.Key{key}, nil })
		}
	}
	down := func(t *Tenant) {
		t.JWT.Keys = keysFunc(func(context.Context) ([]authz.Key, error) {
			return nil, fmt.Errorf("%w: reading keys", authz.ErrUnavailable)
		})
	}
	const same = `misconfigured: tenants "ada" and "bob" have the same key in common`
	tests := []struct {
		name       string
		ada, bob   func(*Tenant)
		wantBob    string
		credential authz.Credential
	}{
		{"own keys", provide(ada, "ada-key"), provide(bob, "bob-key"), "", bob.token()},
		{"own keys beside static ones", func(*Tenant) {}, provide(bob, "bob-key"), "", bob.token()},
		{"the other's static key", func(*Tenant) {}, provide(ada, "bob-key"), `tenant "bob": ` + same, jwt(ada.header("kid", "bob-key"), bob.claims(), ada.sign)},
		{"the other's key", provide(ada, "ada-key"), provide(ada, "bob-key"), `tenant "bob": ` + same, jwt(ada.header("kid", "bob-key"), bob.claims(), ada.sign)},
		{"the other's key id", provide(ada, "one"), provide(bob, "one"), `tenant "bob": misconfigured: tenants "ada" and "bob" have the key id "one" in common`, jwt(bob.header("kid", "one"), bob.claims(), bob.sign)},
		{"provider down", provide(ada, "ada-key"), down, `tenant "bob": unavailable: reading keys`, bob.token()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRegistry(t, []Selector{Host{}, Issuer{}}, ada.tenant(t, tt.ada), bob.tenant(t, tt.bob))
			good := ada.token()
			if tt.name == "the other's key id" {
				good = jwt(ada.header("kid", "one"), ada.claims(), ada.sign)
			}
			if _, err := g.Verify(t.Context(), ada.request(), good); err != nil {
				t.Errorf("ada is refused: %v", err)
			}
			for range 2 { // a mistake is not forgotten
				if _, err := g.Verify(t.Context(), bob.request(), tt.credential); text(err) != tt.wantBob {
					t.Errorf("got %q, want %q", text(err), tt.wantBob)
				}
			}
		})
	}
}

// refreshing is a provider whose keys are newer after Refresh.
type refreshing struct{ keys, newer []authz.Key }

func (r *refreshing) Keys(context.Context) ([]authz.Key, error) { return r.keys, nil }
func (r *refreshing) Refresh(context.Context) ([]authz.Key, bool, error) {
	changed := len(r.newer) > 0
	if changed {
		r.keys, r.newer = r.newer, nil
	}
	return r.keys, changed, nil
}

// TestKeysThatAreRotated: a tenant's provider is asked for newer keys, which
// are compared as well.
func TestKeysThatAreRotated(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	second := newHMAC("bob", authz.HS512)
	key := func(i *issuerOf, kid string) []authz.Key {
		k, err := i.key(kid)
		check(err)
		return []authz.Key{k}
	}
	g := newRegistry(t, []Selector{Host{}}, ada.tenant(t), bob.tenant(t, func(t *Tenant) {
		t.JWT.Keys = &refreshing{key(bob, "bob-key"), key(second, "bob-2")}
	}))
	rotated := jwt(second.header("kid", "bob-2"), bob.claims(), second.sign)
	for _, step := range []struct {
		credential authz.Credential
		text       string
	}{{bob.token(), ""}, {rotated, ""}, {bob.token(), `tenant "bob": unknown key: no key has the token's kid`}} {
		if _, err := g.Verify(t.Context(), bob.request(), step.credential); text(err) != step.text {
			t.Errorf("got %q, want %q", text(err), step.text)
		}
	}
	g = newRegistry(t, []Selector{Host{}}, ada.tenant(t), bob.tenant(t, func(t *Tenant) {
		t.JWT.Keys = &refreshing{key(bob, "bob-key"), key(ada, "bob-2")}
	}))
	stolen := jwt(ada.header("kid", "bob-2"), bob.claims(), ada.sign)
	if _, err := g.Verify(t.Context(), bob.request(), stolen); !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %q", text(err))
	}
}
