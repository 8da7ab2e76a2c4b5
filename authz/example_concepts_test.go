package authz_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// A handler with everything: who may come in, what the route requires, how
// often. The order is fixed: who is refused is not counted. Each refusal is one
// line in the log.
func ExampleHandler_limiter() {
	handler := authz.Handler{
		Chain:   authz.Chain{{Verifier: exampleVerifier()}},
		Policy:  authz.RoutePermissions{"GET /events": nil, "POST /events": {"events:write"}},
		Limiter: &twice{},
		Logger:  withoutTime(),
	}
	for _, route := range []string{"GET /events", "POST /events", "GET /events", "GET /events"} {
		answer, err := handler.Handle(context.Background(), events.APIGatewayV2CustomAuthorizerV2Request{
			Version: "2.0", RouteKey: route, Headers: map[string]string{"authorization": "Bearer " + exampleToken},
		})
		fmt.Println(route, answer.IsAuthorized, err)
	}
	// Output:
	// GET /events true <nil>
	// {"level":"WARN","msg":"request denied","reason":"denied","error":"denied: the permission \"events:write\" is missing","method":"JWT","credentialId":"sha256:f12fd46e9b45","requestId":"","apiRequestId":"","routeKey":"POST /events"}
	// POST /events false <nil>
	// GET /events true <nil>
	// {"level":"WARN","msg":"request denied","reason":"rate limited","error":"rate limited: two requests have been made","method":"JWT","credentialId":"sha256:f12fd46e9b45","requestId":"","apiRequestId":"","routeKey":"GET /events"}
	// GET /events false <nil>
}

// twice is a Limiter. Package apikey has one that counts in DynamoDB: what a
// function keeps in memory is one execution environment's.
type twice struct{ taken atomic.Int32 }

func (t *twice) Take(context.Context, authz.Principal, authz.Request) error {
	if t.taken.Add(1) > 2 {
		return fmt.Errorf("%w: two requests have been made", authz.ErrRateLimited)
	}
	return nil
}

// withoutTime logs as Handler does by default, but for the time, and to standard
// output.
func withoutTime() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// An authorizer with IAM policies as answers, here for an event of format 1.0:
// lambda.Start(handler.HandlePolicy).
func ExampleHandler_HandlePolicy() {
	handler := authz.Handler{Chain: authz.Chain{{Verifier: exampleVerifier()}}, Logger: slog.New(slog.DiscardHandler)}
	for _, token := range []string{exampleToken, "bad-token"} {
		answer, err := handler.HandlePolicy(context.Background(), json.RawMessage(`{
			"version": "1.0", "httpMethod": "POST", "resource": "/events", "path": "/events",
			"methodArn": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/$default/POST/events",
			"headers": {"Authorization": "Bearer `+token+`"}}`))
		statement := answer.PolicyDocument.Statement[0]
		fmt.Println(answer.PrincipalID, statement.Effect, statement.Resource, err)
	}
	// Output:
	// usr_abc Allow [arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/$default/POST/events] <nil>
	// anonymous Deny [*] <nil>
}

// An Extractor for the header of a legacy client. A token has the scheme
// Bearer, wherever it was.
func ExampleExtractor() {
	chain := authz.Chain{{Extractor: legacyHeader{}, Verifier: exampleVerifier()}}
	principal, err := chain.Authenticate(context.Background(), authz.Request{Headers: map[string]string{"x-auth-token": exampleToken}})
	fmt.Println(principal.Subject, err)
	// Output: usr_abc <nil>
}

// legacyHeader is an Extractor. The names of headers are in lower case.
type legacyHeader struct{}

func (legacyHeader) Extract(r authz.Request) (authz.Credential, error) {
	if r.Headers["x-auth-token"] == "" {
		return authz.Credential{}, authz.ErrNoCredential
	}
	return authz.NewCredential(authz.BearerScheme, r.Headers["x-auth-token"]), nil
}

// The keys before and after a rotation, told apart by their ids. Any KeyProvider
// gives such keys; StaticKeys are those that never change.
func ExampleStaticKeys() {
	var keys authz.StaticKeys
	for id, secret := range map[string]string{"2026-08": "the-secret-of-august-2026-0123456789", "2026-11": "base64:dGhlLXNlY3JldC1vZi1ub3ZlbWJlci0yMDI2LTAxMjM0NTY3ODk="} {
		decoded, err := authz.ParseSecret(secret)
		if err != nil {
			panic(err)
		}
		key, err := authz.NewHMACKey(authz.HS256, id, decoded)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	var provider authz.KeyProvider = keys
	given, err := provider.Keys(context.Background())
	fmt.Println(len(given), err)

	_, err = authz.NewHMACKey(authz.HS256, "short", []byte("secret"))
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// misconfigured: the secret has 6 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32
}

// What went wrong is decided with errors.Is; what may be logged of the
// credential is in the CredentialError.
func ExampleCredentialError() {
	chain := authz.Chain{{Verifier: exampleVerifier()}}
	forged := exampleToken[:len(exampleToken)-4] + "AAAA"
	_, err := chain.Authenticate(context.Background(), authz.Request{Headers: map[string]string{"authorization": "Bearer " + forged}})
	var about *authz.CredentialError
	fmt.Println(errors.Is(err, authz.ErrInvalidSignature), errors.As(err, &about))
	fmt.Println(about.Method, about.CredentialID, about)
	// Output:
	// true true
	// JWT sha256:2c1734280a22 invalid signature
}

// What a handler reads of the identity.
func ExampleIdentity() {
	var request events.APIGatewayV2HTTPRequest // as behind API Gateway's own JWT authorizer
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
			Claims: map[string]string{"sub": "usr_abc", "iss": "https://id.example", "exp": "253402300799", "scope": "events:write"},
		},
	}
	identity, err := authz.FromRequest(request)
	fmt.Println(identity.Subject, identity.Issuer, identity.Method, identity.Scopes, identity.May("events:write"), err)
	// Output: usr_abc https://id.example JWT [events:write] false <nil>
}
