package tenant

import (
	"context"
	"fmt"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestPolicy: each tenant's own, for its own callers at its own address.
func TestPolicy(t *testing.T) {
	t.Parallel()
	ada, bob, cid, dan := issuers()[0], issuers()[1], issuers()[2], issuers()[3]
	only := func(subject string) authz.Policy {
		return authz.PolicyFunc(func(_ context.Context, p authz.Principal, _ authz.Request) error {
			if p.Subject != subject {
				return fmt.Errorf("%w: not %s", authz.ErrDenied, subject)
			}
			return nil
		})
	}
	tenants := []Tenant{
		ada.tenant(t, func(t *Tenant) { t.Policy = only("ada-user") }),
		bob.tenant(t, func(t *Tenant) { t.Policy = only("bob-user") }),
		cid.tenant(t),
		dan.tenant(t, func(t *Tenant) { t.Suspended, t.Policy = true, only("dan-user") }),
	}
	withDefault, err := New(Config{Selectors: every, Policy: only("cid-user")}, tenants...)
	if err != nil {
		t.Fatal(err)
	}
	byPath := newRegistry(t, []Selector{PathParameter{"tenant"}, Issuer{}}, tenants...)
	without := newRegistry(t, every, tenants...)
	caller := func(tenant, subject string) authz.Principal {
		return authz.Principal{Identity: authz.Identity{Tenant: tenant, Subject: subject}}
	}
	const elsewhere = "denied: the request is for another tenant than the caller's"
	tests := []struct {
		name     string
		registry *Registry
		caller   authz.Principal
		request  authz.Request
		text     string
	}{
		{"own policy", withDefault, caller("ada", "ada-user"), ada.request(), ""},
		{"own policy denies", withDefault, caller("ada", "bob-user"), ada.request(), "denied: not ada-user"},
		{"default policy", withDefault, caller("cid", "cid-user"), cid.request(), ""},
		{"default policy denies", withDefault, caller("cid", "ada-user"), cid.request(), "denied: not cid-user"},
		{"no policy", without, caller("cid", "cid-user"), cid.request(), `denied: tenant "cid" has no policy`},
		{"at another's address", withDefault, caller("ada", "ada-user"), bob.request(), elsewhere},
		{"at another's path", byPath, caller("ada", "ada-user"), authz.Request{Host: "api", PathParameters: map[string]string{"tenant": "bob"}}, elsewhere},
		{"at an unknown host", withDefault, caller("ada", "ada-user"), authz.Request{Host: "x"}, unknownText},
		{"at an address of nobody", byPath, caller("ada", "ada-user"), authz.Request{Host: "api"}, ""},
		{"unknown tenant", withDefault, caller("x", "ada-user"), ada.request(), "denied: the caller is of no tenant that is known"},
		{"no tenant", withDefault, caller("", "ada-user"), ada.request(), "denied: the caller is of no tenant that is known"},
		{"suspended", withDefault, caller("dan", "dan-user"), dan.request(), "tenant suspended"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.registry.Policy().Decide(t.Context(), tt.caller, tt.request); text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestPolicyThatNobodyAsks: a tenant with a policy is let in nowhere until
// Policy was called. One without any is not concerned.
func TestPolicyThatNobodyAsks(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	deny := authz.PolicyFunc(func(context.Context, authz.Principal, authz.Request) error { return authz.ErrDenied })
	own := newRegistry(t, every, ada.tenant(t, func(t *Tenant) { t.Policy = deny }), bob.tenant(t))
	byDefault, err := New(Config{Selectors: every, Policy: deny}, ada.tenant(t), bob.tenant(t))
	if err != nil {
		t.Fatal(err)
	}
	s, read := newStore(t, every)
	s.put("ada", ada.document("policy", map[string]any{}))
	s.put("bob", bob.document())
	const of = ": misconfigured: it has a policy that nobody asks; set authz.Handler.Policy to Registry.Policy()"
	for _, g := range []*Registry{own, read} {
		checkVerify(t, g, ada, `tenant "ada"`+of)
		checkVerify(t, g, bob, "")
	}
	checkVerify(t, byDefault, bob, `tenant "bob"`+of)
	for _, g := range []*Registry{own, read, byDefault} {
		_ = g.Policy()
		checkVerify(t, g, ada, "")
		checkVerify(t, g, bob, "")
	}
}
