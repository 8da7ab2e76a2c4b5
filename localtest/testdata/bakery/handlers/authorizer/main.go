// Command authorizer judges tokens, API keys or signed requests.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler, err := newHandler()
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	handler.Logger = log
	lambda.Start(handler)
}

func newHandler() (handler authz.Handler, err error) {
	var link authz.Link
	switch os.Getenv("JUDGES") {
	case "tokens":
		handler.Policy = authz.RoutePermissionsFromEnvironment(os.Getenv)
		link.Verifier, err = authz.NewJWT(authz.JWTConfig{
			Keys: secret.FromEnvironment(os.Getenv), AnyIssuer: true, AnyAudience: true,
			Map: func(claims authz.Claims, p *authz.Principal) error {
				return claims.Decode("permissions", &p.Permissions)
			},
		})
	case "keys":
		tiers, err := apikey.NewTiers(map[string]apikey.Tier{"partner": {}})
		if err != nil {
			return handler, err
		}
		keys, err := apikey.NewVerifier(apikey.Config{Store: apikey.NewDynamoDB(apikey.DynamoDBConfig{Getenv: os.Getenv}), Tiers: tiers})
		if err != nil {
			return handler, err
		}
		link = authz.Link{Extractor: apikey.Header{}, Verifier: keys}
	case "signatures":
		link.Extractor = httpsig.Extractor{}
		link.Verifier, err = httpsig.New(httpsig.Config{
			Keys: secret.FromPath(os.Getenv, "SIGNING_KEYS_PATH"), Replays: httpsig.NewReplayTable("", os.Getenv),
		})
	}
	handler.Chain = authz.Chain{link}
	return handler, err
}
