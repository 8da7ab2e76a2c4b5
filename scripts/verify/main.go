// Command verify checks a deployed Events API from outside, one line a check.
package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/events/verify"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const usage = `verify sends requests to a deployed Events API and checks the answers: a missing
token is 401, a bad one 403, a valid one 201 with its subject as createdBy; reading
is public; an unknown route is 404. The event that it creates it deletes again.

  go run ./scripts/verify --api-url "$(pulumi stack output apiUrl)"

It fails when a check fails. Without --token it signs a token itself, with every
permission for events and the secret that it reads from SSM as scripts/token does.
`

func main() { cli.Main("verify", run) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := cli.NewFlags("verify", usage, stdout)
	apiURL := flags.String("api-url", "", "the API's `URL`, the stack output apiUrl (required)")
	bearer := flags.String("token", "", "a `token` that the authorizer accepts (default: one that is signed for the subject \"verify\")")
	secretPath := flags.String("secret-path", token.DefaultSecretPath, "the SSM parameter that holds the secret, where no token is given")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if *apiURL == "" {
		return cli.Usagef("--api-url is missing")
	}
	if *bearer == "" {
		signed, err := sign(ctx, *secretPath)
		if err != nil {
			return err
		}
		*bearer = signed
	}
	return verify.Run(ctx, verify.Options{APIURL: *apiURL, Token: *bearer}, func(r verify.Result) {
		_, _ = fmt.Fprintln(stdout, r)
	})
}

// tokenLifetime is longer than all checks take together.
const tokenLifetime = 15 * time.Minute

// sign makes a token with the secret that the authorizer reads.
func sign(ctx context.Context, secretPath string) (string, error) {
	key, err := parameter.ReadKey(ctx, secretPath, "")
	if err != nil {
		return "", fmt.Errorf("no --token is given, and signing one failed: %w", err)
	}
	now := time.Now()
	return token.SignWith(key, token.Claims{
		Subject: "verify", IssuedAt: now, ExpiresAt: now.Add(tokenLifetime),
		Extra: map[string]any{"permissions": []string{"events:*"}}, // for stacks with permissions
	})
}
