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
type refreshing struct {
	keys, newer []authz.Key
	fails       error // of Refresh
}

func (r *refreshing) Keys(context.Context) ([]authz.Key, error) { return r.keys, nil }
func (r *refreshing) Refresh(context.Context) ([]authz.Key, bool, error) {
	changed := len(r.newer) > 0
	if changed {
		r.keys, r.newer = r.newer, nil
	}
	return r.keys, changed, r.fails
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
		t.JWT.Keys = &refreshing{keys: key(bob, "bob-key"), newer: key(second, "bob-2")}
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
		t.JWT.Keys = &refreshing{keys: key(bob, "bob-key"), newer: key(ada, "bob-2")}
	}))
	stolen := jwt(ada.header("kid", "bob-2"), bob.claims(), ada.sign)
	if _, err := g.Verify(t.Context(), bob.request(), stolen); !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %q", text(err))
	}
}

// TestKeyThatAnotherHasGivenUp: a tenant that seems to have a key is asked again
// before another is refused it.
func TestKeyThatAnotherHasGivenUp(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	adas, bobs := newHMAC("ada", authz.HS256), newHMAC("bob", authz.HS512)
	key := func(i *issuerOf, kid string) []authz.Key {
		k, err := i.key(kid)
		check(err)
		return []authz.Key{k}
	}
	down := fmt.Errorf("%w: down", authz.ErrUnavailable)
	const clash = `tenant "bob": misconfigured: tenants "ada" and "bob" have the key id "shared" in common`
	for name, tt := range map[string]struct {
		keys  []authz.Key // of ada, when bob uses the id "shared"
		fails error
		want  string
	}{
		"given up": {key(adas, "ada-2"), nil, ""}, "kept": {key(ada, "shared"), nil, clash}, "kept for another key": {key(adas, "shared"), nil, clash},
		"not known": {key(adas, "ada-2"), down, clash}, "unusable": {nil, nil, clash},
	} {
		for _, refreshes := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", refreshes), func(t *testing.T) {
				t.Parallel()
				mine, theirs, fails := key(ada, "shared"), key(bob, "bob-key"), error(nil)
				provide := func(t *Tenant) {
					t.JWT.Keys = keysFunc(func(context.Context) ([]authz.Key, error) { return mine, fails })
				}
				r := &refreshing{keys: mine}
				if refreshes {
					provide = func(t *Tenant) { t.JWT.Keys = r }
				}
				g := newRegistry(t, []Selector{Host{}}, ada.tenant(t, provide), bob.tenant(t, func(t *Tenant) {
					t.JWT.Keys = keysFunc(func(context.Context) ([]authz.Key, error) { return theirs, nil })
				}))
				if _, err := g.Verify(t.Context(), ada.request(), jwt(ada.header("kid", "shared"), ada.claims(), ada.sign)); err != nil {
					t.Fatal(err)
				}
				mine, fails, r.newer, r.fails, theirs = tt.keys, tt.fails, tt.keys, tt.fails, key(bobs, "shared")
				if refreshes && tt.keys == nil {
					r.keys = nil
				}
				for range 2 {
					if _, err := g.Verify(t.Context(), bob.request(), jwt(bob.header("kid", "shared"), bob.claims(), bobs.sign)); text(err) != tt.want {
						t.Errorf("got %q, want %q", text(err), tt.want)
					}
				}
			})
		}
	}
}
