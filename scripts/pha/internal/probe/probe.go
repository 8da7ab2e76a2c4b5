// Package probe asks AWS how API Gateway behaves, and compares that with the local
// AWS.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/probe"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const long = `Deploys some HTTP APIs to AWS, sends them requests, and prints what is expected, which is
what the local AWS does, beside what is observed. Then it removes everything, when it
fails or is interrupted too.

It uses the usual AWS environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY. docs/probe.md says which permissions that needs. A difference makes
the exit code 1; when it cannot be found out whether there is one, the exit code is 2.`

const example = `  {pha} probe --region eu-central-1 --output report
  {pha} probe --local --only '^cache/'`

// New is the part probe of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "probe [flags]", GroupID: cli.GroupProject,
		Short: "Ask AWS how it behaves, and compare the local AWS",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.verbose = cli.Verbose(cmd)
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.local, "local", false, "ask a local AWS that is started for it, and no other")
	flags.StringVar(&o.region, "region", "", "the AWS `Region` (default: that of the AWS environment)")
	flags.StringVar(&o.only, "only", "", "a regular expression of the `names` of experiments")
	flags.BoolVar(&o.list, "list", false, "list the experiments and what they ask")
	flags.StringVar(&o.output, "output", "", "a `folder` for the report, as probe.json and probe.md")
	flags.StringVar(&o.state, "state", "", "the `folder` for the state of the Pulumi stack, until everything is removed (default: a temporary one)")
	flags.BoolVar(&o.keep, "keep", false, "leave everything there")
	flags.BoolVar(&o.remove, "remove", false, "only remove what an earlier run has left, by its --state")
	return cmd
}

// options are what the flags say.
type options struct {
	local, list, keep, verbose, remove bool
	region, only, output, state        string
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	opts := probe.Options{
		Local: o.local, State: o.state, Keep: o.keep, Progress: stderr,
		Done: func(r probe.Result) { show(stdout, r, o.verbose) },
	}
	if o.only != "" {
		pattern, err := regexp.Compile(o.only)
		if err != nil {
			return cli.Usagef("--only is no regular expression: %v", err)
		}
		opts.Only = pattern
	}
	switch {
	case o.list:
		return listExperiments(stdout, opts.Only)
	case o.remove && (o.local || o.state == ""):
		return cli.Usagef("--remove needs --state, and AWS: a local AWS leaves nothing")
	case o.keep && o.local:
		return cli.Usagef("--keep and --local exclude each other: the local AWS ends with the command")
	}
	if !o.local {
		if o.region != "" {
			if err := os.Setenv("AWS_REGION", o.region); err != nil {
				return err
			}
		}
		cfg, err := awsconfig.Load(ctx, "the probe's")
		if err != nil {
			return cli.Broken(err)
		}
		opts.AWS = cfg
	}
	if o.remove {
		return cli.Broken(probe.Remove(ctx, opts))
	}
	report, err := probe.Run(ctx, opts)
	if err == nil && o.output != "" {
		err = report.Write(o.output)
	}
	if err != nil {
		return cli.Broken(err)
	}
	made, different := report.Count()
	_, _ = fmt.Fprintf(stdout, "%d experiments, %d with a difference\n", made, different)
	if report.Incomplete {
		return cli.Broken(errors.New("a part of the stack could not be made: Pulumi's output says which, and why"))
	}
	if different > 0 {
		return fmt.Errorf("%d of %d experiments show a difference between AWS and the local AWS", different, made)
	}
	return nil
}

func listExperiments(stdout io.Writer, only *regexp.Regexp) error {
	for _, e := range probe.Experiments() {
		if only != nil && !only.MatchString(e.Name) {
			continue
		}
		_, _ = fmt.Fprintf(stdout, "%s: %s\n", e.Name, e.Asks)
		if e.Cannot != "" {
			_, _ = fmt.Fprintf(stdout, "    cannot be asked: %s\n", e.Cannot)
		}
	}
	return nil
}

// show prints a result: of a difference, or of all where verbose is set, what is
// expected beside what is observed.
func show(stdout io.Writer, r probe.Result, verbose bool) {
	switch {
	case r.Cannot != "":
		_, _ = fmt.Fprintf(stdout, "not asked  %s: %s\n", r.Name, r.Cannot)
		return
	case r.Same():
		_, _ = fmt.Fprintf(stdout, "same       %s%s\n", r.Name, r.Tries())
	default:
		_, _ = fmt.Fprintf(stdout, "DIFFERENT  %s%s: %s\n", r.Name, r.Tries(), r.Asks)
	}
	if r.Same() && !verbose {
		return
	}
	for _, s := range r.Steps {
		for _, c := range s.Checks {
			mark := "    "
			if !c.Same {
				mark = "  ! "
			}
			_, _ = fmt.Fprintf(stdout, "%s%s: %s: expected %s, observed %s\n", mark, s.Request, c.What, c.Expected, c.Observed)
		}
	}
}
