package tenant

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// BenchmarkBuild makes the tenants of as many documents, all different.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{300, 1000} {
		documents := map[string]string{}
		for i := range n {
			tenant := newHMAC(fmt.Sprintf("t%d", i), authz.HS256)
			documents[testPath+"/"+tenant.id] = tenant.document("policy", map[string]any{"GET /events": []string{}})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			builder := &builder{Parameters: Parameters{Path: testPath, Logger: slog.New(slog.DiscardHandler)}, selectors: every}
			for b.Loop() {
				if table := builder.build(b.Context(), documents); len(table.broken) > 0 {
					b.Fatal("a tenant is shut out")
				}
			}
		})
	}
}
