// Command local deploys the project to a strict local AWS: the real Pulumi
// engine, the real function binaries, no AWS account.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const usage = `local deploys a Pulumi project to a strict AWS on this machine.

  go run ./scripts/local up       deploy, print the URL and a token, show the live log until Ctrl-C
  go run ./scripts/local verify   deploy, check what a client sees, remove everything; exit 1 if a check fails

Each has --help. No file of the project is changed, and nothing is left behind.
Functions run natively on this machine's system and processor; everything else is
what the stack would deploy to AWS.
`

// ttlSetting is how long API Gateway reuses what the authorizer answered.
const ttlSetting = "authorizerTtl"

func main() { cli.Main("local", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "up":
		return up(ctx, args[1:], stdout, stderr)
	case "verify":
		return runVerify(ctx, args[1:], stdout, stderr)
	case "", "help", "-h", "-help", "--help":
		_, _ = fmt.Fprint(stdout, usage)
		if command == "" {
			return cli.Usagef("a command is missing: up or verify")
		}
		return nil
	default:
		return cli.Usagef("unknown command %q: it is up or verify", command)
	}
}

// tokenLifetime is how long a token is good.
const tokenLifetime = time.Hour

// newToken signs a token that the deployed authorizer accepts, with every
// permission.
func newToken(d *local.Deployment, subject string) (string, error) {
	now := time.Now()
	return token.Sign(d.Secret, token.Claims{
		Subject: subject, IssuedAt: now, ExpiresAt: now.Add(tokenLifetime), Extra: map[string]any{"permissions": []string{"*"}},
	})
}

// parse reads the flags that both commands have. extra adds a command's own.
func parse(name, usage string, args []string, stdout io.Writer, extra func(*flag.FlagSet)) (local.Options, error) {
	flags := cli.NewFlags("local "+name, usage, stdout)
	opts := local.Options{}
	flags.StringVar(&opts.Project, "project", ".", "the `folder` of a Pulumi project in Go")
	flags.StringVar(&opts.Stack, "stack", "dev", "the `stack` whose configuration is deployed, that of Pulumi.STACK.yaml")
	flags.StringVar(&opts.SecretPath, "secret-path", "", "an SSM `parameter` that gets the random secret of tokens before the deployment (default: the parameters that the functions read get theirs)")
	flags.IntVar(&opts.Port, "port", 0, "where the first API listens on 127.0.0.1 (default: a free port)")
	flags.IntVar(&opts.Concurrency, "concurrency", 0, "how many function invocations may run at once, as the account's limit on AWS (default 100)")
	opts.Settings = map[string]string{}
	flags.Func("ttl", "how long authorizer results are cached, a `duration` such as 5m: short for --config authorizerTtl=5m", func(text string) error {
		if _, err := time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q is no duration such as 0s, 90s or 5m", text)
		}
		opts.Settings[ttlSetting] = text
		return nil
	})
	flags.Func("config", "a setting in place of the stack's, `name=value`, as often as needed; for instance --config authMethods=jwt,apikey,signature; the name may be a path, as in db.password", func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return fmt.Errorf("%q is not name=value", text)
		}
		opts.Settings[name] = value
		return nil
	})
	flags.BoolVar(&opts.Strict, "strict", false, "refuse resources and functions of the AWS provider that the local AWS does not imitate (default: they are recorded, have no effect, and are named on the console)")
	opts.Endpoints = map[string]string{}
	flags.Func("endpoint", "an emulator that you run in the place of a service that the local AWS does not have, `service=url`, as often as needed; for instance --endpoint s3=http://127.0.0.1:9000. The policies of roles hold for it. Its own credentials are read from "+strings.Join(local.EndpointVariables("s3"), " and ")+" (default: test and test)", func(text string) error {
		service, address, found := strings.Cut(text, "=")
		if _, twice := opts.Endpoints[service]; !found || twice {
			return fmt.Errorf("%q is not service=url, each service once", text)
		}
		opts.Endpoints[service] = address
		return nil
	})
	opts.StackReferences = map[string]string{}
	flags.Func("stack-reference", "the outputs of a stack that the program refers to, `stack=file`, as often as needed; for instance --stack-reference acme/network/prod=outputs.json, after pulumi stack output --json --stack acme/network/prod >outputs.json", func(text string) error {
		at := strings.LastIndex(text, "=")
		if at < 1 || at == len(text)-1 {
			return fmt.Errorf("%q is not stack=file", text)
		}
		opts.StackReferences[text[:at]] = text[at+1:]
		return nil
	})
	if extra != nil {
		extra(flags)
	}
	if err := cli.Parse(flags, args); err != nil {
		return local.Options{}, err
	}
	if opts.Port < 0 || opts.Port > 65535 {
		return local.Options{}, cli.Usagef("--port %d is out of range: 1 to 65535, or 0 for a free port", opts.Port)
	}
	if opts.Concurrency < 0 {
		return local.Options{}, cli.Usagef("--concurrency %d is out of range: 1 or more", opts.Concurrency)
	}
	return opts, nil
}
