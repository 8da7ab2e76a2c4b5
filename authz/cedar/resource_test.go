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
		{name: "own", resource: event("alice-subject")},
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
				UID:        types.NewEntityUID(UserType, types.String(p.Subject)),
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
