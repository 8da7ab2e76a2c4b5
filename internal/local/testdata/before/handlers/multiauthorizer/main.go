// Command multiauthorizer is the Lambda authorizer of the Events API for stacks
// that accept more than tokens: HS256 tokens, API keys and signed requests,
// whichever of them AUTH_METHODS lists. Each caller has permissions, and each
// route says which of them it requires.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

// Environment variables that the program at the root sets. The names are written
// out here, so that a copy of this folder works in any module.
const (
	envAuthMethods     = "AUTH_METHODS"
	envSigningKeysPath = "SIGNING_KEYS_PATH"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log) // which a source tells of old secrets that it still uses
	a, err := newAuthorizer(os.Getenv, log)
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	a.warmUp(context.Background())
	lambda.Start(a.handler.Handle)
}

// authorizer is the handler with what it reads at cold start.
type authorizer struct {
	handler authz.Handler
	sources []authz.KeyProvider
	log     *slog.Logger
}

// newAuthorizer makes the authorizer that the environment describes.
func newAuthorizer(getenv func(string) string, log *slog.Logger) (*authorizer, error) {
	a := &authorizer{log: log, handler: authz.Handler{
		Revocations: revocation.FromEnvironment(getenv), Policy: authz.RoutePermissionsFromEnvironment(getenv), Getenv: getenv,
	}}
	names := strings.Split(getenv(envAuthMethods), ",")
	for i, name := range names {
		add, known := methods[name]
		if !known {
			return nil, fmt.Errorf("environment variable %s: %q is not one of jwt, apikey, signature, with commas between them", envAuthMethods, name)
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("environment variable %s: %q is there twice", envAuthMethods, name)
		}
		if err := add(a, getenv); err != nil {
			return nil, fmt.Errorf("method %s: %w", name, err)
		}
	}
	return a, nil
}

// methods are what AUTH_METHODS may list.
var methods = map[string]func(*authorizer, func(string) string) error{
	"jwt":       (*authorizer).addTokens,
	"apikey":    (*authorizer).addKeys,
	"signature": (*authorizer).addSignatures,
}

// addTokens accepts tokens of whoever has the secret. Their permissions are the
// claim permissions, an array of strings, or without one the words of scope.
func (a *authorizer) addTokens(getenv func(string) string) error {
	leeway, err := authz.LeewayFromEnvironment(getenv)
	if err != nil {
		return err
	}
	source := secret.FromEnvironment(getenv)
	verifier, err := authz.NewJWT(authz.JWTConfig{Keys: source, AnyIssuer: true, AnyAudience: true, Leeway: leeway, Map: permissionsOf})
	if err != nil {
		return err
	}
	a.sources = append(a.sources, source)
	a.handler.Chain = append(a.handler.Chain, authz.Link{Verifier: verifier})
	return nil
}

func permissionsOf(claims authz.Claims, p *authz.Principal) error {
	if !claims.Has("permissions") {
		p.Permissions = slices.Clone(p.Scopes)
		return nil
	}
	return claims.Decode("permissions", &p.Permissions)
}

// tiers are what an API key can be for. A quota of a day alone counts a request
// once, one of a minute as well counts it twice.
var tiers = map[string]apikey.Tier{
	"trial":    {Permissions: []string{"events:write"}, Quota: apikey.Quota{PerDay: 100}},
	"standard": {Permissions: []string{"events:write"}, Quota: apikey.Quota{PerMinute: 60, PerDay: 10_000}},
	"partner":  {Permissions: []string{"events:*"}, Quota: apikey.Quota{PerMinute: 600, PerDay: 100_000}},
}

// addKeys accepts API keys, and counts the requests that are made with them.
func (a *authorizer) addKeys(getenv func(string) string) error {
	levels, err := apikey.NewTiers(tiers)
	if err != nil {
		return err
	}
	tables := apikey.NewDynamoDB(apikey.DynamoDBConfig{Getenv: getenv})
	verifier, err := apikey.NewVerifier(apikey.Config{Store: tables, Tiers: levels, Uses: tables, Logger: a.log})
	if err != nil {
		return err
	}
	// Tokens and signatures have no tier and no quota.
	limiter, err := apikey.NewLimiter(apikey.LimiterConfig{Counters: tables, Tiers: levels, Untiered: &apikey.Quota{}})
	if err != nil {
		return err
	}
	a.handler.Limiter = limiter
	a.handler.Chain = append(a.handler.Chain, authz.Link{Extractor: apikey.Header{}, Verifier: verifier})
	return nil
}

// addSignatures accepts requests that are signed with one of the signing keys.
// Who has one may do everything with events.
func (a *authorizer) addSignatures(getenv func(string) string) error {
	source := secret.FromPath(getenv, envSigningKeysPath)
	verifier, err := httpsig.New(httpsig.Config{
		Keys:    source,
		Replays: httpsig.NewReplayTable("", getenv),
		Map: func(_ string, p *authz.Principal) error {
			p.Permissions = []string{"events:*"}
			return nil
		},
	})
	if err != nil {
		return err
	}
	a.sources = append(a.sources, source)
	a.handler.Chain = append(a.handler.Chain, authz.Link{Extractor: httpsig.Extractor{}, Verifier: verifier})
	return nil
}

// warmUp reads the secrets as part of the initialisation, all at once, before
// the first request waits. A failure does not end the function: it would be
// started again and again. A request a second later tries again.
func (a *authorizer) warmUp(ctx context.Context) {
	var wait sync.WaitGroup
	for _, source := range a.sources {
		wait.Go(func() {
			if _, err := source.Keys(ctx); err != nil {
				a.log.Error("reading secrets at cold start", "error", err.Error())
			}
		})
	}
	wait.Wait()
}
