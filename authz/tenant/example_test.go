package tenant_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/cedar"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/authz/tenant"
)

// The secrets of these examples. Real ones come from authz/secret or from the
// tenants' documents.
const (
	acmeSecret     = "acme's secret, for this example only"
	umbrellaSecret = "umbrella's secret, for this example only"
)

// token makes what a tenant's issuer would.
func token(kid, secret, claims string) authz.Credential {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","kid":"`+kid+`"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return authz.NewCredential(authz.BearerScheme, signed+"."+encode(mac.Sum(nil)))
}

func keys(id, secret string) authz.StaticKeys {
	key, err := authz.NewHMACKey(authz.HS256, id, []byte(secret))
	if err != nil {
		panic(err)
	}
	return authz.StaticKeys{key}
}

func exampleTime() time.Time { return time.Unix(1_700_000_000, 0) }

// exampleTenants are two tenants with rules of their own: acme's tokens name
// permissions in perms, umbrella's are of an old kind without audience, in
// which the role says everything.
func exampleTenants() []tenant.Tenant {
	return []tenant.Tenant{{
		ID:    "acme",
		Hosts: []string{"acme.example.com"},
		JWT: &authz.JWTConfig{
			Keys: keys("acme-1", acmeSecret), Issuer: "https://id.acme.example", Audience: "events-api", Now: exampleTime,
			Map: func(claims authz.Claims, p *authz.Principal) (err error) {
				return claims.Decode("perms", &p.Permissions)
			},
		},
		Policy: authz.RoutePermissions{"GET /events": {}, "POST /events": {"events:write"}},
	}, {
		ID:    "umbrella",
		Hosts: []string{"umbrella.example.com"},
		JWT: &authz.JWTConfig{
			Keys: keys("umbrella-1", umbrellaSecret), Issuer: "umbrella", AnyAudience: true, Now: exampleTime,
			Map: func(claims authz.Claims, p *authz.Principal) error {
				if role, _ := claims.String("role"); role == "clerk" {
					p.Permissions = []string{"events:*"}
				}
				return nil
			},
		},
		Policy: officeHours(exampleTime),
	}}
}

// officeHours is business logic in Go: a policy that no list of permissions
// says.
func officeHours(now func() time.Time) authz.Policy {
	return authz.PolicyFunc(func(_ context.Context, _ authz.Principal, r authz.Request) error {
		if hour := now().UTC().Hour(); r.Method != "GET" && (hour < 8 || hour >= 18) {
			return fmt.Errorf("%w: changes are made in office hours", authz.ErrDenied)
		}
		return nil
	})
}

// Host and issuer select the tenant and must agree. The registry verifies; it
// decides only as
//
//	authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy()}
//
// which does the two calls below.
func ExampleNew() {
	registry, err := tenant.New(tenant.Config{Selectors: []tenant.Selector{tenant.Host{}, tenant.Issuer{}}}, exampleTenants()...)
	if err != nil {
		panic(err)
	}
	policy := registry.Policy()
	acme := token("acme-1", acmeSecret, `{"iss":"https://id.acme.example","aud":"events-api","sub":"alice","exp":1700000060,"perms":["events:write"]}`)
	umbrella := token("umbrella-1", umbrellaSecret, `{"iss":"umbrella","sub":"alice","exp":1700000060,"role":"clerk"}`)
	posing := token("acme-1", acmeSecret, `{"iss":"umbrella","sub":"alice","exp":1700000060,"role":"clerk"}`)
	for _, try := range []struct {
		host       string
		credential authz.Credential
	}{
		{"acme.example.com", acme},
		{"umbrella.example.com", umbrella},
		{"umbrella.example.com", acme},
		{"umbrella.example.com", posing},
		{"api.example.com", acme},
	} {
		r := authz.Request{Method: "POST", RouteKey: "POST /events", Host: try.host}
		p, err := registry.Verify(context.Background(), r, try.credential)
		if err == nil {
			err = policy.Decide(context.Background(), p, r)
		}
		fmt.Printf("%s: %s %s %v\n", try.host, p.Tenant, p.Subject, err)
	}
	// Output:
	// acme.example.com: acme alice <nil>
	// umbrella.example.com: umbrella alice denied: changes are made in office hours
	// umbrella.example.com:   denied: host and issuer are of different tenants
	// umbrella.example.com:   tenant "umbrella": unknown key: no key has the token's kid
	// api.example.com:   unknown key: no tenant fits the request
}

