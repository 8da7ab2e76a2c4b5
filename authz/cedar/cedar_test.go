package cedar

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// alice and her request are what the tests decide, changed where they say so.
func alice() authz.Principal {
	return authz.Principal{Identity: authz.Identity{
		Subject: "alice-subject", Tenant: "acme", Tier: "gold", Issuer: "https://id.acme.example", Method: "JWT",
		Scopes: []string{"openid"}, Permissions: []string{"events:write", "events:*"},
	}}
}

func deletion() authz.Request {
	return authz.Request{
		Method: "DELETE", RouteKey: "DELETE /events/{id}", SourceIP: "192.0.2.7",
		PathParameters: map[string]string{"id": "evt-parameter"},
	}
}

func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

func newPolicy(t testing.TB, policies string, change ...func(*Config)) *Policy {
	t.Helper()
	cfg := Config{Policies: policies, Name: "test.cedar", now: noon}
	for _, f := range change {
		f(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

const permitAll = "permit(principal, action, resource);\n"

// checkDenied wants a denial with the very text, in which nothing of the
// request stands.
func checkDenied(t *testing.T, err error, want string) {
	t.Helper()
	if !errors.Is(err, authz.ErrDenied) || text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
	for _, value := range []string{"alice-subject", "acme", "gold", "evt-parameter", "192.0.2.7"} {
		if strings.Contains(text(err), value) {
			t.Errorf("the error shows a value of the request: %q", text(err))
		}
	}
}

// TestDecide: what each part of a request is to a policy.
func TestDecide(t *testing.T) {
	t.Parallel()
	when := func(condition string) string {
		return "permit(principal, action, resource) when { " + condition + " };"
	}
	const none = "denied: no policy permits it"
	tests := []struct {
		name, policies, want string
	}{
		{"all", permitAll, ""},
		{"principal", `permit(principal == User::"acme::alice-subject", action, resource);`, ""},
		{"another tenant's principal", `permit(principal == User::"umbrella::alice-subject", action, resource);`, none},
		{"a principal without tenant", `permit(principal == User::"alice-subject", action, resource);`, none},
		{"subject", when(`principal.subject == "alice-subject"`), ""},
		{"another principal", `permit(principal == User::"bob", action, resource);`, none},
		{"principal in another case", `permit(principal == User::"acme::Alice-subject", action, resource);`, none},
		{"type of the principal", `permit(principal is User, action, resource);`, ""},
		{"action", `permit(principal, action == Action::"DELETE /events/{id}", resource);`, ""},
		{"another action", `permit(principal, action == Action::"GET /events", resource);`, none},
		{"resource", `permit(principal, action, resource == Route::"DELETE /events/{id}");`, ""},
		{"another resource", `permit(principal, action, resource == Route::"GET /events");`, none},
		{"tenant", when(`principal.tenant == "acme"`), ""},
		{"tier", when(`principal.tier == "gold"`), ""},
		{"issuer", when(`principal.issuer == "https://id.acme.example"`), ""},
		{"method", when(`principal.method == "JWT"`), ""},
		{"scopes", when(`principal.scopes.contains("openid")`), ""},
		{"permissions", when(`principal.permissions.containsAll(["events:write", "events:*"])`), ""},
		{"permissions are no wildcards", when(`principal.permissions.contains("events:delete")`), none},
		{"HTTP method", when(`context.method == "DELETE"`), ""},
		{"path parameter", when(`context.pathParameters.id like "evt-*"`), ""},
		{"path parameter that is not there", when(`context.pathParameters has other`), none},
		{"address", when(`context.sourceIp.isInRange(ip("192.0.2.0/24"))`), ""},
		{"another address", when(`context.sourceIp.isInRange(ip("198.51.100.0/24"))`), none},
		{"time", when(`context.time >= datetime("2026-03-04T12:00:00Z") && context.time < datetime("2026-03-04T12:00:01Z")`), ""},
		{"condition false", when("false"), none},
		{"unless", "permit(principal, action, resource) unless { true };", none},
		{"no headers", when("context has headers"), none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := newPolicy(t, tt.policies).Decide(t.Context(), alice(), deletion())
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			checkDenied(t, err, tt.want)
		})
	}
}

// TestDecideEmptyCaller: a caller of whom little is known has every attribute,
// empty, so that comparing it is no failure.
func TestDecideEmptyCaller(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, `permit(principal, action, resource) when {
		principal.tenant == "" && principal.tier == "" && principal.issuer == "" && principal.method == "" &&
		principal.scopes.isEmpty() && principal.permissions.isEmpty() };`)
	if err := p.Decide(t.Context(), authz.Principal{Identity: authz.Identity{Subject: "s"}}, authz.Request{RouteKey: "GET /events"}); err != nil {
		t.Error(err)
	}
}

// TestChecklist13PolicyDeniesByDefault: what no policy permits, and what one
// forbids, is denied.
func TestChecklist13PolicyDeniesByDefault(t *testing.T) {
	t.Parallel()
	const forbid = `@id("no-deletions") forbid(principal, action == Action::"DELETE /events/{id}", resource);`
	tests := []struct{ name, policies, want string }{
		{"only a policy for somebody else", `permit(principal == User::"bob", action, resource);`, "denied: no policy permits it"},
		{"only a policy that forbids", forbid, `denied: forbidden by policy "no-deletions"`},
		{"forbid after permit", permitAll + forbid, `denied: forbidden by policy "no-deletions"`},
		{"forbid before permit", forbid + permitAll, `denied: forbidden by policy "no-deletions"`},
		{"two forbid", permitAll + forbid + "forbid(principal, action, resource);", `denied: forbidden by policy "no-deletions", "policy2"`},
		{"forbid that does not apply", permitAll + `forbid(principal, action == Action::"GET /events", resource);`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := newPolicy(t, tt.policies).Decide(t.Context(), alice(), deletion())
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkDenied(t, err, tt.want)
		})
	}
}

