// Package deployflags has the flags of the parts that deploy a project to a local AWS.
package deployflags

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// ttlSetting is how long API Gateway reuses what the authorizer answered.
const ttlSetting = "authorizerTtl"

// Add adds the flags to a part. The options are complete, but for what takes the output,
// when the part runs.
func Add(cmd *cobra.Command) *local.Options {
	opts := &local.Options{Settings: map[string]string{}, Endpoints: map[string]string{}, StackReferences: map[string]string{}}
	flags := cmd.Flags()
	flags.StringVar(&opts.Project, "project", ".", "the `folder` of a Pulumi project in Go")
	flags.StringVar(&opts.Stack, "stack", "dev", "the `stack` whose configuration is deployed, that of Pulumi.STACK.yaml")
	flags.StringVar(&opts.SecretPath, "secret-path", "", "an SSM `parameter` that gets the random secret of tokens before the deployment (default: the parameters that the functions read get theirs)")
	flags.IntVar(&opts.Port, "port", 0, "where the first API listens on 127.0.0.1 (default: a free port)")
	flags.IntVar(&opts.Concurrency, "concurrency", 0, "how many function invocations may run at once, as the account's limit on AWS (default 100)")
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
	flags.Func("endpoint", "an emulator that you run in the place of a service that the local AWS does not have, `service=url`, as often as needed; for instance --endpoint s3=http://127.0.0.1:9000. The policies of roles hold for it. Its own credentials are read from "+strings.Join(local.EndpointVariables("s3"), " and ")+" (default: test and test)", func(text string) error {
		service, address, found := strings.Cut(text, "=")
		if _, twice := opts.Endpoints[service]; !found || twice {
			return fmt.Errorf("%q is not service=url, each service once", text)
		}
		opts.Endpoints[service] = address
		return nil
	})
	flags.Func("stack-reference", "the outputs of a stack that the program refers to, `stack=file`, as often as needed; for instance --stack-reference acme/network/prod=outputs.json, after pulumi stack output --json --stack acme/network/prod >outputs.json", func(text string) error {
		at := strings.LastIndex(text, "=")
		if at < 1 || at == len(text)-1 {
			return fmt.Errorf("%q is not stack=file", text)
		}
		opts.StackReferences[text[:at]] = text[at+1:]
		return nil
	})
	return opts
}

// Check finds the mistakes in what the flags say.
func Check(opts *local.Options) error {
	switch {
	case opts.Port < 0 || opts.Port > 65535:
		return cli.Usagef("--port %d is out of range: 1 to 65535, or 0 for a free port", opts.Port)
	case opts.Concurrency < 0:
		return cli.Usagef("--concurrency %d is out of range: 1 or more", opts.Concurrency)
	}
	return nil
}
