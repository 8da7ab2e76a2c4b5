// Command verify checks a deployed Events API from outside, one line a check.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/events/verify"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const usage = `verify sends requests to a deployed Events API and checks the answers: a missing
token is 401, a bad one 403, a valid one 201 with its subject as createdBy; reading
is public; an unknown route is 404. The event that it creates it deletes again.

  go run ./scripts/verify --api-url "$(pulumi stack output apiUrl)"

It fails when a check fails. It signs a token itself, with every permission for events
and the secret that it reads from SSM as scripts/token does; or takes the one in the
environment variable EVENTS_API_TOKEN, or on its standard input with --token-stdin:

  go run ./scripts/token --subject usr_abc | go run ./scripts/verify --token-stdin --api-url URL

An argument would be seen by every user of the machine. The URL must be https, or http
to a loopback address; redirects are not followed.
`

func main() { cli.Main("verify", run) }

// envToken can hold the token.
const envToken = "EVENTS_API_TOKEN"

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := cli.NewFlags("verify", usage, stdout)
	apiURL := flags.String("api-url", "", "the API's `URL`, the stack output apiUrl (required)")
	stdin := flags.Bool("token-stdin", false, "read a token that the authorizer accepts from standard input")
	secretPath := flags.String("secret-path", schema.SecretPath, "the SSM parameter or the ARN of the secret of Secrets Manager that holds the secret, where no token is given; {stack} stands for --stack")
	stack := flags.String("stack", schema.DefaultStack, "the `stack` of the Events API")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if *apiURL == "" {
		return cli.Usagef("--api-url is missing")
	}
	if err := verify.CheckURL(*apiURL); err != nil { // before there is a token
		return cli.Usagef("--api-url: %w", err)
	}
	bearer, err := readToken(ctx, *stdin, schema.OfStack(*secretPath, *stack))
	if err != nil {
		return err
	}
	return verify.Run(ctx, verify.Options{APIURL: *apiURL, Token: bearer}, func(r verify.Result) {
		_, _ = fmt.Fprintln(stdout, r)
	})
}

// readToken returns the token that is given, or signs one.
func readToken(ctx context.Context, stdin bool, secretPath string) (string, error) {
	given := os.Getenv(envToken)
	switch {
	case stdin && given != "":
		return "", cli.Usagef("--token-stdin and the environment variable %s are both given", envToken)
	case stdin:
		content, err := io.ReadAll(io.LimitReader(os.Stdin, maxToken))
		if err != nil {
			return "", fmt.Errorf("reading the token from standard input: %w", err)
		}
		if given = strings.TrimSpace(string(content)); given == "" {
			return "", cli.Usagef("--token-stdin is given, but standard input is empty")
		}
	case given == "":
		return sign(ctx, secretPath)
	}
	return given, nil
}

// maxToken is more than API Gateway takes in all headers together, 10 KB (HTTP API
// quotas, "Total combined size of request line and header values").
const maxToken = 16 << 10

// tokenLifetime is longer than all checks take together.
const tokenLifetime = 15 * time.Minute

// sign makes a token with the secret that the authorizer reads.
func sign(ctx context.Context, secretPath string) (string, error) {
	key, err := parameter.ReadKey(ctx, secretPath, "")
	if err != nil {
		return "", fmt.Errorf("signing a token (%s is not set and --token-stdin not given): %w", envToken, err)
	}
	now := time.Now()
	return token.SignWith(key, token.Claims{
		Subject: "verify", IssuedAt: now, ExpiresAt: now.Add(tokenLifetime),
		Extra: map[string]any{"permissions": []string{"events:*"}}, // for stacks with permissions
	})
}
