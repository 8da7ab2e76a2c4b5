// Package rotate changes the secret that tokens are signed with, without an
// outage: the old one stays good until it is dropped.
package rotate

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const long = `Changes the secret that tokens are signed with, in the SSM parameter or the secret of
Secrets Manager that the authorizer reads.

  {pha} rotate             a new secret signs, the old one is still accepted
  {pha} rotate --finish    the old one is dropped, when its tokens have expired

No deployment is needed. A running authorizer finds the new secret with the first token
that the new secret has signed, unless strangers send bad tokens at that time: then each
execution environment may find it up to 10 seconds later, and refuses tokens of it until
then. API Gateway keeps a refusal for the TTL of the authorizer's cache. So with a TTL, let
all authorizers know the new secret before it signs:

  {pha} rotate --prepare   a new secret is accepted, the old one still signs
  {pha} rotate             --max-age later: the new one signs

Without that, run {pha} reset-cache after the rotation: it empties the cache.

A parameter that holds one secret becomes a document with current and previous. Dropping
a secret refuses the tokens that it has signed; rotating for a second time drops the
first. So both are refused until --min-age after the last change. If the old secret is
known to somebody, rotate and drop it at once: --finish --min-age 0s.

A change of a parameter without --kms-key encrypts with the account's default key,
alias/aws/ssm, whatever the parameter was encrypted with before. A secret of Secrets
Manager keeps its key.

It needs ssm:GetParameter and ssm:PutParameter on the parameter, or
secretsmanager:GetSecretValue and secretsmanager:PutSecretValue on the secret. A stack that puts the
secret into the function's environment needs a deployment after each step.

` + deployed.About

// options are what the flags say.
type options struct {
	target                   deployed.Target
	given                    string // what leads to the parameter
	path, kmsKey             string
	prepare, finish          bool
	minAge, maxAge, cacheTTL time.Duration
}

// New is the part rotate of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "rotate [flags]", GroupID: cli.GroupDeployed,
		Short: "Change the secret of tokens, without an outage",
		Long:  long,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.find(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	o.target.Add(flags)
	flags.StringVar(&o.path, "secret-path", "", "the SSM `parameter` that holds the secret, or the ARN of a secret of Secrets Manager (default: the authorizer's)")
	flags.StringVar(&o.kmsKey, "kms-key", "", "the KMS `key` to encrypt with; give it each time if the parameter has a key of its own")
	flags.BoolVar(&o.prepare, "prepare", false, "only let authorizers know a new secret")
	flags.BoolVar(&o.finish, "finish", false, "drop the previous secret")
	flags.DurationVar(&o.minAge, "min-age", 24*time.Hour, "how long after the last change of the parameter a previous secret may be dropped, a Go `duration`: as long as tokens live")
	flags.DurationVar(&o.maxAge, "max-age", secret.DefaultMaxAge, "SECRET_MAX_AGE of the authorizer, a Go `duration`, where its configuration does not say more: how long after the last change of the parameter every authorizer knows the next secret, so that it may sign")
	flags.DurationVar(&o.cacheTTL, "cache-ttl", 5*time.Minute, "the TTL of the authorizer's cache, a Go `duration`, for what is printed, where --secret-path is given")
	return cmd
}

