// Command multiauthorizer is the component's own authorizer for API keys and signed
// requests, and for tokens beside them.
package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/handlers/internal/own"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func main() { own.Run(configure) }

func configure(a *own.Authorizer) error {
	if a.Methods.Tokens != nil {
		if err := a.AddTokens(); err != nil {
			return err
		}
	}
	if keys := a.Methods.APIKeys; keys != nil {
		if err := addKeys(a, keys.Tiers); err != nil {
			return fmt.Errorf("method apiKeys: %w", err)
		}
	}
	if signatures := a.Methods.Signatures; signatures != nil {
		if err := addSignatures(a, *signatures); err != nil {
			return fmt.Errorf("method signatures: %w", err)
		}
	}
	return nil
}

// addKeys accepts API keys, and counts the requests that are made with them, if any
// tier has a quota.
func addKeys(a *own.Authorizer, tiers map[string]contract.Tier) error {
	counts := false
	byName := map[string]apikey.Tier{}
	for name, tier := range tiers {
		counts = counts || tier.PerMinute != 0 || tier.PerDay != 0
		byName[name] = apikey.Tier{Permissions: tier.Permissions, Quota: apikey.Quota{PerMinute: tier.PerMinute, PerDay: tier.PerDay}}
	}
	levels, err := apikey.NewTiers(byName)
	if err != nil {
		return err
	}
	tables := apikey.NewDynamoDB(apikey.DynamoDBConfig{Getenv: a.Getenv})
	verifier, err := apikey.NewVerifier(apikey.Config{Store: tables, Tiers: levels, Uses: tables, Logger: a.Log})
	if err != nil {
		return err
	}
	if counts {
		// Tokens and signatures have no tier and no quota.
		if a.Handler.Limiter, err = apikey.NewLimiter(apikey.LimiterConfig{Counters: tables, Tiers: levels, Untiered: &apikey.Quota{}}); err != nil {
			return err
		}
	}
	a.Add(authz.Link{Extractor: apikey.Header{}, Verifier: verifier}, nil)
	return nil
}

// addSignatures accepts requests that are signed with one of the signing keys.
func addSignatures(a *own.Authorizer, s contract.Signatures) error {
	if path := a.Getenv(contract.EnvSigningKeysPath); path != "" && secretIdentity(path) == secretIdentity(a.Getenv(contract.EnvSecretPath)) {
		return fmt.Errorf("%s and %s name one secret, so that whoever has a key to sign requests could make tokens for anybody: name another one", contract.EnvSigningKeysPath, contract.EnvSecretPath)
	}
	if err := apikey.CheckPermissions(s.Permissions); err != nil {
		return err
	}
	for id, permissions := range s.KeyPermissions {
		if err := apikey.CheckPermissions(permissions); err != nil {
			return fmt.Errorf("key %q: %w", id, err)
		}
	}
	keys := secret.FromPath(a.Getenv, contract.EnvSigningKeysPath)
	verifier, err := httpsig.New(httpsig.Config{
		Keys:    keys,
		Replays: httpsig.NewReplayTable("", a.Getenv),
		Map: func(id string, p *authz.Principal) error {
			p.Permissions = slices.Concat(s.Permissions, s.KeyPermissions[id])
			return nil
		},
	})
	if err != nil {
		return err
	}
	a.Add(authz.Link{Extractor: httpsig.Extractor{}, Verifier: verifier}, keys)
	return nil
}

// secretIdentity is the one text for a secret whose ARN has, or has not, the hyphen and
// the six characters at its end (Secrets Manager user guide, "IAM policy examples").
func secretIdentity(path string) string {
	if at := strings.LastIndexByte(path, '-'); strings.HasPrefix(path, "arn:") && at == len(path)-7 {
		return path[:at]
	}
	return path
}
