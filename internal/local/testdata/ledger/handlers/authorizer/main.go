// Command authorizer accepts tokens.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	tokens, err := authz.NewJWT(authz.JWTConfig{Keys: secret.FromEnvironment(os.Getenv), AnyIssuer: true, AnyAudience: true})
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(authz.Handler{Chain: authz.Chain{{Verifier: tokens}}, Logger: log})
}
