// Command reset-cache makes API Gateway ask the authorizer again: it resets the cache
// of a deployment's authorizer results.
package main

import (
	"context"
	"fmt"
	"io"

	"github.com/protected-http-api/protected-http-api/scripts/internal/authorizercache"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const usage = `reset-cache resets the authorizer cache of a deployed API, on AWS or on the local AWS, by
the usual AWS environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL.

API Gateway reuses what the authorizer answered until its TTL has passed. After a reset
the next request with each token runs the authorizer again, so that a token that it no
longer accepts stops at once. Reset the cache after the change that makes it refuse the
token, not before.

  go run ./scripts/reset-cache --api-id "$(pulumi stack output apiId)"
  go run ./scripts/reset-cache --api-id a1b2c3d4e5 --stage prod

It changes nothing else: a token that the authorizer still accepts goes on working. To
withdraw one, go run ./scripts/revoke, which resets the cache itself. A running authorizer
keeps the secrets that it has read for its maximum age, 5 minutes unless configured: after
go run ./scripts/rotate --finish wait that long, then reset. The command needs the
permission apigateway:DELETE on /apis/{api id}/stages/{stage}/cache/authorizers.
`

func main() { cli.Main("reset-cache", run) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := cli.NewFlags("reset-cache", usage, stdout)
	api := flags.String("api-id", "", "the API's `ID` (required)")
	stage := flags.String("stage", "$default", "the `stage` whose cache is reset")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if *api == "" {
		return cli.Usagef("--api-id is missing")
	}
	if *stage == "" {
		return cli.Usagef("--stage is empty")
	}
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	cfg, err := awsconfig.Load(limited, "the API's")
	if err == nil {
		err = authorizercache.Reset(limited, cfg, *api, *stage)
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
`, *api, *stage, cfg.Region)
	return err
}