// TestChecklist13PolicyThatFailsToEvaluateDenies: in each case another policy
// permits the request.
func TestChecklist13PolicyThatFailsToEvaluateDenies(t *testing.T) {
	t.Parallel()
	forbidWhen := func(condition string) string {
		return permitAll + `@id("broken") forbid(principal, action, resource) when { ` + condition + " };"
	}
	permitWhen := func(condition string) string {
		return `@id("broken") permit(principal, action, resource) when { ` + condition + " };" + permitAll
	}
	const broken = `denied: failed to evaluate policy "broken"`
	tests := []struct{ name, policies, want string }{
		{"forbid: missing attribute of the caller", forbidWhen(`principal.banned`), broken},
		{"permit: missing attribute of the caller", permitWhen(`principal.admin`), broken},
		{"missing member of the context", forbidWhen(`context.headers.x == "1"`), broken},
		{"missing path parameter", forbidWhen(`context.pathParameters.tenant == "a"`), broken},
		{"attribute of an entity that does not exist", forbidWhen(`User::"bob".tier == "gold"`), broken},
		{"attribute of a route", permitWhen(`resource.owner == principal`), broken},
		{"type error: string compared as a number", permitWhen(`principal.tier > 3`), broken},
		{"type error: string as a set", permitWhen(`principal.tier.contains("gold")`), broken},
		{"type error: condition no boolean", permitWhen(`principal.tier`), broken},
		{"type error: set as a string", permitWhen(`principal.scopes like "open*"`), broken},
		{"overflow", permitWhen(`9223372036854775807 + 1 > 0`), broken},
		{"bad address in the policy", permitWhen(`context.sourceIp.isInRange(ip("nonsense"))`), broken},
		{"two fail", forbidWhen(`principal.banned`) + `@id("too") permit(principal, action, resource) when { principal.x };`,
			`denied: failed to evaluate policy "broken", "too"`},
		{"one fails and one forbids", forbidWhen(`principal.banned`) + `@id("no") forbid(principal, action, resource);`,
			`denied: forbidden by policy "no"; failed to evaluate policy "broken"`},
		{"none permits", `@id("broken") permit(principal, action, resource) when { principal.admin };`, broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkDenied(t, newPolicy(t, tt.policies).Decide(t.Context(), alice(), deletion()), tt.want)
		})
	}
}

