package authz_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// The token of these examples: {"sub":"usr_abc","exp":1700000060}.
const exampleToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3JfYWJjIiwiZXhwIjoxNzAwMDAwMDYwfQ.H4WmcZSbiREPpvd6atBE3-l3XRLeq4-rzweUZZBH-J0"

func exampleVerifier() *authz.JWT {
	secret, err := authz.ParseSecret("0123456789abcdef0123456789abcdef")
	if err != nil {
		panic(err)
	}
	key, err := authz.NewHMACKey(authz.HS256, "", secret)
	if err != nil {
		panic(err)
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{
		Keys:        authz.StaticKeys{key},
		AnyIssuer:   true,
		AnyAudience: true,
		Now:         func() time.Time { return time.Unix(1_700_000_000, 0) },
	})
	if err != nil {
		panic(err)
	}
	return verifier
}

// An authorizer's main passes Handle to lambda.Start; here it is called.
func ExampleHandler() {
	handler := authz.Handler{Chain: authz.Chain{{Verifier: exampleVerifier()}}, Logger: slog.New(slog.DiscardHandler)}
	for _, token := range []string{exampleToken, "bad-token"} {
		answer, err := handler.Handle(context.Background(), events.APIGatewayV2CustomAuthorizerV2Request{
			Version:  "2.0",
			RouteKey: "POST /events",
			Headers:  map[string]string{"authorization": "Bearer " + token},
		})
		fmt.Println(answer.IsAuthorized, answer.Context["userId"], err)
	}
	// Output:
	// true usr_abc <nil>
	// false <nil> <nil>
}

func ExampleJWT_Verify() {
	principal, err := exampleVerifier().Verify(context.Background(), authz.Request{}, authz.NewCredential(authz.BearerScheme, exampleToken))
	fmt.Println(principal.Subject, principal.ExpiresAt.Unix(), err)

	_, err = exampleVerifier().Verify(context.Background(), authz.Request{}, authz.NewCredential(authz.BearerScheme, exampleToken[:len(exampleToken)-4]+"AAAA"))
	fmt.Println(errors.Is(err, authz.ErrInvalidSignature), err)
	// Output:
	// usr_abc 1700000060 <nil>
	// true invalid signature
}

// A handler's first line. Every error of FromRequest is a 401.
func ExampleFromRequest() {
	var request events.APIGatewayV2HTTPRequest // what API Gateway sent
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		Lambda: map[string]any{"userId": "usr_abc", "expiresAt": float64(time.Now().Add(time.Hour).Unix())},
	}
	identity, err := authz.FromRequest(request)
	fmt.Println(identity.Subject, err)

	_, err = authz.FromRequest(events.APIGatewayV2HTTPRequest{})
	fmt.Println(errors.Is(err, authz.ErrNoIdentity))
	// Output:
	// usr_abc <nil>
	// true
}

// One authorizer for tokens and API keys: each method is asked in turn, and only
// a request without its kind of credential goes on to the next.
func ExampleChain() {
	chain := authz.Chain{
		{Extractor: authz.BearerHeader{}, Verifier: exampleVerifier()},
		{Extractor: apiKeyHeader{}, Verifier: apiKeys{}},
	}
	for _, headers := range []map[string]string{
		{"authorization": "Bearer " + exampleToken},
		{"x-api-key": "k-1"},
		{"x-api-key": "k-1", "authorization": "Bearer " + exampleToken},
		{},
	} {
		principal, err := chain.Authenticate(context.Background(), authz.Request{Headers: headers})
		fmt.Printf("%q %v\n", principal.Subject, err)
	}
	// Output:
	// "usr_abc" <nil>
	// "partner" <nil>
	// "" malformed credential: the request has more than one credential: ApiKey, Bearer
	// "" no credential: the request has none of those that are accepted
}

// apiKeyHeader is an Extractor.
type apiKeyHeader struct{}

func (apiKeyHeader) Extract(r authz.Request) (authz.Credential, error) {
	if r.Headers["x-api-key"] == "" {
		return authz.Credential{}, authz.ErrNoCredential
	}
	return authz.NewCredential("ApiKey", r.Headers["x-api-key"]), nil
}

