package local

import (
	"net/http"
	"strings"
	"testing"
)

// TestCacheCrossesNoCallers deploys an API whose authorizer's answers are kept by
// identity sources that do not tell one caller, route or request from another: no
// stranger gets an answer of somebody else's, and none shuts somebody else out
// where the answer is kept.
func TestCacheCrossesNoCallers(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: otherModule(t, "accounts"), Stack: "dev"})
	key := d.credentials.add("the-key-of-the-victim")
	// Each has a token of its own: an answer that may be kept is, for all routes.
	token := func(n int) http.Header {
		return with("Authorization", "Bearer "+d.signToken(t, d.Secret, map[string]any{"n": n}))
	}
	basic := with("Authorization", "Basic dGhlIHZpY3RpbTp4")
	keyed := func(header http.Header, key string) http.Header {
		header = header.Clone()
		header.Set("X-Api-Key", key)
		return header
	}
	refused := func(method, path string, header http.Header, why string) {
		t.Helper()
		before := len(d.log(t, "authorizer"))
		for range 2 { // it is not kept either
			d.expect(t, http.StatusInternalServerError, method, path, header)
		}
		if log := string(d.log(t, "authorizer")[before:]); strings.Count(log, why) != 2 {
			t.Errorf("%s %s: the log is\n%s\nwant twice %q", method, path, log, why)
		}
	}
	const reused = `"error":"misconfigured: API Gateway reuses this answer for 300 s; `

	// A chain, kept by the header of one of its methods only.
	refused("GET", "/chain", keyed(basic, key), reused+"the credential (key) is in none of the identity sources")
	refused("GET", "/chain", keyed(basic, "guessed"), reused+"the credential (key) is in none of the identity sources")
	d.expect(t, http.StatusForbidden, "GET", "/chain", basic)
	d.expect(t, http.StatusOK, "GET", "/chain", token(1))
	// A policy, kept for all routes; and a limiter.
	refused("GET", "/routes", token(2), reused+"it depends on $context.routeKey")
	refused("DELETE", "/routes", token(2), reused+"it depends on $context.routeKey")
	refused("GET", "/counted", token(3), reused+"authz.Handler.Limiter counts no request")

	// The cure of the policy.
	d.set(t, "identitySources", "$request.header.Authorization,$context.routeKey")
	d.up(t, map[string]int{"update": 3})
	for range 2 {
		d.expect(t, http.StatusOK, "GET", "/routes", token(2))
		d.expect(t, http.StatusForbidden, "DELETE", "/routes", token(2))
	}

	// A header that says whose data, and not who asks.
	d.set(t, "identitySources", "$request.header.X-Tenant")
	d.up(t, map[string]int{"update": 3})
	stranger := with("X-Tenant", "acme")
	victim := token(1)
	victim.Set("X-Tenant", "acme")
	refused("GET", "/chain", victim, reused+"the credential (Bearer) is in none of the identity sources")
	d.expect(t, http.StatusUnauthorized, "GET", "/chain", stranger)

	// What no caller proves anything with is refused before anything changes.
	for _, sources := range []string{"$context.identity.sourceIp", "$request.header.Accept"} {
		d.set(t, "identitySources", sources)
		_, err := d.Up(t.Context())
		if want := `can be a credential, and with a CacheTtl of 5m0s one caller's result would be another's`; err == nil || !strings.Contains(d.output.String()+err.Error(), want) {
			t.Errorf("%s: got %v, want %s", sources, err, want)
		}
	}
	d.expect(t, http.StatusUnauthorized, "GET", "/chain", stranger)
}
