// Command authorizer judges the tokens of tenants, and asks each tenant's own
// Cedar policies.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/cedar"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/authz/tenant"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler, err := newHandler(log)
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}

func newHandler(log *slog.Logger) (authz.Handler, error) {
	maxAge, err := time.ParseDuration(os.Getenv("SECRET_MAX_AGE"))
	if err != nil {
		return authz.Handler{}, fmt.Errorf("SECRET_MAX_AGE: %w", err)
	}
	registry, err := tenant.FromParameters(
		tenant.Config{Selectors: []tenant.Selector{tenant.PathParameter{Name: "tenant"}, tenant.Issuer{}}},
		tenant.Parameters{
			Path:   os.Getenv("TENANTS_PATH"),
			Reader: secret.NewClient(os.Getenv),
			Policy: parsePolicy,
			MaxAge: maxAge,
			Logger: log,
		})
	if err != nil {
		return authz.Handler{}, err
	}
	return authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy(), Logger: log}, nil
}

// parsePolicy reads a tenant's policies: Cedar's text in a JSON string.
func parsePolicy(id string, text json.RawMessage) (authz.Policy, error) {
	var policies string
	if err := json.Unmarshal(text, &policies); err != nil {
		return nil, fmt.Errorf("%w: the policy is no string", authz.ErrMisconfigured)
	}
	return cedar.New(cedar.Config{Policies: policies, Name: id})
}