// What would make two tenants one is found before any request.
func ExampleNew_sharedKey() {
	tenants := exampleTenants()
	tenants[1].JWT.Keys = keys("umbrella-1", acmeSecret)
	_, err := tenant.New(tenant.Config{Selectors: []tenant.Selector{tenant.Issuer{}}}, tenants...)
	fmt.Println(err)
	// Output: misconfigured: tenants "acme" and "umbrella" have the same key in common
}

// Several policies, of which all have to let a request through: what each
// tenant wants in Cedar or in lists, and what holds for everybody in Go.
func ExampleRegistry_Policy() {
	tenants := exampleTenants()
	policy, err := cedar.New(cedar.Config{Policies: `
		permit (principal, action, resource) when { principal.permissions.contains("events:*") };
		@id("no-deletions") forbid (principal, action == Action::"DELETE /events/{id}", resource);`})
	if err != nil {
		panic(err)
	}
	tenants[1].Policy = policy
	registry, err := tenant.New(tenant.Config{Selectors: []tenant.Selector{tenant.Host{}}}, tenants...)
	if err != nil {
		panic(err)
	}
	maintenance := map[string]bool{"POST /imports": true}
	all := authz.AllPolicies{registry.Policy(), authz.PolicyFunc(func(_ context.Context, _ authz.Principal, r authz.Request) error {
		if maintenance[r.RouteKey] {
			return fmt.Errorf("%w: the route is closed for maintenance", authz.ErrDenied)
		}
		return nil
	})}
	clerk := authz.Principal{Identity: authz.Identity{Subject: "carol", Tenant: "umbrella", Permissions: []string{"events:*"}}}
	for _, route := range []string{"POST /events", "DELETE /events/{id}", "POST /imports"} {
		r := authz.Request{RouteKey: route, Host: "umbrella.example.com"}
		fmt.Println(route, all.Decide(context.Background(), clerk, r))
	}
	// At another tenant's address.
	fmt.Println(all.Decide(context.Background(), clerk, authz.Request{RouteKey: "POST /events", Host: "acme.example.com"}))
	// Output:
	// POST /events <nil>
	// DELETE /events/{id} denied: forbidden by policy "no-deletions"
	// POST /imports denied: the route is closed for maintenance
	// denied: the request is for another tenant than the caller's
}

// An authorizer whose tenants are parameters below /events-api/tenants, with
// policies in Cedar.
func ExampleFromParameters() {
	registry, err := tenant.FromParameters(
		tenant.Config{Selectors: []tenant.Selector{tenant.PathParameter{Name: "tenant"}, tenant.Issuer{}}},
		tenant.Parameters{
			Path:   "/events-api/tenants",
			Reader: secret.NewClient(os.Getenv),
			Policy: func(_ string, text json.RawMessage) (authz.Policy, error) {
				var policies string
				if err := json.Unmarshal(text, &policies); err != nil {
					return nil, fmt.Errorf("%w: the policy is no string", authz.ErrMisconfigured)
				}
				return cedar.New(cedar.Config{Policies: policies})
			},
			MaxAge: time.Minute,
		})
	if err != nil {
		panic(err)
	}
	handler := authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy()}
	_ = handler // lambda.Start(handler)
	fmt.Println(err)
	// Output: <nil>
}

func ExampleParseDocument() {
	parsed, err := tenant.ParseDocument("acme", `{
		"hosts": ["acme.example.com"],
		"issuer": "https://id.acme.example",
		"audience": "events-api",
		"keys": [{"kid": "acme-1", "algorithm": "HS256", "secret": "acme's secret, for this example only"}],
		"claims": {"permissions": "perms", "tenant": "org"},
		"policy": {"GET /events": [], "POST /events": ["events:write"]}
	}`, nil)
	fmt.Println(parsed.ID, parsed.Hosts, parsed.JWT.Keys, err)

	_, err = tenant.ParseDocument("acme", `{"keys": [{"kty": "RSA", "n": "…", "e": "AQAB"}]}`, nil)
	fmt.Println(err)
	// Output:
	// acme [acme.example.com] [HS256 acme-1 [redacted]] <nil>
	// key 0: misconfigured: it is a JSON Web Key; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it
}
