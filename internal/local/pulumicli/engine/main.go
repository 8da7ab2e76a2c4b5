// Command engine is Pulumi's engine, with as much of Pulumi's own command around it as a
// deployment to the local AWS uses: a state in a folder, secrets by a passphrase. Pulumi's
// own command has the clients of all clouds in it, and takes minutes to compile.
//
// The automation API runs it as pulumi. It has the arguments, the output and the files of
// Pulumi's own, which reads what this one wrote and the other way round. What is left out is
// refused.
//
// It is compiled in a module of its own, by package pulumicli, and imports nothing of this
// project.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/result"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	"github.com/spf13/cobra"
)

// other says where there is what this command leaves out.
const other = "this is Pulumi's engine for local deployments: install Pulumi from https://www.pulumi.com/docs/install for all else"

func main() {
	logging.InitLogging(false, 0, false)
	if err := newRoot().ExecuteContext(context.Background()); err != nil {
		if !result.IsBail(err) { // which was shown already
			cmdutil.DisplayErrorMessage(err)
		}
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	var cwd, color string
	root := &cobra.Command{
		Use: "pulumi", SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return unknown(cmd, args) },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if cwd != "" {
				if err := os.Chdir(cwd); err != nil {
					return err
				}
			}
			return cmdutil.SetGlobalColorization(color)
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %s", err, other) })
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVarP(&cwd, "cwd", "C", "", "run in this folder")
	flags.StringVar(&color, "color", "auto", "always, never, raw or auto")
	// It never asks.
	flags.BoolVar(&cmdutil.DisableInteractive, "non-interactive", true, "")
	root.AddCommand(
		&cobra.Command{Use: "version", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), version.Version)
		}},
		newStackCommand(), newConfigCommand(),
		newOperation(update), newOperation(preview), newOperation(refresh), newOperation(destroy), newImport(),
	)
	return root
}

// unknown refuses a command that is left out.
func unknown(cmd *cobra.Command, args []string) error {
	return fmt.Errorf("there is no %q: %s", strings.Join(append([]string{cmd.CommandPath()}, args...), " "), other)
}
