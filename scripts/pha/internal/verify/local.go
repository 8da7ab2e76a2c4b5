package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/events/verify"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
)

// runLocal deploys the stack, checks it and removes everything.
func (o options) runLocal(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if o.apiURL != "" || o.stdin {
		return cli.Usagef("--local goes without --api-url and --token-stdin: the deployment is one of its own")
	}
	opts := *o.deploy
	if methods, given := opts.Settings["authMethods"]; given && !slices.Contains(strings.Split(methods, ","), "jwt") {
		return cli.Usagef("authMethods is %q: verify sends tokens, and needs jwt among them", methods)
	}
	opts.Progress = stderr
	opts.Console = stderr
	deployment, err := local.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, deployment.Close()) }()
	api, err := deployment.API("POST /events")
	if err != nil {
		return err
	}
	route, err := api.Route("POST /events")
	if err != nil {
		return err
	}
	if len(deployment.SecretPaths) == 0 {
		return errors.New("no function of the stack reads a secret of tokens: verify sends tokens, and needs jwt among authMethods")
	}
	sign := func(subject string) (string, error) { return deployflags.NewToken(deployment, subject) }
	token, err := sign("usr_verify")
	if err != nil {
		return err
	}
	return verify.Run(ctx, verify.Options{
		APIURL: api.URL, Token: token, Cache: &verify.Cache{
			TTL: route.TTL, Token: sign,
			Invocations: func() (int, int, error) { return deployment.InvocationsOf(route) },
		},
	}, func(r verify.Result) { _, _ = fmt.Fprintln(stdout, r) })
}
