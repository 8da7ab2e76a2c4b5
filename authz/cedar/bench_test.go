package cedar

import "testing"

// benchmarkPolicies are those of a small API.
const benchmarkPolicies = `
@id("readers") permit(principal, action == Action::"GET /events", resource) when { principal.permissions.contains("events:read") };
@id("writers") permit(principal, action == Action::"POST /events", resource) when { principal.permissions.contains("events:write") };
@id("deleters") permit(principal, action == Action::"DELETE /events/{id}", resource) when { principal.permissions.contains("events:*") };
`

// BenchmarkNew is what a cold start pays for parsing.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newPolicy(b, benchmarkPolicies)
	}
}
