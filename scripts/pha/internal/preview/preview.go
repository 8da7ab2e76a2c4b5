// Package preview tells what an update would do to a stack, without an AWS account.
package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployflags"
)

const long = `Tells what pulumi up would do to a stack: what would be created, updated and,
loudly, replaced or deleted, tables first. The real engine compares the program with the
state of the stack; the AWS that it asks is on this machine, so no AWS account is needed.
Functions are compiled as for AWS: one whose code has not changed is no change.

The state is that of pulumi stack export, which the command runs by your own Pulumi login;
or a file that it has written, with --state. Of the state nothing is changed. Values that
are secret in it are not compared, and resources that have some are named.

What the program looks up on AWS and the stack has not made is not there. Resources of
types that the local AWS does not imitate are compared property by property, and a change
of one is shown as an update, although AWS might have to replace it.`

const example = `  {pha} preview --stack prod
  pulumi stack export --stack prod >prod.json && {pha} preview --stack prod --state prod.json`

// ErrChanges is returned with --expect-no-changes where there are some.
var ErrChanges = errors.New("there are changes, and none were expected")

// New is the part preview of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "preview [flags]", GroupID: cli.GroupLocal,
		Short: "Tell what an update would create, update, replace or delete",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := deployflags.Check(o.deploy); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.deploy = deployflags.Add(cmd)
	cmd.Flags().StringVar(&o.state, "state", "", "a `file` that pulumi stack export has written, empty for a new stack (default: what pulumi stack export says now)")
	cmd.Flags().BoolVar(&o.none, "expect-no-changes", false, "fail where there are changes")
	return cmd
}

// options are what the flags say.
type options struct {
	deploy *local.Options
	state  string
	none   bool
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	opts := *o.deploy
	opts.Progress, opts.Console = stderr, stderr
	full := opts.Stack
	opts.Stack = path.Base(full) // without its organization and project
	var state []byte
	var err error
	if o.state != "" {
		if state, err = os.ReadFile(o.state); err != nil {
			return fmt.Errorf("reading the state: %w", err)
		}
	} else if state, err = export(ctx, opts, full); err != nil {
		return err
	}
	plan, err := local.Preview(ctx, opts, state)
	if err != nil {
		return err
	}
	if err := tell(stdout, plan); err != nil {
		return err
	}
	if o.none && len(plan.Changes) > 0 {
		return ErrChanges
	}
	return nil
}

// export asks the user's own backend for the state of a stack.
func export(ctx context.Context, opts local.Options, stack string) ([]byte, error) {
	state, err := deployed.Export{Dir: opts.Project, Stack: stack, Temp: opts.Temp, Progress: opts.Progress}.Run(ctx)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("the state of the stack %s could not be had: %w: log in with pulumi login, or give a file that it has written with --state, an empty one for a new stack", stack, err)
	}
	return state, err
}

// tell prints the plan.
func tell(w io.Writer, plan *local.Plan) error {
	var b strings.Builder
	counts := map[local.ChangeKind]int{}
	lost := false
	for _, c := range plan.Changes {
		counts[c.Kind]++
		if c.Loses() && !lost {
			lost = true
			b.WriteString("THIS IS LOST, with all that it holds:\n")
		}
		if lost && !c.Loses() {
			lost = false
			b.WriteString("\n")
		}
		b.WriteString(line(c))
	}
	if len(plan.Changes) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d created, %d updated, %d replaced, %d deleted, %d unchanged\n",
		counts[local.Create], counts[local.Update], counts[local.Replace], counts[local.Delete], plan.Same)
	if len(plan.Secrets) > 0 {
		fmt.Fprintf(&b, "Not compared: the secret values of %s\n", strings.Join(plan.Secrets, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// marks are how the changes look at the beginning of their lines.
var marks = map[local.ChangeKind]string{
	local.Create: "  + create ", local.Update: "  ~ update ", local.Replace: "!!! REPLACE", local.Delete: "!!! DELETE ",
}

// line is that of a change: aws:dynamodb/table:Table is Table there.
func line(c local.Change) string {
	text := fmt.Sprintf("%s %-12s %s", marks[c.Kind], c.Type[strings.LastIndex(c.Type, ":")+1:], c.Name)
	if len(c.Properties) > 0 {
		text += " [" + strings.Join(c.Properties, ", ") + "]"
	}
	if c.Loses() && c.ID != "" {
		text += ", which is " + c.ID
	}
	return strings.TrimRight(text, " ") + "\n"
}
