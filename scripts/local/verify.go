package main

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
)

const verifyUsage = `verify deploys a stack of the Events API to a local AWS, checks what a client sees
(as scripts/verify does) and whether the authorizer's result is cached as the stack
says, and removes everything. It exits with 1 if a check fails.

  go run ./scripts/local verify --stack prod
`

func runVerify(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	opts, err := parse("verify", verifyUsage, args, stdout, nil)
	if err != nil {
		return err
	}
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
	sign := func(subject string) (string, error) { return newToken(deployment, subject) }
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
