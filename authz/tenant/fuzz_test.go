package tenant

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// FuzzVerify: whatever a stranger sends, to whatever host and path, nobody is
// let in but with a token that an issuer has signed, as that issuer's tenant.
func FuzzVerify(f *testing.F) {
	var tenants []Tenant
	good := map[string]string{} // tenants by the tokens of the seeds
	add := func(i *issuerOf, c authz.Credential) { f.Add(i.host(), i.id, authz.BearerScheme, c.Value()) }
	for _, i := range issuers() {
		tenants = append(tenants, i.tenant(f))
		token := i.long()
		good[token.Value()] = i.id
		add(i, token)
		add(issuers()[0], token)
	}
	for _, try := range attempts(issuers()[0], issuers()[2])[2:] {
		add(issuers()[2], try.credential)
	}
	var registries []*Registry
	for _, selectors := range subsets() {
		registries = append(registries, newRegistry(f, selectors, tenants...))
	}
	f.Fuzz(func(t *testing.T, host, id, scheme, value string) {
		r := authz.Request{Host: host, PathParameters: map[string]string{"tenant": id}}
		for _, g := range registries {
			p, err := g.Verify(t.Context(), r, authz.NewCredential(scheme, value))
			if err == nil && (p.Tenant == "" || p.Tenant != good[value]) {
				t.Error("a stranger's credential is let in")
			}
		}
	})
}
