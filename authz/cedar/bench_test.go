package cedar

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// benchmarkPolicies decide the same as the route permissions of the benchmark
// beside them.
const benchmarkPolicies = `
@id("readers") permit(principal, action == Action::"GET /events", resource) when { principal.permissions.contains("events:read") };
@id("writers") permit(principal, action == Action::"POST /events", resource) when { principal.permissions.contains("events:write") };
@id("deleters") permit(principal, action == Action::"DELETE /events/{id}", resource) when { principal.permissions.contains("events:*") };
`

// BenchmarkDecide has Cedar and route permissions in one run, because only
// their ratio says anything.
func BenchmarkDecide(b *testing.B) {
	policies := []struct {
		name   string
		policy authz.Policy
	}{
		{"cedar", newPolicy(b, benchmarkPolicies)},
		{"route-permissions", authz.RoutePermissions{
			"GET /events": {"events:read"}, "POST /events": {"events:write"}, "DELETE /events/{id}": {"events:delete"},
		}},
	}
	caller, r := alice(), deletion()
	for _, bb := range policies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bb.policy.Decide(b.Context(), caller, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNew is what a cold start pays for parsing.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newPolicy(b, benchmarkPolicies)
	}
}
