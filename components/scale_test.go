package components

import (
	"fmt"
	"strings"
	"testing"
)

// manyProtected are n protected routes with permissions over as many as a hundred
// functions of one package.
func manyProtected(n int) *ProtectedHttpApiArgs {
	args := &ProtectedHttpApiArgs{
		Authorizer: AuthorizerArgs{Function: FunctionArgs{Package: "testdata/handlers/authorizer"}},
		Table:      &TableArgs{HashKey: "pk"},
		Routes:     Routes{},
	}
	for i := range n {
		args.Routes[fmt.Sprintf("GET /customers/{customer}/things/%d", i)] = Route{
			Function:    FunctionArgs{Package: "testdata/handlers/list", Name: fmt.Sprintf("list-things-%d", i%100), TableActions: []string{"dynamodb:GetItem"}},
			Permissions: []string{fmt.Sprintf("things-%d:read", i)},
		}
	}
	return args
}

// As many routes as API Gateway takes, over a hundred functions, stay below all that
// AWS limits: a function's policy, 20,480 bytes; a role's, 10,240 characters; the
// variables of a function, 4 KB, however long the permissions are.
func TestManyRoutes(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, manyProtected(300))
	statements, counts := map[string]int{}, map[string]int{}
	for _, r := range m.registered {
		kind := short(r.TypeToken)
		counts[kind]++
		switch kind {
		case "Permission":
			statements[r.Inputs["function"].StringValue()] += len(r.Inputs["sourceArn"].StringValue()) + 500 // what AWS adds to it
		case "RolePolicy":
			if n := len(r.Inputs["policy"].StringValue()); n > 10_240 {
				t.Errorf("the policy of role %s has %d characters", r.Name, n)
			}
		}
	}
	for function, size := range statements {
		if size > 20_480 {
			t.Errorf("the policy of %s has %d bytes", function, size)
		}
	}
	for kind, want := range map[string]int{"Route": 300, "Integration": 100, "Function": 101, "Permission": 101, "Role": 101} {
		if counts[kind] != want {
			t.Errorf("%d of %s, want %d", counts[kind], kind, want)
		}
	}
	variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].ObjectValue()["variables"].ObjectValue()
	if got := variables["ROUTE_PERMISSIONS"].StringValue(); got != "file:route-permissions.json" {
		t.Errorf("ROUTE_PERMISSIONS is %q", got)
	}
	p, _ := check(testScope, "events", manyProtected(300))
	if got := p.authorizers[0].function.files["route-permissions.json"]; strings.Count(got, ":read") != 300 {
		t.Errorf("the file is %q", got)
	}
}

// BenchmarkCheck measures the checks of the arguments by the number of routes.
//
//	go test -run '^$' -bench Check ./components
func BenchmarkCheck(b *testing.B) {
	for _, routes := range []int{4, 50, 300} {
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			args := manyProtected(routes)
			for b.Loop() {
				if _, m := check(testScope, "events", args); len(m) > 0 {
					b.Fatal(messages(m))
				}
			}
		})
	}
}
