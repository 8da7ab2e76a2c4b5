package cedar_test

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/cedar"
)

//go:embed testdata/events.cedar
var eventPolicies string

// The policies are a file beside the program, embedded into it.
func ExampleNew() {
	alice := authz.Principal{Identity: authz.Identity{Subject: "alice", Tenant: "acme", Tier: "free", Permissions: []string{"events:write"}}}
	namesake := authz.Principal{Identity: authz.Identity{Subject: "alice", Tenant: "umbrella", Tier: "paid"}}
	// An owner is a tenant and a subject: another tenant's alice is another User.
	owners := map[string]authz.Principal{"evt_1": {Identity: authz.Identity{Tenant: "acme", Subject: "alice"}}, "evt_2": {Identity: authz.Identity{Tenant: "acme", Subject: "bob"}}}
	policy, err := cedar.New(cedar.Config{
		Policies: eventPolicies,
		Name:     "events.cedar",
		// What the request is about: an event with its owner, or the route.
		Resource: func(_ context.Context, _ authz.Principal, r authz.Request) (types.Entity, error) {
			id, ok := r.PathParameters["id"]
			if !ok {
				return types.Entity{UID: types.NewEntityUID(cedar.RouteType, types.String(r.RouteKey))}, nil
			}
			owner, ok := owners[id]
			if !ok {
				return types.Entity{}, fmt.Errorf("%w: there is no such event", authz.ErrDenied)
			}
			return types.Entity{
				UID: types.NewEntityUID("Event", types.String(id)),
				Attributes: types.NewRecord(types.RecordMap{
					"owner": types.NewEntityUID(cedar.UserType, types.String(cedar.UserID(owner))),
				}),
			}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	request := func(route, id, ip string) authz.Request {
		r := authz.Request{RouteKey: route, SourceIP: ip}
		if id != "" {
			r.PathParameters = map[string]string{"id": id}
		}
		return r
	}
	for _, r := range []authz.Request{
		request("POST /events", "", "192.0.2.7"),
		request("POST /events", "", "198.51.100.7"),
		request("DELETE /events/{id}", "evt_1", "192.0.2.7"),
		request("DELETE /events/{id}", "evt_2", "192.0.2.7"),
		request("DELETE /events/{id}", "evt_3", "192.0.2.7"),
	} {
		fmt.Println(r.RouteKey, r.PathParameters["id"], r.SourceIP, policy.Decide(context.Background(), alice, r))
	}
	fmt.Println(policy.Decide(context.Background(), namesake, request("DELETE /events/{id}", "evt_1", "192.0.2.7")))
	// Output:
	// POST /events  192.0.2.7 <nil>
	// POST /events  198.51.100.7 denied: forbidden by policy "free-tier-network"
	// DELETE /events/{id} evt_1 192.0.2.7 <nil>
	// DELETE /events/{id} evt_2 192.0.2.7 denied: no policy permits it
	// DELETE /events/{id} evt_3 192.0.2.7 finding the resource: denied: there is no such event
	// denied: no policy permits it
}

// Cedar beside other policies: all of them have to let the request through.
// What is easier in Go than in Cedar is a function.
func ExamplePolicy_Decide() {
	policy, err := cedar.New(cedar.Config{Policies: `
		permit (principal, action, resource) when { principal.tenant != "" };
		@id("read-only") forbid (principal, action, resource)
		when { principal.tier == "trial" && context.method != "GET" };`})
	if err != nil {
		panic(err)
	}
	closed := map[string]bool{"umbrella": true} // the business's own knowledge
	both := authz.AllPolicies{policy, authz.PolicyFunc(func(_ context.Context, p authz.Principal, _ authz.Request) error {
		if closed[p.Tenant] {
			return fmt.Errorf("%w: the tenant's books are closed", authz.ErrDenied)
		}
		return nil
	})}
	post := authz.Request{Method: "POST", RouteKey: "POST /events"}
	for _, p := range []authz.Principal{
		{Identity: authz.Identity{Subject: "alice", Tenant: "acme", Tier: "paid"}},
		{Identity: authz.Identity{Subject: "alice", Tenant: "acme", Tier: "trial"}},
		{Identity: authz.Identity{Subject: "carol", Tenant: "umbrella", Tier: "paid"}},
		{Identity: authz.Identity{Subject: "dave"}},
	} {
		fmt.Println(p.Subject, p.Tenant, p.Tier, both.Decide(context.Background(), p, post))
	}
	// Output:
	// alice acme paid <nil>
	// alice acme trial denied: forbidden by policy "read-only"
	// carol umbrella paid denied: the tenant's books are closed
	// dave   denied: no policy permits it
}