// TestChecklist13ScopedPolicyDoesNotFailElsewhere: a policy that reads a path
// parameter is not evaluated for routes that it is not about.
func TestChecklist13ScopedPolicyDoesNotFailElsewhere(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, permitAll+`@id("own") forbid(principal, action == Action::"DELETE /events/{id}", resource) when { context.pathParameters.id == "x" };`)
	list := authz.Request{Method: "GET", RouteKey: "GET /events"}
	if err := p.Decide(t.Context(), alice(), list); err != nil {
		t.Error(err)
	}
	withoutParameter := deletion()
	withoutParameter.PathParameters = nil
	checkDenied(t, p.Decide(t.Context(), alice(), withoutParameter), `denied: failed to evaluate policy "own"`)
}

// TestDecideAddress: without an address that can be judged, a policy that
// wants one fails.
func TestDecideAddress(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, `@id("office") permit(principal, action, resource) when { context.sourceIp.isInRange(ip("::/0")) || context.sourceIp.isIpv4() };`)
	tests := []struct {
		address string
		want    string
	}{
		{"192.0.2.7", ""},
		{"2001:db8::1", ""},
		{"", `denied: failed to evaluate policy "office"`},
		{"192.0.2.0/24", `denied: failed to evaluate policy "office"`},
		{"fe80::1%eth0", `denied: failed to evaluate policy "office"`},
		{"::ffff:192.0.2.7", `denied: failed to evaluate policy "office"`},
		{"evt", `denied: failed to evaluate policy "office"`},
	}
	for _, tt := range tests {
		t.Run("address "+tt.address, func(t *testing.T) {
			t.Parallel()
			r := deletion()
			r.SourceIP = tt.address
			if err := p.Decide(t.Context(), alice(), r); text(err) != tt.want {
				t.Errorf("got %q, want %q", text(err), tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	const reading = `misconfigured: reading Cedar policies from "test.cedar": `
	user, other := types.NewEntityUID(UserType, "bob"), types.NewEntityUID("Group", "g")
	tests := []struct {
		name string
		cfg  Config
		text string
	}{
		{"nothing", Config{}, reading + "there is none, so every request would be denied"},
		{"only a comment", Config{Policies: "// permit(principal, action, resource);"}, reading + "there is none, so every request would be denied"},
		{"no Cedar", Config{Policies: "allow all"}, reading + `parser error: parse error at test.cedar:1:7 "all": unexpected effect: allow`},
		{"cut", Config{Policies: permitAll + "permit(principal, action, resource)"}, reading + `parser error: parse error at test.cedar:2:36 "": exact got  want ;`},
		{"a template", Config{Policies: `permit(principal == ?principal, action, resource);`}, reading + `parser error: parse error at test.cedar:1:22 "principal": expected ident`},
		{"an id twice", Config{Policies: `@id("a") permit(principal, action, resource);` + "\n\n" + `@id("a") forbid(principal, action, resource);`},
			reading + `the id "a" of the policy at line 3 is also that of the policy at line 1`},
		{"an id that is another's number", Config{Policies: permitAll + `@id("policy0") forbid(principal, action, resource);`},
			reading + `the id "policy0" of the policy at line 2 is also that of the policy at line 1`},
		{"a user among the entities", Config{Policies: permitAll, Entities: types.EntityMap{user: {UID: user}}},
			`misconfigured: Config.Entities has User::"bob", but users are made of the request alone`},
		{"an entity under another name", Config{Policies: permitAll, Entities: types.EntityMap{other: {UID: user}}},
			`misconfigured: Config.Entities has User::"bob" under the name Group::"g"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Name = "test.cedar"
			p, err := New(tt.cfg)
			if p != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestDecideConcurrently is for the race detector.
func TestDecideConcurrently(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, permitAll+`forbid(principal, action, resource) when { principal.tier == "free" };`)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			caller := alice()
			if i%2 == 0 {
				caller.Tier = "free"
			}
			for range 50 {
				if err := p.Decide(t.Context(), caller, deletion()); (err == nil) != (caller.Tier != "free") {
					t.Errorf("got %v for tier %s", err, caller.Tier)
				}
			}
		})
	}
	group.Wait()
}
