// Package token prints a token that an authorizer accepts.
package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const long = `Prints a signed token (JWT, HS256). It reads the secret from the SSM parameter or the
secret of Secrets Manager that the authorizer reads. Where that is a document with several
keys, the current one signs.

` + deployed.About + `

Where the authorizer is found, the token has its issuer and audience, unless --claim says
others. The token alone goes to standard output. Where the API accepts more than tokens, a token
needs permissions, as in the last example.`

const example = `  {pha} token --local --subject usr_abc
  {pha} token --subject usr_abc --expires-in 15m --claim admin=true --claim team=blue
  {pha} token --subject usr_abc --claim 'permissions=["events:*"]'`

// New is the part token of the command.
func New() *cobra.Command {
	o := options{claims: map[string]any{}}
	cmd := &cobra.Command{
		Use: "token [flags]", GroupID: cli.GroupCredentials,
		Short: "Print a token that the authorizer accepts",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	o.target.Add(flags)
	flags.StringVar(&o.subject, "subject", "", "whom the token speaks for, its `sub` claim (required)")
	flags.DurationVar(&o.expiresIn, "expires-in", time.Hour, "how long the token is good, a Go `duration` of at least 1s")
	flags.StringVar(&o.secretPath, "secret-path", "", "the SSM `parameter` that holds the secret, or the ARN of a secret of Secrets Manager (default: the authorizer's)")
	flags.StringVar(&o.keyID, "key-id", "", "the `id` of the key to sign with, for a secret document that gives its keys ids (default the current key)")
	flags.Func("claim", "a further claim, `name=value`, as often as needed; the value is JSON if it reads as JSON, else text", func(s string) error {
		return addClaim(o.claims, s)
	})
	return cmd
}

// options are what the flags say.
type options struct {
	target                     deployed.Target
	subject, secretPath, keyID string
	expiresIn                  time.Duration
	claims                     map[string]any
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.subject == "" {
		return cli.Usagef("--subject is missing")
	}
	if err := authz.CheckSubject(o.subject); err != nil {
		return cli.Usagef("--subject: %w", err)
	}
	if o.expiresIn < time.Second {
		return cli.Usagef("--expires-in is %v, allowed is 1s and more", o.expiresIn)
	}
	if err := parameter.CheckPath(o.secretPath); o.secretPath != "" && err != nil {
		return cli.Usagef("--secret-path %w", err)
	}
	path, err := o.find(ctx, stderr)
	if err != nil {
		return err
	}
	key, err := parameter.ReadKey(ctx, path, o.keyID)
	if err != nil {
		return err
	}
	now := time.Now()
	signed, err := token.SignWith(key, token.Claims{Subject: o.subject, IssuedAt: now, ExpiresAt: now.Add(o.expiresIn), Extra: o.claims})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stderr, "a token for %q, good until %s\n", o.subject, now.Add(o.expiresIn).UTC().Format(time.RFC3339))
	_, err = fmt.Fprintln(stdout, signed)
	return err
}

// find is where the secret is. Where the authorizer is found, the claims get what it
// demands.
func (o options) find(ctx context.Context, stderr io.Writer) (string, error) {
	if o.secretPath != "" {
		_, err := o.target.UseLocal()
		return o.secretPath, err
	}
	api, err := o.target.Find(ctx, stderr)
	if err != nil {
		return "", err
	}
	path, err := api.Find(deployed.Secret)
	if err != nil {
		return "", err
	}
	accepts, known := api.Accepts(path)
	if !known {
		_, _ = fmt.Fprintln(stderr, "the authorizers that have the secret want different issuers, audiences or claims of permissions: name those of one with --claim")
	}
	token.Fit(o.claims, accepts)
	return path, nil
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
