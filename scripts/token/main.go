// Command token prints a token that the Events API's authorizer accepts.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const usage = `token prints a signed token (JWT, HS256) for the Events API. It reads the secret
from the SSM parameter or the secret of Secrets Manager that the authorizer reads, of AWS
or of the local AWS, by the usual AWS environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL. Where the parameter is a document with several keys, the
current one signs.

  go run ./scripts/token --subject usr_abc
  go run ./scripts/token --subject usr_abc --expires-in 15m --claim admin=true --claim team=blue

The token alone goes to standard output. Where the stack accepts more than tokens
(authMethods), a token needs permissions:

  go run ./scripts/token --subject usr_abc --claim 'permissions=["events:*"]'
`

func main() { cli.Main("token", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := cli.NewFlags("token", usage, stdout)
	subject := flags.String("subject", "", "whom the token speaks for, its `sub` claim (required)")
	expiresIn := flags.Duration("expires-in", time.Hour, "how long the token is good, a Go `duration` of at least 1s")
	secretPath := flags.String("secret-path", schema.SecretPath, "the SSM `parameter` that holds the secret, {stack} stands for --stack; or the ARN of a secret of Secrets Manager")
	stack := flags.String("stack", schema.DefaultStack, "the `stack` of the Events API")
	keyID := flags.String("key-id", "", "the `id` of the key to sign with, for a secret document that gives its keys ids (default the current key)")
	claims := map[string]any{}
	flags.Func("claim", "a further claim, `name=value`, as often as needed; the value is JSON if it reads as JSON, else text", func(s string) error {
		return addClaim(claims, s)
	})
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if *subject == "" {
		return cli.Usagef("--subject is missing")
	}
	if err := authz.CheckSubject(*subject); err != nil {
		return cli.Usagef("--subject: %w", err)
	}
	if *expiresIn < time.Second {
		return cli.Usagef("--expires-in is %v, allowed is 1s and more", *expiresIn)
	}
	if err := parameter.CheckPath(*secretPath); err != nil {
		return cli.Usagef("--secret-path %w", err)
	}
	key, err := parameter.ReadKey(ctx, schema.OfStack(*secretPath, *stack), *keyID)
	if err != nil {
		return err
	}
	now := time.Now()
	signed, err := token.SignWith(key, token.Claims{Subject: *subject, IssuedAt: now, ExpiresAt: now.Add(*expiresIn), Extra: claims})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stderr, "a token for %q, good until %s\n", *subject, now.Add(*expiresIn).UTC().Format(time.RFC3339))
	_, err = fmt.Fprintln(stdout, signed)
	return err
}

// addClaim adds the claim that s, name=value, describes.
func addClaim(claims map[string]any, s string) error {
	name, value, found := strings.Cut(s, "=")
	if !found {
		return errors.New("it has no equals sign; write name=value")
	}
	if err := token.CheckExtra(name); err != nil {
		switch name {
		case "sub":
			return fmt.Errorf("%w and use --subject", err)
		case "exp":
			return fmt.Errorf("%w and use --expires-in", err)
		}
		return err
	}
	if _, twice := claims[name]; twice {
		return fmt.Errorf("the claim %q is given twice", name)
	}
	// A RawMessage keeps numbers as they were written.
	if json.Valid([]byte(value)) {
		claims[name] = json.RawMessage(value)
	} else {
		claims[name] = value
	}
	return nil
}
