// Command authorizer is the Lambda authorizer of the Events API: it accepts
// HS256 tokens and nothing else.
//
// It takes the environment variables of secret.FromEnvironment,
// authz.LeewayFromEnvironment and revocation.FromEnvironment. The tokens' issuer and
// audience are not checked: the secret belongs to this API alone, so who can sign is
// who may issue.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log) // which the source tells of old secrets that it still uses
	source := secret.FromEnvironment(os.Getenv)
	verifier, err := newVerifier(source, os.Getenv)
	if err != nil {
		log.Error("configuring the verifier", "error", err.Error())
		os.Exit(1)
	}
	// Reading the secret here makes it part of the initialisation, before the
	// first request waits. A failure does not end the function: it would be
	// started again and again. An invocation a second later tries again.
	if _, err := source.Keys(context.Background()); err != nil {
		log.Error("reading the secret at cold start", "error", err.Error())
	}
	lambda.Start(authz.Handler{Chain: authz.Chain{{Verifier: verifier}}, Revocations: revocation.FromEnvironment(os.Getenv)}.Handle)
}

func newVerifier(keys authz.KeyProvider, getenv func(string) string) (*authz.JWT, error) {
	leeway, err := authz.LeewayFromEnvironment(getenv)
	if err != nil {
		return nil, err
	}
	return authz.NewJWT(authz.JWTConfig{Keys: keys, AnyIssuer: true, AnyAudience: true, Leeway: leeway})
}
