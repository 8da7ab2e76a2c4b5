// Package resetcache makes API Gateway ask the authorizer again: it resets the cache
// of a deployment's authorizer results.
package resetcache

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/authorizercache"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

const long = `Resets the authorizer cache of a deployed API.

API Gateway reuses what the authorizer answered until its TTL has passed. After a reset
the next request with each token runs the authorizer again, so that a token that it no
longer accepts stops at once. Reset the cache after the change that makes it refuse the
token, not before.

It changes nothing else: a token that the authorizer still accepts goes on working. To
withdraw one, {pha} revoke, which resets the cache itself. A running authorizer keeps the
secrets that it has read for its maximum age, 5 minutes unless configured: after
{pha} rotate --finish wait that long, then reset. The command needs the permission
apigateway:DELETE on /apis/{api id}/stages/{stage}/cache/authorizers.

` + deployed.About

const example = `  {pha} reset-cache --stack prod
  {pha} reset-cache --api-id a1b2c3d4e5 --stage prod`

// New is the part reset-cache of the command.
func New() *cobra.Command {
	var target deployed.Target
	var api, stage string
	cmd := &cobra.Command{
		Use: "reset-cache [flags]", GroupID: cli.GroupDeployed,
		Short: "Have API Gateway ask the authorizer again",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), target, api, stage, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	target.Add(cmd.Flags())
	cmd.Flags().StringVar(&api, "api-id", "", "the API's `ID` (default: that which is found)")
	cmd.Flags().StringVar(&stage, "stage", "", "the `stage` whose cache is reset (default: that which is found, with --api-id $default)")
	return cmd
}

func run(ctx context.Context, target deployed.Target, api, stage string, stdout, stderr io.Writer) error {
	api, stage, err := target.APIAndStage(ctx, api, stage, stderr)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	cfg, err := awsconfig.Load(limited, "the API's")
	if err == nil {
		err = authorizercache.Reset(limited, cfg, api, stage)
	}
	if err != nil {
		if ctx.Err() != nil { // the interruption, not what it broke
			return context.Cause(ctx)
		}
		return err
	}
	_, err = fmt.Fprintf(stdout, `authorizer cache reset: API %s, stage %s, Region %s
The next request with each token runs the authorizer again.
Not changed: the secret and the tokens. One that the authorizer still accepts goes on
working: first make the authorizer refuse it, then reset the cache.
`, api, stage, cfg.Region)
	return err
}
