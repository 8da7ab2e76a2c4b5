package tenant

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// BenchmarkVerify has the registry and the verifier behind it in one run: what
// selecting a tenant costs.
func BenchmarkVerify(b *testing.B) {
	ada := issuers()[0]
	var tenants []Tenant
	for _, i := range issuers() {
		tenants = append(tenants, i.tenant(b))
	}
	jwt, err := authz.NewJWT(*tenants[0].JWT)
	if err != nil {
		b.Fatal(err)
	}
	request, token := ada.request(), ada.token()
	for _, bb := range []struct {
		name     string
		verifier authz.Verifier
	}{
		{"alone", jwt},
		{"by-host", newRegistry(b, []Selector{Host{}}, tenants...)},
		{"by-issuer", newRegistry(b, []Selector{Issuer{}}, tenants...)},
		{"by-all", newRegistry(b, every, tenants...)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.verifier.Verify(b.Context(), request, token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

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
