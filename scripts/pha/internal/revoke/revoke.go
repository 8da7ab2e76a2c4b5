// Package revoke withdraws credentials that are good: it writes an entry into the
// authorizer's table of revocations and resets API Gateway's cache of its answers.
package revoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/scripts/internal/authorizercache"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

const long = `Withdraws credentials that are good, so that the next request with one of them is refused.
The authorizer needs a table of revocations (Authorizer.Revocation; of the Events API the
setting revocation).

It writes an entry, which the authorizer reads before each answer, and resets the cache of
its answers. An answer that the authorizer was just giving could be cached after that: the
command waits until API Gateway would have given that authorizer up, and resets the cache
once more. With --no-wait it does not.

A token is read from a file or standard input, never from an argument, which other
processes see. It may be one without a jti, and no secret is needed. --jti takes the jti of
a token, or the credentialId of any credential in the authorizer's log or an access log; of
a registry of tenants that is the tenant, a colon and the jti.

--subject, --tenant and --key withdraw what was issued until --before, to the second: what
was issued later in that second too, and what does not say when it was issued (a token
without iat, a signing key). Whoever logs in again a second later gets a token that works.
--key takes the kid of tokens, the id of an API key (key_…), or of a signing key. What the
entry is about is every issuer's, unless --issuer names one.

An entry is kept until it is undone. That of --token is removed by itself after the token's
exp, that of --jti after --expires. --lifetime says how long tokens live at most, and has
an entry of --subject, --tenant or --key removed that long after --before: where there are
API keys or signing keys as well, leave it out.

It needs dynamodb:GetItem and PutItem on the table (Scan to list, DeleteItem to undo), and
apigateway:DELETE on /apis/{api id}/stages/{stage}/cache/authorizers. Tokens that API
Gateway's own JWT authorizer judges cannot be revoked.

` + deployed.About

const example = `  {pha} revoke --token -              the token on standard input
  {pha} revoke --jti ID               the credential that the log calls so
  {pha} revoke --subject usr_abc      all that the subject has now
  {pha} revoke --tenant acme          all that the tenant has now
  {pha} revoke --key ID               all that were made with the key
  {pha} revoke --list                 all entries; --json for programs
  {pha} revoke --undo --subject usr_abc`

// New is the part revoke of the command.
func New() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use: "revoke [flags]", GroupID: cli.GroupDeployed,
		Short: "Withdraw credentials before they expire",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options(cmd)
			if err != nil {
				return err
			}
			if err := o.find(cmd.Context(), cmd.ErrOrStderr()); err != nil {
				return err
			}
			return run(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.add(cmd.Flags())
	return cmd
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	s, err := open(ctx, o, stdout, stderr)
	if err == nil {
		err = s.do(ctx)
	}
	switch {
	case err == nil || ctx.Err() == nil || errors.As(err, new(unfinished)):
		return err
	}
	return context.Cause(ctx) // the interruption, not what it broke
}

// session is a command with what it talks to.
type session struct {
	options
	cfg            aws.Config
	table          *revocation.Table
	stdout, stderr io.Writer
}

func open(ctx context.Context, o options, stdout, stderr io.Writer) (session, error) {
	ctx, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	cfg, err := awsconfig.Load(ctx, "the table's")
	if err != nil {
		return session{}, err
	}
	getenv, err := awsconfig.DynamoDB(ctx, cfg)
	if err != nil {
		return session{}, err
	}
	return session{o, cfg, revocation.NewTable(revocation.Config{
		Table: o.table, Getenv: getenv, Credentials: cfg.Credentials.Retrieve, Timeout: awsconfig.Timeout,
	}), stdout, stderr}, nil
}

func (s session) do(ctx context.Context) error {
	if s.list {
		return s.explain(s.printAll(ctx))
	}
	text, err := s.change(ctx)
	if err != nil {
		return s.explain(err)
	}
	if err := s.reset(ctx); err != nil {
		return unfinished{fmt.Errorf("the table is changed, and the answers from before are still in the cache: %w; repeat the command, or %s reset-cache --api-id %s --stage '%s'", err, cli.Called, s.api, s.stage)}
	}
	if !s.noWait {
		if err := s.resetAgain(ctx); err != nil {
			return unfinished{fmt.Errorf("the table is changed and the cache was reset, but an answer that was just being given may be in it: %w; %s reset-cache --api-id %s --stage '%s' in %v", err, cli.Called, s.api, s.stage, pause)}
		}
	}
	_, err = fmt.Fprintf(s.stdout, "%sauthorizer cache reset: API %s, stage %s, Region %s\n", text, s.api, s.stage, s.cfg.Region)
	return err
}

// unfinished is the error of a command that has done a part of its work, and says what
// is left.
type unfinished struct{ error }

func (e unfinished) Unwrap() error { return e.error }

// change writes or removes the entry, and says what has happened.
func (s session) change(ctx context.Context) (string, error) {
	if s.undo {
		if err := s.table.Remove(ctx, s.entry.Target); err != nil {
			return "", err
		}
		return fmt.Sprintf("no longer revoked: %s\n", s.entry.Target), nil
	}
	e, err := s.table.Add(ctx, s.entry)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("revoked: %s%s\nthe entry is kept until %s\n", e.Target, issuedUntil(e), until(e))
	if !e.Before.Equal(s.entry.Before) {
		text += "an entry from before withdraws more, and goes on doing so\n"
	}
	return text, nil
}

// pause is longer than API Gateway waits for an authorizer: 10 s (API Gateway
// developer guide, "Quotas for configuring and running an HTTP API").
const pause = 11 * time.Second

// resetAgain resets the cache when no authorizer is at work any more that has read the
// table before it was changed.
func (s session) resetAgain(ctx context.Context) error {
	fmt.Fprintf(s.stderr, "the table is changed and the cache is reset; in %v once more, for answers that were just being given (--no-wait leaves that out)\n", pause)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.reset(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s session) reset(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	err := authorizercache.Reset(limited, s.cfg, s.api, s.stage)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// explain adds to an error what only this command knows.
func (s session) explain(err error) error {
	switch {
	case errors.Is(err, revocation.ErrNoTable):
		return fmt.Errorf("%w The Region is %s", err, s.cfg.Region)
	case errors.Is(err, revocation.ErrNoEntry):
		return fmt.Errorf("%w for %s; %s revoke --list shows all", err, s.entry.Target, cli.Called)
	}
	return err
}
