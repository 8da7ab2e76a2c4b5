// Package verify checks a deployed Events API from outside, one line a check.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/events/verify"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const long = `Sends requests to a deployed Events API and checks the answers: a missing token is
401, a bad one 403, a valid one 201 with its subject as createdBy; reading is public; an
unknown route is 404. The event that it creates it deletes again. It fails when a check
fails.

With --local it deploys the stack to a local AWS for that, checks the authorizer's cache
too, and removes everything.

It signs a token itself, with every permission for events and the secret that it reads
from SSM as {pha} token does; or takes the one in the environment variable
EVENTS_API_TOKEN, or on its standard input with --token-stdin: an argument would be seen
by every user of the machine. The URL must be https, or http to a loopback address;
redirects are not followed.`

const example = `  {pha} verify --local --stack prod
  {pha} verify --api-url "$(pulumi stack output apiUrl)"
  {pha} token --subject usr_abc | {pha} verify --token-stdin --api-url URL`

// envToken can hold the token.
const envToken = "EVENTS_API_TOKEN"

// New is the part verify of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "verify [flags]", GroupID: cli.GroupLocal,
		Short: "Check what a client sees of a deployment, local or on AWS",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := deployflags.Check(o.deploy); err != nil {
				return err
			}
			if o.local {
				return o.runLocal(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return o.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	o.deploy = deployflags.Add(cmd)
	cmd.Flags().BoolVar(&o.local, "local", false, "deploy the stack to a local AWS, and check that")
	cmd.Flags().StringVar(&o.apiURL, "api-url", "", "the API's `URL`, the stack output apiUrl (required without --local)")
	cmd.Flags().BoolVar(&o.stdin, "token-stdin", false, "read a token that the authorizer accepts from standard input")
	return cmd
}

// options are what the flags say.
type options struct {
	deploy       *local.Options
	local, stdin bool
	apiURL       string
}

func (o options) run(ctx context.Context, stdout io.Writer) error {
	if o.apiURL == "" {
		return cli.Usagef("--api-url is missing")
	}
	if err := verify.CheckURL(o.apiURL); err != nil { // before there is a token
		return cli.Usagef("--api-url: %w", err)
	}
	bearer, err := readToken(ctx, o.stdin, schema.OfStack(cmp.Or(o.deploy.SecretPath, schema.SecretPath), o.deploy.Stack))
	if err != nil {
		return err
	}
	return verify.Run(ctx, verify.Options{APIURL: o.apiURL, Token: bearer}, func(r verify.Result) {
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
