// Package verify checks a deployed API from outside, one line a check.
package verify

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/verify"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const long = `Checks any HTTP API by what is deployed: a protected route refuses who has no
credential or a bad one and lets in who has a good one, a public route asks for none, and an
authorizer's answers are reused as long as its TTL says. One line a check; it fails when one
fails, and a check that could not be made says why.

It finds the API in the Pulumi state of the stack, unless --api-id names it, and asks API
Gateway for the routes, by the usual AWS environment. With --local it deploys the stack to a
local AWS, checks every API, and removes everything; an API that {pha} up serves is checked
with --api-id, --api-url and the AWS environment that it prints.

Nothing is changed: of routes with other methods than GET, HEAD and OPTIONS only refusals
are checked, unless --body gives what they are called with.

Where an authorizer has the secret of tokens of this project, the command signs a token with
every permission itself. Other credentials are lines "AUTHORIZER HEADER: VALUE" on standard
input with --credentials-stdin, or in the environment variable PHA_CREDENTIALS: an argument
would be seen by every user of the machine.`

const example = `  {pha} verify --local --stack prod
  {pha} verify --stack prod --body 'POST /events={"name":"x"}'
  echo "shop-partners X-Api-Key: $KEY" | {pha} verify --api-id a1b2c3d4e5 --credentials-stdin`

// envCredentials can hold credentials.
const envCredentials = "PHA_CREDENTIALS"

// New is the part verify of the command.
func New() *cobra.Command {
	o := options{bodies: map[string]string{}}
	cmd := &cobra.Command{
		Use: "verify [flags]", GroupID: cli.GroupLocal,
		Short: "Check what a client sees of a deployment, local or on AWS",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := deployflags.Check(o.deploy); err != nil {
				return err
			}
			given, err := o.credentials(cmd.InOrStdin())
			if err != nil {
				return err
			}
			o.given = given
			if o.local {
				return o.runLocal(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.deploy = deployflags.Add(cmd)
	flags := cmd.Flags()
	o.flags = flags
	flags.BoolVar(&o.local, "local", false, "deploy the stack to a local AWS, and check that")
	flags.StringVar(&o.api, "api-id", "", "the API's `ID` (default: that which is found)")
	flags.StringVar(&o.stage, "api-stage", "", "the `stage` of the API (default: that which is found, with --api-id $default)")
	flags.StringVar(&o.named, "api", "", "the `name` or ID of an API, where the stack has several")
	flags.StringVar(&o.url, "api-url", "", "where the stage serves, a `URL` (default: the API's own endpoint, or a domain where that is disabled)")
	flags.BoolVar(&o.stdin, "credentials-stdin", false, "read credentials from standard input")
	flags.Func("body", "call a route that may change something, with a body, `route=body`, as often as needed; it has to answer 2xx", func(text string) error {
		key, body, found := strings.Cut(text, "=")
		if _, twice := o.bodies[key]; !found || key == "" || twice {
			return fmt.Errorf("%q is not route=body, each route once, such as POST /orders={}", text)
		}
		o.bodies[key] = body
		return nil
	})
	return cmd
}

// options are what the flags say.
type options struct {
	deploy          *local.Options
	local, stdin    bool
	api, stage, url string
	named           string
	bodies          map[string]string
	given           map[string]verify.Credential
	flags           *pflag.FlagSet
}

// run checks an API that is deployed.
func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.url != "" {
		if err := verify.CheckURL(o.url); err != nil { // before there is a token
			return cli.Usagef("--api-url: %w", err)
		}
	}
	target := deployed.Given(o.flags, o.deploy.Project, o.deploy.Stack, o.named)
	id, stage, err := target.APIAndStage(ctx, o.api, o.stage, stderr)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	cfg, err := awsconfig.Load(limited, "the API's")
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	api, err := verify.Find(limited, cfg, id, stage)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	api.URL = cmp.Or(strings.TrimSuffix(o.url, "/"), api.URL)
	return o.verify(ctx, stdout, cfg, api, func(path string) (authz.Key, error) { return parameter.ReadKey(ctx, path, "") })
}

// verify runs the checks, with the credentials that are given and those that can be
// signed.
func (o options) verify(ctx context.Context, stdout io.Writer, cfg aws.Config, api verify.API, key func(path string) (authz.Key, error)) error {
	credentials := map[string]verify.Credential{}
	for _, route := range api.Routes {
		a := route.Authorizer
		if a == nil {
			continue
		}
		_, has := credentials[a.Name]
		given, is := o.given[a.Name]
		switch {
		case has:
		case is:
			credentials[a.Name] = given
		case a.SecretPath != "":
			signed, err := sign(a, key)
			if err != nil {
				return fmt.Errorf("signing a token for the authorizer %s (give one with --credentials-stdin or %s): %w", a.Name, envCredentials, err)
			}
			credentials[a.Name] = verify.Credential{Header: http.Header{"Authorization": {"Bearer " + signed}}, Everything: true}
		}
	}
	for name, given := range o.given {
		if _, has := credentials[name]; !has {
			credentials[name] = given // which Run refuses
		}
	}
	return verify.Run(ctx, verify.Options{API: api, AWS: cfg, Credentials: credentials, Bodies: o.bodies}, func(r verify.Result) {
		_, _ = fmt.Fprintln(stdout, r)
	})
}

// tokenLifetime is longer than all checks take together.
const tokenLifetime = 15 * time.Minute

// sign makes a token with the secret that the authorizer reads.
func sign(a *verify.Authorizer, read func(path string) (authz.Key, error)) (string, error) {
	key, err := read(a.SecretPath)
	if err != nil {
		return "", err
	}
	now := time.Now()
	extra := map[string]any{"permissions": []string{"*"}}
	token.Fit(extra, token.ReadAccepts(a.Accepts))
	return token.SignWith(key, token.Claims{Subject: "verify", IssuedAt: now, ExpiresAt: now.Add(tokenLifetime), Extra: extra})
}

// maxInput is more than API Gateway takes in the headers of a hundred authorizers, 10 KB
// each (HTTP API quotas, "Total combined size of request line and header values").
const maxInput = 1 << 20

// credentials reads what is given.
func (o options) credentials(stdin io.Reader) (map[string]verify.Credential, error) {
	text := os.Getenv(envCredentials)
	if o.stdin {
		if text != "" {
			return nil, cli.Usagef("--credentials-stdin and the environment variable %s are both given", envCredentials)
		}
		content, err := io.ReadAll(io.LimitReader(stdin, maxInput))
		if err != nil {
			return nil, fmt.Errorf("reading credentials from standard input: %w", err)
		}
		if text = string(content); strings.TrimSpace(text) == "" {
			return nil, cli.Usagef("--credentials-stdin is given, but standard input is empty")
		}
	}
	all := map[string]verify.Credential{}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, maxInput)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		authorizer, header, _ := strings.Cut(line, " ")
		name, value, found := strings.Cut(header, ":")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !found || name == "" || value == "" {
			return nil, cli.Usagef("line %d of the credentials, which is not shown, is not AUTHORIZER HEADER: VALUE", number)
		}
		if all[authorizer].Header == nil {
			all[authorizer] = verify.Credential{Header: http.Header{}}
		}
		all[authorizer].Header.Set(name, value)
	}
	return all, nil
}
