// Command probe asks AWS how API Gateway behaves, and compares that with the local
// AWS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/protected-http-api/protected-http-api/internal/probe"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const usage = `probe deploys some HTTP APIs to AWS, sends them requests, and prints what is expected,
which is what the local AWS does, beside what is observed. Then it removes everything,
when it fails or is interrupted too.

  go run ./scripts/probe --region eu-central-1 --output report
  go run ./scripts/probe --local --only '^cache/'

It uses the usual AWS environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY. README.md says which permissions that needs. A difference makes
the exit code 1; when it cannot be found out whether there is one, the exit code is 2.
`

func main() { cli.Main("probe", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := cli.NewFlags("probe", usage, stdout)
	local := flags.Bool("local", false, "ask a local AWS that is started for it, and no other")
	region := flags.String("region", "", "the AWS `Region` (default: that of the AWS environment)")
	only := flags.String("only", "", "a regular expression of the `names` of experiments")
	list := flags.Bool("list", false, "list the experiments and what they ask")
	output := flags.String("output", "", "a `folder` for the report, as probe.json and probe.md")
	state := flags.String("state", "", "the `folder` for the state of the Pulumi stack, until everything is removed (default: a temporary one)")
	keep := flags.Bool("keep", false, "leave everything there")
	verbose := flags.Bool("verbose", false, "print what is expected beside what is observed where they are the same, too")
	remove := flags.Bool("remove", false, "only remove what an earlier run has left, by its --state")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	options := probe.Options{
		Local: *local, State: *state, Keep: *keep, Progress: stderr,
		Done: func(r probe.Result) { show(stdout, r, *verbose) },
	}
	if *only != "" {
		pattern, err := regexp.Compile(*only)
		if err != nil {
			return cli.Usagef("--only is no regular expression: %v", err)
		}
		options.Only = pattern
	}
	switch {
	case *list:
		return listExperiments(stdout, options.Only)
	case *remove && (*local || *state == ""):
		return cli.Usagef("--remove needs --state, and AWS: a local AWS leaves nothing")
	case *keep && *local:
		return cli.Usagef("--keep and --local exclude each other: the local AWS ends with the command")
	}
	if !*local {
		if *region != "" {
			if err := os.Setenv("AWS_REGION", *region); err != nil {
				return err
			}
		}
		cfg, err := awsconfig.Load(ctx, "the probe's")
		if err != nil {
			return cli.Broken(err)
		}
		options.AWS = cfg
	}
	if *remove {
		return cli.Broken(probe.Remove(ctx, options))
	}
	report, err := probe.Run(ctx, options)
	if err == nil && *output != "" {
		err = report.Write(*output)
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
