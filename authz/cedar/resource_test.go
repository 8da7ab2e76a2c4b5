package cedar

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestDecideActionAndEntities: an action of the caller's making, in a group.
func TestDecideActionAndEntities(t *testing.T) {
	t.Parallel()
	write := types.NewEntityUID(ActionType, "write")
	remove := types.NewEntityUID(ActionType, "DELETE")
	p := newPolicy(t, `permit(principal, action in Action::"write", resource == Route::"DELETE");`, func(c *Config) {
		c.Action = func(r authz.Request) string { return r.Method }
		c.Entities = types.EntityMap{remove: {UID: remove, Parents: types.NewEntityUIDSet(write)}}
	})
	if err := p.Decide(t.Context(), alice(), deletion()); err != nil {
		t.Error(err)
	}
	r := deletion()
	r.Method = "GET"
	checkDenied(t, p.Decide(t.Context(), alice(), r), "denied: no policy permits it")
	r.Method = ""
	checkDenied(t, p.Decide(t.Context(), alice(), r), "denied: the request has no action")
}

// TestDecideResource: the resource's attributes are the function's, and its
// errors are the answer.
func TestDecideResource(t *testing.T) {
	t.Parallel()
	event := func(owner string) types.Entity {
		return types.Entity{
			UID:        types.NewEntityUID("Event", "evt-parameter"),
			Attributes: types.NewRecord(types.RecordMap{"owner": types.NewEntityUID(UserType, types.String(owner))}),
		}
	}
	tests := []struct {
		name     string
		resource types.Entity
		fails    error
		want     error
		text     string
	}{
		{name: "own", resource: event("acme::alice-subject")},
		{"another tenant's alice", event("umbrella::alice-subject"), nil, authz.ErrDenied, "denied: no policy permits it"},
		{"alice of no tenant", event("alice-subject"), nil, authz.ErrDenied, "denied: no policy permits it"},
		{"another's", event("bob"), nil, authz.ErrDenied, "denied: no policy permits it"},
		{"no entity", types.Entity{}, nil, authz.ErrMisconfigured, "misconfigured: Config.Resource returned an entity without type or id"},
		{"no id", types.Entity{UID: types.NewEntityUID("Event", "")}, nil, authz.ErrMisconfigured, "misconfigured: Config.Resource returned an entity without type or id"},
		{"not there", types.Entity{}, fmt.Errorf("%w: no such event", authz.ErrDenied), authz.ErrDenied, "finding the resource: denied: no such event"},
		{"store down", types.Entity{}, fmt.Errorf("%w: reading the event", authz.ErrUnavailable), authz.ErrUnavailable, "finding the resource: unavailable: reading the event"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPolicy(t, `permit(principal, action, resource is Event) when { resource.owner == principal };`, func(c *Config) {
				c.Resource = func(context.Context, authz.Principal, authz.Request) (types.Entity, error) {
					return tt.resource, tt.fails
				}
			})
			if err := p.Decide(t.Context(), alice(), deletion()); !errors.Is(err, tt.want) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestDecideResourceCannotChangeTheCaller: the resource may be the caller, but
// not with other attributes.
func TestDecideResourceCannotChangeTheCaller(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, `permit(principal, action, resource) when { principal == resource && principal.tier == "platinum" };`, func(c *Config) {
		c.Resource = func(_ context.Context, p authz.Principal, _ authz.Request) (types.Entity, error) {
			return types.Entity{
				UID:        types.NewEntityUID(UserType, types.String(UserID(p))),
				Attributes: types.NewRecord(types.RecordMap{"tier": types.String("platinum")}),
			}, nil
		}
	})
	checkDenied(t, p.Decide(t.Context(), alice(), deletion()), "denied: no policy permits it")
	caller := alice()
	caller.Tier = "platinum"
	if err := p.Decide(t.Context(), caller, deletion()); err != nil {
		t.Error(err)
	}
}

func TestDecideNobody(t *testing.T) {
	t.Parallel()
	checkDenied(t, newPolicy(t, permitAll).Decide(t.Context(), authz.Principal{}, deletion()), "denied: the caller has no subject")
}

// TestUserID: no two callers of different tenants, or with different subjects,
// are one User.
func TestUserID(t *testing.T) {
	t.Parallel()
	seen := map[string]authz.Principal{}
	for _, tt := range []struct{ tenant, subject, want string }{
		{"", "alice", "alice"}, {"acme", "alice", "acme::alice"}, {"umbrella", "alice", "umbrella::alice"},
		{"", "acme::alice", "::acme::alice"}, {"", "::acme::alice", "::::acme::alice"}, {"", "::alice", "::::alice"},
		{"", ":alice", ":alice"}, {"acme", ":alice", "acme:::alice"}, {"acme:", "alice", "acme%3A::alice"},
		{"acme%3A", "alice", "acme%253A::alice"}, {"acme::alice", "bob", "acme%3A%3Aalice::bob"}, {"acme", "alice::bob", "acme::alice::bob"},
		{":", "", "%3A::"}, {"", "::", "::::"},
	} {
		p := authz.Principal{Identity: authz.Identity{Tenant: tt.tenant, Subject: tt.subject}}
		got := UserID(p)
		if got != tt.want {
			t.Errorf("%s of %s: got %q, want %q", tt.subject, tt.tenant, got, tt.want)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q is both %s of %s and %s of %s", got, tt.subject, tt.tenant, other.Subject, other.Tenant)
		}
		seen[got] = p
	}
}

// FuzzUserID: tenant and subject can be told from the id.
func FuzzUserID(f *testing.F) {
	f.Add("", "acme::alice", "acme", "alice")
	f.Add("acme:", "alice", "acme", ":alice")
	f.Add("%3A", "a", ":", "a")
	f.Fuzz(func(t *testing.T, tenant, subject, otherTenant, otherSubject string) {
		same := tenant == otherTenant && subject == otherSubject
		if (UserID(authz.Principal{Identity: authz.Identity{Tenant: tenant, Subject: subject}}) == UserID(authz.Principal{Identity: authz.Identity{Tenant: otherTenant, Subject: otherSubject}})) != same {
			t.Errorf("%q of %q and %q of %q: one User is %v", subject, tenant, otherSubject, otherTenant, !same)
		}
	})
}

// TestDecidePrincipal: who is one User is the configuration's to say.
func TestDecidePrincipal(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, `permit(principal == User::"JWT/alice-subject", action, resource);`, func(c *Config) {
		c.Principal = func(p authz.Principal) string {
			if p.Method == "" {
				return ""
			}
			return p.Method + "/" + p.Subject
		}
	})
	for method, want := range map[string]string{
		"JWT": "", "API key": "denied: no policy permits it", "": "denied: Config.Principal returned no id for the caller",
	} {
		caller := alice()
		caller.Method = method
		if err := p.Decide(t.Context(), caller, deletion()); text(err) != want {
			t.Errorf("%q: got %q, want %q", method, text(err), want)
		}
	}
}
