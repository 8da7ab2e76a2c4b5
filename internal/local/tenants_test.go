package local

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

// tenantKeys are the secrets of the tenants' tokens.
var tenantKeys = map[string]string{
	"acme":     "the secret of acme, 32 bytes or more",
	"umbrella": "the secret of umbrella, 32 bytes or more",
}

// putTenant writes a tenant's document, changed by members.
func (d deployed) putTenant(t *testing.T, id string, members map[string]any) {
	t.Helper()
	document := map[string]any{
		"issuer": id, "audience": "notes",
		"keys":   []map[string]string{{"kid": id + "-1", "algorithm": "HS256", "secret": tenantKeys[id]}},
		"policy": `permit (principal, action == Action::"POST /{tenant}/notes", resource);`,
	}
	for name, value := range members {
		document[name] = value
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AWS.PutSecret("/notes/tenants/"+id, string(text)); err != nil {
		t.Fatal(err)
	}
	d.credentials.add(tenantKeys[id])
}

// tenantToken returns the header with a token that a tenant's issuer would make
// for alice.
func (d deployed) tenantToken(t *testing.T, id string) http.Header {
	t.Helper()
	key, err := authz.NewHMACKey(authz.HS256, id+"-1", []byte(tenantKeys[id]))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed, err := token.SignWith(key, token.Claims{
		Subject: "alice", IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: map[string]any{"iss": id, "aud": "notes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return with("Authorization", "Bearer "+d.credentials.add(signed))
}

// eventually sends a request until it is answered with the status, for as long
// as a change of a parameter may take.
func (d deployed) eventually(t *testing.T, want int, method, path string, header http.Header) {
	t.Helper()
	status := 0
	for deadline := time.Now().Add(time.Minute); status != want && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		status, _ = d.call(t, method, path, "", header, http.DefaultClient)
	}
	if status != want {
		t.Errorf("%s %s is still %d, not %d", method, path, status, want)
	}
}

// TestTenants deploys an API of another module whose tenants are parameters
// with keys and Cedar policies of their own; they come, change and go without a
// deployment.
func TestTenants(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: otherModule(t, "notes"), Stack: "dev"})
	d.putTenant(t, "acme", nil)
	d.putTenant(t, "umbrella", nil)
	acme, umbrella := d.tenantToken(t, "acme"), d.tenantToken(t, "umbrella")

	for _, tt := range []struct {
		method, path string
		header       http.Header
		status       int
		body         string
	}{
		{"POST", "/acme/notes", acme, http.StatusCreated, "acme/alice"},
		{"POST", "/umbrella/notes", umbrella, http.StatusCreated, "umbrella/alice"},
		{"POST", "/umbrella/notes", acme, http.StatusForbidden, ""},
		{"POST", "/acme/notes", umbrella, http.StatusForbidden, ""},
		{"POST", "/initech/notes", acme, http.StatusForbidden, ""},
		{"PUT", "/acme/notes", acme, http.StatusForbidden, ""}, // by acme's policy
		{"POST", "/acme/notes", http.Header{}, http.StatusUnauthorized, ""},
	} {
		status, body := d.call(t, tt.method, tt.path, "", tt.header, http.DefaultClient)
		if status != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s %s is %d %s, want %d %s", tt.method, tt.path, status, body, tt.status, tt.body)
		}
	}

	d.putTenant(t, "acme", map[string]any{"suspended": true})
	d.eventually(t, http.StatusForbidden, "POST", "/acme/notes", acme)
	d.putTenant(t, "acme", map[string]any{"policy": `permit (principal, action == Action::"PUT /{tenant}/notes", resource);`})
	d.eventually(t, http.StatusCreated, "PUT", "/acme/notes", acme)
	d.expect(t, http.StatusForbidden, "POST", "/acme/notes", acme)

	// A document that cannot be used shuts out its own tenant.
	d.putTenant(t, "acme", map[string]any{"policy": "permit (principal"})
	d.eventually(t, http.StatusInternalServerError, "PUT", "/acme/notes", acme)
	d.expect(t, http.StatusCreated, "POST", "/umbrella/notes", umbrella)
	d.putTenant(t, "acme", nil)
	d.eventually(t, http.StatusCreated, "POST", "/acme/notes", acme)

	d.testTenantsCache(t, acme)
}

// testTenantsCache: an answer that is reused is that of one tenant's address.
func (d deployed) testTenantsCache(t *testing.T, acme http.Header) {
	t.Helper()
	d.set(t, ttlKey, "5m")
	d.up(t, map[string]int{"update": 3})
	before := d.invocations(t, "authorizer")
	for range 2 {
		d.expect(t, http.StatusCreated, "POST", "/acme/notes", acme)
		d.expect(t, http.StatusForbidden, "POST", "/umbrella/notes", acme)
	}
	if ran := d.invocations(t, "authorizer") - before; ran != 2 {
		t.Errorf("the authorizer ran %d times for two addresses", ran)
	}
	if !strings.Contains(d.console.String(), "authorizer: cached") {
		t.Error("the console does not say that an answer was cached")
	}
}
