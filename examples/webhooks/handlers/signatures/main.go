// Command signatures is the authorizer for partners who sign their requests.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	partners, err := httpsig.New(httpsig.Config{
		Keys:    secret.FromPath(os.Getenv, "SIGNING_KEYS_PATH"),
		Replays: httpsig.NewReplayTable("", os.Getenv),
	})
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(authz.Handler{Chain: authz.Chain{{Extractor: httpsig.Extractor{}, Verifier: partners}}, Logger: log}.Handle)
}
