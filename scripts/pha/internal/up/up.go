// Package up deploys a project to a local AWS and serves it.
package up

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
	"github.com/protected-http-api/protected-http-api/scripts/internal/page"
)

const long = `Deploys a stack to a strict AWS on this machine: the real Pulumi engine, the real
function binaries, no AWS account. It prints the address of a live page, which shows how
each request is decided, the URL of each API, a token and commands to try, and then every
request until Ctrl-C, which removes everything.

Whoever has the page's address may see and change what is deployed here: it is random, and
good for this machine alone.

No file of the project is changed. Functions run natively on this machine's system and
processor; everything else is what the stack would deploy to AWS.`

// state is what the state file holds.
type state struct {
	// PageURL is the address of the live page.
	PageURL string `json:"pageUrl"`
	// APIURL is the address of the first of APIs.
	APIURL string `json:"apiUrl,omitempty"`
	// APIs are all of them, sorted by name.
	APIs []local.API `json:"apis"`
	// SecretPath is the first SSM parameter that holds the secret of tokens, if
	// any does.
	SecretPath string `json:"secretPath,omitempty"`
	// Outputs are the stack's outputs, without secret ones.
	Outputs map[string]any `json:"outputs"`
	// LogDir has one file a log group, named after it.
	LogDir string `json:"logDir"`
	// Env makes AWS clients talk to the local AWS.
	Env map[string]string `json:"env"`
}

// New is the part up of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "up [flags]", GroupID: cli.GroupLocal,
		Short: "Deploy a stack to a local AWS and serve it until Ctrl-C",
		Long:  long, Example: "  {pha} up --stack prod --port 8080",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.verbose = cli.Verbose(cmd)
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.deploy = deployflags.Add(cmd)
	cmd.Flags().StringVar(&o.stateFile, "state-file", "", "when the API serves, write what a test needs to know to this `file`, as JSON")
	cmd.Flags().IntVar(&o.pagePort, "page-port", 0, "where the live page is served on 127.0.0.1 (default: a free port)")
	cmd.Flags().BoolVar(&o.open, "open", false, "open the live page in the browser")
	cmd.Flags().BoolVar(&o.watch, "watch", false, "deploy again whenever a file changes that the builds read, or a Pulumi file")
	return cmd
}

// options are what the flags say.
type options struct {
	deploy    *local.Options
	stateFile string
	pagePort  int
	open      bool
	watch     bool
	verbose   bool
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	start := time.Now()
	if err := deployflags.Check(o.deploy); err != nil {
		return err
	}
	if o.pagePort < 0 || o.pagePort > 65535 {
		return cli.Usagef("--page-port %d is out of range: 1 to 65535, or 0 for a free port", o.pagePort)
	}
	if o.pagePort != 0 && o.pagePort == o.deploy.Port {
		return cli.Usagef("--page-port and --port are both %d: the live page and the API need a port each", o.pagePort)
	}
	opts := *o.deploy
	opts.Progress = stderr
	opts.Console = stdout
	live, err := page.New(o.pagePort, console.New(stdout))
	if err != nil {
		return err
	}
	var deployment *local.Deployment
	defer func() {
		err = errors.Join(err, live.Close()) // first: what it tries is in flight
		if deployment != nil {
			_, _ = fmt.Fprintln(stderr, "removing everything")
			err = errors.Join(err, deployment.Close())
		}
	}()
	live.Follow(&opts)
	var pulumi bytes.Buffer
	if !o.verbose {
		opts.Output, opts.Brief = &pulumi, true
	}
	deployment, err = local.Start(ctx, opts)
	said := local.Diagnostics(pulumi.String())
	if said == "" && err != nil { // it is not known what of it matters
		said = pulumi.String()
	}
	if said != "" {
		_, _ = fmt.Fprintln(stderr, said)
	}
	if err != nil {
		return err
	}
	if err := greet(stdout, deployment, live.URL, deployed.Target{Project: opts.Project, Stack: opts.Stack, Local: true}, time.Since(start)); err != nil {
		return err
	}
	remove, err := deployed.Register(deployment, opts.Project, opts.Stack)
	if err != nil {
		return err
	}
	defer remove()
	if o.stateFile != "" {
		if err := deployed.WriteFile(o.stateFile, stateOf(deployment, live.URL)); err != nil {
			return fmt.Errorf("writing the state file: %w", err)
		}
		defer func() { _ = os.Remove(o.stateFile) }()
	}
	if o.open {
		remove, err := openPage(ctx, opts.Temp, live.URL, stderr)
		if err != nil {
			return err
		}
		defer remove()
	}
	if o.watch {
		err = deployment.Watch(ctx, stdout)
	} else {
		err = deployment.Serve(ctx, stdout)
	}
	if err != nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, cli.ErrInterrupted) {
		return cause
	}
	return nil
}

func stateOf(d *local.Deployment, page string) state {
	s := state{PageURL: page, APIs: d.APIs, Outputs: d.Outputs, LogDir: d.AWS.LogDir, Env: d.AWS.Environment()}
	if len(d.APIs) > 0 {
		s.APIURL = d.APIs[0].URL
	}
	if len(d.SecretPaths) > 0 {
		s.SecretPath = d.SecretPaths[0]
	}
	return s
}
