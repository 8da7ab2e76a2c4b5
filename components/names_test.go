package components

import (
	"fmt"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("very-long-", 10)
	for _, test := range []struct {
		rule  nameRule
		parts []string
		want  string
	}{
		{functionNames, []string{"events-api", "dev", "events", "create-event"}, "events-api-dev-events-create-event"},
		{functionNames, []string{"a_B", strings.Repeat("x", 58), "9"}, "a_B-" + strings.Repeat("x", 58) + "-9"}, // as long as may be
		{functionNames, []string{"shop.dev", "dev", "events", "get"}, "shop-dev-dev-events-get-%s"},
		{functionNames, []string{"shop-dev", "dev", "events", "get"}, "shop-dev-dev-events-get"},
		{functionNames, []string{"über", "dev", "events", "get"}, "-ber-dev-events-get-%s"},
		{functionNames, []string{long, "dev", "events", "get-event"}, "very-long-very-long-very-long-very-long-v-get-event-%s"},
		{functionNames, []string{"shop", "dev", "events", long}, "shop-dev-events-very-long-very-long-very-long-very-%s"},
		{functionNames, []string{long, "dev", "events", long}, "very-long-very-long-very-l-very-long-very-long-very-%s"},
		{functionLogicalNames, []string{"events", "create-event"}, "events-create-event"},
		{functionLogicalNames, []string{"events.v2", "create-event"}, "events-v2-create-event-%s"},
		{tableLogicalNames, []string{"events.v2", "table"}, "events.v2-table"},
		{tableLogicalNames, []string{"events v2", "table"}, "events-v2-table-%s"},
		{apiLogicalNames, []string{"events v2.ä", "api"}, "events v2.-api-%s"},
		{apiLogicalNames, []string{"events v2.1", "api"}, "events v2.1-api"},
	} {
		got := test.rule.of(test.parts...)
		prefix, _, hashed := strings.Cut(test.want, "%s")
		if hashed && (len(got) != len(prefix)+nameHash || !strings.HasPrefix(got, prefix)) || !hashed && got != test.want {
			t.Errorf("the name of %q is %q, want %q", test.parts, got, test.want)
		}
		if len(got) > test.rule.max || test.rule.other.MatchString(got) {
			t.Errorf("the name of %q, %q, is not allowed", test.parts, got)
		}
	}
}

// Names that would be the same but for what was changed of them stay different.
func TestNamesDoNotCollide(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	add := func(parts ...string) {
		got := functionNames.of(parts...)
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q are both called %q", parts, other, got)
		}
		seen[got] = parts
	}
	for _, project := range []string{"shop.dev", "shop-dev", "shop_dev", "shop..dev", strings.Repeat("shop", 20), strings.Repeat("shop", 20) + "."} {
		for _, name := range []string{"get", "get-", strings.Repeat("get", 30), strings.Repeat("get", 31)} {
			for i := range 20 {
				add(project, fmt.Sprintf("s%d", i), "events", name)
			}
		}
	}
	add("shop.dev-a", "b", "events", "get") // as "shop.dev", "a-b"
	add("shop.dev", "a-b", "events", "get")
}

// Every name of a stack whose project and component have dots is one that AWS
// takes.
func TestDots(t *testing.T) {
	t.Parallel()
	p, m := check(scope{project: "shop.dev", stack: "eu.prod"}, "events.v2", guardedArgs())
	if len(m) > 0 {
		t.Fatal(messages(m))
	}
	for _, f := range p.functions {
		if functionNames.other.MatchString(f.physicalName) || functionNames.other.MatchString(f.logicalName) || len(f.logicalName)+autoNameSuffix > maxRoleName {
			t.Errorf("%q, %q", f.physicalName, f.logicalName)
		}
	}
}

// Pulumi has one name for one child: what would be called the same is refused.
func TestCheckLogicalNames(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, mixedArgs, []mistakeTest{
		{"an issuer and an authorizer's function", func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Name = "jwt-cognito" },
			`Authorizer.Function.Name: the authorizer "events-jwt-cognito" would be that of JwtIssuers["cognito"] too: give one of them another name`},
		{"tables of two authorizers", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ReplayProtection, a.Authorizer.IdentitySources = true, []IdentitySource{}
			a.Authorizers = map[string]AuthorizerArgs{"authorizer": a.Authorizers["partners"]}
			changeRoute("GET /partners", func(r *Route) { r.Auth = AuthorizedBy("authorizer") })(a)
		}, `Authorizers["authorizer"]: the table "events-authorizer-state" would be that of Authorizer too: give one of them another name`},
		{"a function and the access log", changeRoute("GET /public", func(r *Route) { r.Function.Name = "access-logs" }),
			`Routes["GET /public"].Function.Name: the log group "events-access-logs" would be that of AccessLogs too: give one of them another name`},
		{"a function without the access log", func(a *ProtectedHttpApiArgs) {
			a.AccessLogs.Off = true
			changeRoute("GET /public", func(r *Route) { r.Function.Name = "access-logs" })(a)
		}, ""},
	})
}