// apiKeys is a Verifier. Package apikey has a real one.
type apiKeys struct{}

func (apiKeys) Verify(_ context.Context, _ authz.Request, c authz.Credential) (authz.Principal, error) {
	if c.Value() != "k-1" {
		return authz.Principal{}, authz.ErrUnknownKey
	}
	return authz.Principal{Identity: authz.Identity{Subject: "partner", Method: "APIKey", ExpiresAt: time.Unix(1_700_003_600, 0)}}, nil
}

// A credential is never printed, whichever way.
func ExampleCredential() {
	c := authz.NewCredential(authz.BearerScheme, exampleToken)
	fmt.Printf("%v %+v %q %x\n", c, c, c, c)
	// Output: Bearer [redacted] Bearer [redacted] Bearer [redacted] Bearer [redacted]
}

func ExamplePermits() {
	granted := []string{"events:*", "reports:read:2026"}
	for _, required := range []string{"events:delete", "events:delete:42", "reports:read:2026", "reports:read:2025"} {
		fmt.Println(required, authz.Permits(granted, required))
	}
	// Output:
	// events:delete true
	// events:delete:42 true
	// reports:read:2026 true
	// reports:read:2025 false
}

// What each route requires, as the component hands it over in the environment
// variable ROUTE_PERMISSIONS.
func ExampleRoutePermissions() {
	policy, err := authz.ParseRoutePermissions(`{"POST /events": ["events:write"], "DELETE /events/{id}": ["events:delete:{id}"]}`)
	if err != nil {
		panic(err)
	}
	principal := authz.Principal{Identity: authz.Identity{Subject: "usr_abc", Permissions: []string{"events:write", "events:delete:42"}}}
	for _, request := range []authz.Request{
		{RouteKey: "POST /events"},
		{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "42"}},
		{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "43"}},
		{RouteKey: "GET /unknown"},
	} {
		fmt.Println(request.RouteKey, policy.Decide(context.Background(), principal, request))
	}
	// Output:
	// POST /events <nil>
	// DELETE /events/{id} <nil>
	// DELETE /events/{id} denied: the permission "events:delete:{id}" is missing
	// GET /unknown denied: nothing says what the route requires
}

// Business logic is a function. What it cannot decide is denied.
func ExamplePolicyFunc() {
	office := authz.PolicyFunc(func(_ context.Context, p authz.Principal, r authz.Request) error {
		if p.Tier == "contractor" && r.SourceIP != "203.0.113.7" {
			return fmt.Errorf("%w: contractors work from the office", authz.ErrDenied)
		}
		return nil
	})
	policy := authz.AllPolicies{authz.RoutePermissions{"POST /events": nil}, office}
	fmt.Println(policy.Decide(context.Background(), authz.Principal{Identity: authz.Identity{Tier: "contractor"}}, authz.Request{RouteKey: "POST /events", SourceIP: "198.51.100.1"}))
	fmt.Println(policy.Decide(context.Background(), authz.Principal{}, authz.Request{RouteKey: "POST /events"}))
	// Output:
	// denied: contractors work from the office
	// <nil>
}

// Tokens of a legacy issuer with a static key and claims of its own.
func ExampleNewJWT() {
	const legacyKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----`
	key, err := authz.ParsePublicKey(authz.EdDSA, "legacy-1", legacyKey)
	if err != nil {
		panic(err)
	}
	_, err = authz.NewJWT(authz.JWTConfig{
		Keys:           authz.StaticKeys{key},
		Issuer:         "https://legacy.example",
		Audience:       "events",
		RequiredClaims: []string{"uid"},
		Map: func(claims authz.Claims, p *authz.Principal) error {
			p.Permissions, _ = claims.Strings("roles")
			return claims.Decode("uid", &p.Subject)
		},
	})
	fmt.Println(key, err)

	_, err = authz.ParsePublicKey(authz.RS256, "", "https://issuer.example/.well-known/jwks.json")
	fmt.Println(err)
	// Output:
	// EdDSA legacy-1 [redacted] <nil>
	// misconfigured: the public key is a JSON Web Key Set or an address; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it
}
