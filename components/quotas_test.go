package components

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// manyRoutes changes the arguments to n public routes over some functions.
func manyRoutes(n, functions int) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		*a = ProtectedHttpApiArgs{Routes: Routes{}}
		for i := range n {
			a.Routes[fmt.Sprintf("GET /things/%d", i)] = Route{Auth: Public,
				Function: FunctionArgs{Package: "testdata/handlers/list", Name: fmt.Sprintf("list-%d", i%functions)}}
		}
	}
}

func manyIssuers(n int) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.JwtIssuers = map[string]JwtIssuerArgs{}
		for i := range n {
			name := fmt.Sprintf("issuer-%d", i)
			a.JwtIssuers[name] = JwtIssuerArgs{Issuer: pulumi.String("https://" + name + ".example.com"), Audiences: []pulumi.StringInput{pulumi.String("x")}}
			a.Routes["GET /"+name] = Route{Function: a.Routes["GET /events"].Function, Auth: Jwt(name)}
		}
	}
}

func TestCheckQuotas(t *testing.T) {
	t.Parallel()
	quotas := func(q QuotasArgs, change func(*ProtectedHttpApiArgs)) func(*ProtectedHttpApiArgs) {
		return func(a *ProtectedHttpApiArgs) {
			change(a)
			a.Quotas = q
		}
	}
	scopes := strings.Fields("a b c d e f g h i j k")
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"300 routes, 300 functions", manyRoutes(300, 300), ""},
		{"301 routes", manyRoutes(301, 100),
			`Routes: 301 routes are more than AWS's quota "Routes per API", 300: divide the API between two components, or have AWS raise the quota and give the new one as Quotas.Routes`},
		{"raised", quotas(QuotasArgs{Routes: 301}, manyRoutes(301, 100)), ""},
		{"301 functions", quotas(QuotasArgs{Routes: 500}, manyRoutes(301, 301)),
			`Routes: 301 functions are more than AWS's quota "Integrations per API", 300, which it does not raise: have routes share functions, or divide the API between two components`},
		{"lowered", quotas(QuotasArgs{Routes: 299, Authorizers: -1}, manyRoutes(1, 1)),
			`Quotas.Routes: 299 is less than every API has: leave it out for 300, or give what AWS has raised it to
Quotas.Authorizers: -1 is less than every API has: leave it out for 10, or give what AWS has raised it to`},
		{"10 authorizers", manyIssuers(9), ""},
		{"11 authorizers", manyIssuers(10),
			`Authorizers: 11 authorizers, JwtIssuers among them, are more than AWS's quota "Authorizers per API", 10: divide the API between two components, or have AWS raise the quota and give the new one as Quotas.Authorizers`},
		{"scopes", func(a *ProtectedHttpApiArgs) {
			manyIssuers(1)(a)
			a.Routes["GET /issuer-0"] = Route{Function: a.Routes["GET /events"].Function, Auth: Jwt("issuer-0"), Scopes: scopes}
		}, `Routes["GET /issuer-0"].Scopes: 11 are more than AWS's quota "Scopes per route", 10: of those that are here one is enough for a caller`},
		{"audiences", func(a *ProtectedHttpApiArgs) {
			manyIssuers(1)(a)
			issuer := a.JwtIssuers["issuer-0"]
			for range 50 {
				issuer.Audiences = append(issuer.Audiences, pulumi.String("y"))
			}
			a.JwtIssuers["issuer-0"] = issuer
		}, `JwtIssuers["issuer-0"].Audiences: 51 are more than AWS's quota "Audiences per authorizer", 50: divide them between two JwtIssuers`},
	})
}
