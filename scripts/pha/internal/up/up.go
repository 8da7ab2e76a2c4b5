// Package up deploys a project to a local AWS and serves it.
package up

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
)

const long = `Deploys a stack to a strict AWS on this machine: the real Pulumi engine, the real
function binaries, no AWS account. It prints the URL of each API, a token and commands to
try, and then shows every request until Ctrl-C, which removes everything.

No file of the project is changed. Functions run natively on this machine's system and
processor; everything else is what the stack would deploy to AWS.`

// state is what the state file holds.
type state struct {
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
	cmd.Flags().BoolVar(&o.watch, "watch", false, "deploy again whenever a file changes that the builds read, or a Pulumi file")
	return cmd
}

// options are what the flags say.
type options struct {
	deploy    *local.Options
	stateFile string
	watch     bool
	verbose   bool
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	start := time.Now()
	if err := deployflags.Check(o.deploy); err != nil {
		return err
	}
	opts := *o.deploy
	opts.Progress = stderr
	opts.Console = stdout
	var pulumi bytes.Buffer
	if !o.verbose {
		opts.Output, opts.Brief = &pulumi, true
	}
	deployment, err := local.Start(ctx, opts)
	said := diagnostics(pulumi.String())
	if said == "" && err != nil { // it is not known what of it matters
		said = pulumi.String()
	}
	if said != "" {
		_, _ = fmt.Fprintln(stderr, said)
	}
	if err != nil {
		return err
	}
	defer func() {
		_, _ = fmt.Fprintln(stderr, "removing everything")
		err = errors.Join(err, deployment.Close())
	}()
	if err := greet(stdout, deployment, deployed.Target{Project: opts.Project, Stack: opts.Stack, Local: true}, time.Since(start)); err != nil {
		return err
	}
	remove, err := deployed.Register(deployment, opts.Project, opts.Stack)
	if err != nil {
		return err
	}
	defer remove()
	if o.stateFile != "" {
		if err := deployed.WriteFile(o.stateFile, stateOf(deployment)); err != nil {
			return fmt.Errorf("writing the state file: %w", err)
		}
		defer func() { _ = os.Remove(o.stateFile) }()
	}
	if o.watch {
		if err := deployment.Watch(ctx, stdout); err != nil {
			return err
		}
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, cli.ErrInterrupted) {
		return cause
	}
	return nil
}

// diagnostics is what Pulumi warns of, and why it has failed: the part of its output that
// begins so, up to the next one.
func diagnostics(output string) string {
	_, found, _ := strings.Cut(output, "\nDiagnostics:\n")
	for _, next := range []string{"\nOutputs:\n", "\nResources:\n", "\nDuration: "} {
		found, _, _ = strings.Cut(found, next)
	}
	return strings.TrimRight(found, "\n ")
}

func stateOf(d *local.Deployment) state {
	s := state{APIs: d.APIs, Outputs: d.Outputs, LogDir: d.AWS.LogDir, Env: d.AWS.Environment()}
	if len(d.APIs) > 0 {
		s.APIURL = d.APIs[0].URL
	}
	if len(d.SecretPaths) > 0 {
		s.SecretPath = d.SecretPaths[0]
	}
	return s
}