// find checks the flags and looks up what they do not say.
func (o *options) find(cmd *cobra.Command) error {
	switch {
	case o.prepare && o.finish:
		return cli.Usagef("--prepare and --finish are given together; choose one")
	case o.path != "" && parameter.CheckPath(o.path) != nil:
		return cli.Usagef("--secret-path %w", parameter.CheckPath(o.path))
	case parameter.IsSecret(o.path) && o.kmsKey != "":
		return cli.Usagef("--kms-key is for parameters: a secret of Secrets Manager keeps its key; change it with aws secretsmanager update-secret --kms-key-id")
	case o.minAge < 0 || o.maxAge < 0 || o.cacheTTL < 0:
		return cli.Usagef("--min-age, --max-age and --cache-ttl must not be negative")
	}
	o.given = o.target.Flags()
	if o.path != "" {
		o.given += " --secret-path " + o.path
		_, err := o.target.UseLocal()
		return err
	}
	api, err := o.target.Find(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if o.path, err = api.Find(deployed.Secret); err != nil {
		return err
	}
	var ttl time.Duration
	for _, a := range api.Authorizers {
		if a.SecretPath != o.path {
			continue
		}
		ttl = max(ttl, a.TTL)
		if !cmd.Flags().Changed("max-age") {
			o.maxAge = max(o.maxAge, a.MaxAge)
		}
	}
	if !cmd.Flags().Changed("cache-ttl") {
		o.cacheTTL = ttl
	}
	return nil
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	p, err := parameter.Read(ctx, o.path, parameter.ExampleSecret)
	if err != nil {
		return err
	}
	now := time.Now()
	document, err := change(p, o, now)
	if err != nil {
		return fmt.Errorf("rotating %s: %w", parameter.Noun(o.path), err)
	}
	note, err := p.Put(ctx, document.Encode(), o.kmsKey)
	if err != nil {
		return err
	}
	if note != "" {
		_, _ = fmt.Fprintf(stderr, "pha rotate: %s\n", note)
	}
	_, err = io.WriteString(stdout, report(p, o, now))
	return err
}

// change returns the document that takes the parameter's place.
func change(p *parameter.Parameter, o options, now time.Time) (secret.Document, error) {
	old, err := secret.ParseDocument(p.Value())
	if err != nil {
		return old, err
	}
	var document secret.Document
	switch {
	case o.prepare:
		document, err = old.Prepare(now)
	case o.finish:
		document, err = old.Finish()
	default:
		document, err = old.Rotate(now)
	}
	if err != nil {
		return document, err
	}
	// An authorizer may be as old as the last change: what was prepared before it
	// is known to all of them since then at the latest.
	if allowed := p.ModifiedAt.Add(o.maxAge); !old.Next.IsZero() && !o.prepare && !o.finish && now.Before(allowed) {
		return document, fmt.Errorf("the next secret would sign before every authorizer knows it: the parameter was changed at %s, less than --max-age %v ago; do it after %s, or give a shorter --max-age if that is the authorizer's SECRET_MAX_AGE, or if somebody knows the current secret",
			p.ModifiedAt.UTC().Format(time.RFC3339), o.maxAge, allowed.UTC().Format(time.RFC3339))
	}
	if allowed := p.ModifiedAt.Add(o.minAge); !old.Previous.IsZero() && !o.prepare && now.Before(allowed) {
		return document, fmt.Errorf("this would drop the previous secret, whose tokens may still be good: the parameter was changed at %s, less than --min-age %v ago; do it after %s, or give a shorter --min-age if none of those tokens lives any more",
			p.ModifiedAt.UTC().Format(time.RFC3339), o.minAge, allowed.UTC().Format(time.RFC3339))
	}
	// What an authorizer could not read must not be written, and a document
	// that it cannot read now is for somebody to look at.
	if _, err := secret.ParseKeys(authz.HS256, document.Encode()); err != nil {
		return document, err
	}
	return document, nil
}

// report says what has happened and what happens next.
func report(p *parameter.Parameter, o options, now time.Time) string {
	key := "KMS key " + o.kmsKey
	if o.kmsKey == "" {
		key = "the account's default key, alias/aws/ssm"
	}
	where := fmt.Sprintf("parameter %s, Region %s, version %s\nIt is encrypted with %s.", p.Path, p.Region, p.Version, key)
	if parameter.IsSecret(p.Path) {
		where = fmt.Sprintf("secret %s, version %s\nIt keeps its KMS key.", p.Path, p.Version)
	}
	again := cli.Called + " rotate" + o.given
	at := func(d time.Duration) string {
		return fmt.Sprintf("%v, at %s", d, now.Add(d).UTC().Format(time.RFC3339))
	}
	switch {
	case o.prepare:
		return fmt.Sprintf(`next secret made: %s
The current secret signs as before. All authorizers accept the next one in %s.
Then sign with it: %s
`, where, at(o.maxAge), again)
	case o.finish:
		return fmt.Sprintf(`previous secret dropped: %s
Tokens that it has signed are refused at the latest in %s: the authorizers
keep their keys for %v, API Gateway keeps what they answered for %v. To end the latter
at once, run %s reset-cache in %s.
An authorizer that cannot reach AWS keeps its keys for up to %v.
`, where, at(o.maxAge+o.cacheTTL), o.maxAge, o.cacheTTL, cli.Called, at(o.maxAge), max(o.maxAge, secret.MaxStale))
	}
	return fmt.Sprintf(`secret rotated: %s
From now on sign with the new secret; %s token does. Authorizers find it
with the first token that it has signed, and read it in %s, in any case.
Tokens of the secret before stay good. When the last of them has expired, drop it:
%s --finish
`, where, cli.Called, at(o.maxAge), again)
}
