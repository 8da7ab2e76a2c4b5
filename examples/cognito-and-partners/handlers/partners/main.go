// Command partners is the authorizer for the partners' API keys, each with a tier.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
)

// tiers are what a partner's key can be for.
var tiers = map[string]apikey.Tier{
	"reader": {Permissions: []string{"reports:read"}, Quota: apikey.Quota{PerDay: 1000}},
	"writer": {Permissions: []string{"reports:*"}, Quota: apikey.Quota{PerMinute: 60, PerDay: 10_000}},
}

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler, err := newHandler(log)
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler.Handle)
}

func newHandler(log *slog.Logger) (authz.Handler, error) {
	levels, err := apikey.NewTiers(tiers)
	if err != nil {
		return authz.Handler{}, err
	}
	tables := apikey.NewDynamoDB(apikey.DynamoDBConfig{Getenv: os.Getenv})
	keys, err := apikey.NewVerifier(apikey.Config{Store: tables, Tiers: levels, Uses: tables, Logger: log})
	if err != nil {
		return authz.Handler{}, err
	}
	quotas, err := apikey.NewLimiter(apikey.LimiterConfig{Counters: tables, Tiers: levels})
	if err != nil {
		return authz.Handler{}, err
	}
	return authz.Handler{
		Chain:   authz.Chain{{Extractor: apikey.Header{}, Verifier: keys}},
		Policy:  authz.RoutePermissionsFromEnvironment(os.Getenv),
		Limiter: quotas, Logger: log,
	}, nil
}
