// Command authorizer is an authorizer with everything that a cache makes wrong: two
// methods in different headers, a policy that tells routes apart, and a limiter.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
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
	chain := authz.Chain{{Verifier: tokens}, {Extractor: keyHeader{}, Verifier: keys{}}}
	readers := authz.Handler{Chain: chain, Policy: authz.PolicyFunc(onlyGet), Logger: log}
	routes := map[string]authz.Handler{
		"GET /chain":     {Chain: chain, Logger: log},
		"GET /routes":    readers,
		"DELETE /routes": readers,
		"GET /counted":   {Chain: chain, Limiter: unlimited{}, Logger: log},
	}
	lambda.Start(func(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (authz.SimpleResponse, error) {
		return routes[event.RouteKey].Handle(ctx, event)
	})
}

func onlyGet(_ context.Context, _ authz.Principal, r authz.Request) error {
	if r.Method != "GET" {
		return fmt.Errorf("%w: readers only", authz.ErrDenied)
	}
	return nil
}

type unlimited struct{}

func (unlimited) Take(context.Context, authz.Principal, authz.Request) error { return nil }

// keyHeader finds keys in a header of their own.
type keyHeader struct{}

func (keyHeader) Extract(r authz.Request) (authz.Credential, error) {
	value := r.Headers["x-api-key"]
	if value == "" {
		return authz.Credential{}, authz.ErrNoCredential
	}
	return authz.NewCredential("key", value), nil
}

// keys takes the one key of the test's victim.
type keys struct{}

func (keys) Verify(_ context.Context, _ authz.Request, c authz.Credential) (authz.Principal, error) {
	if c.Value() != "the-key-of-the-victim" {
		return authz.Principal{}, authz.ErrUnknownKey
	}
	return authz.Principal{Identity: authz.Identity{Subject: "victim", Method: "key", ExpiresAt: time.Now().Add(time.Hour)}}, nil
}
