package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Groups of the parts, as the help shows them.
const (
	GroupLocal       = "local"
	GroupCredentials = "credentials"
	GroupDeployed    = "deployed"
	GroupProject     = "project"
)

var groups = []*cobra.Group{
	{ID: GroupLocal, Title: "On this machine, without AWS:"},
	{ID: GroupCredentials, Title: "Credentials to call an API with:"},
	{ID: GroupDeployed, Title: "What is deployed:"},
	{ID: GroupProject, Title: "Beside it:"},
}

const rootLong = `{pha} deploys, checks and looks after the APIs of a Pulumi project.
Each command has --help. Exit codes: 0; 1 when it fails, 2 when it was called wrongly, 130
when it was interrupted. go run and go tool end with 1 for each of the last three.`

// usage is cobra's template in fewer lines. A line of the help is no longer than 100
// characters, whatever the terminal: the help is also read in files.
const usage = `Usage: {{.UseLine}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{$all := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if and .HasAvailableSubCommands (not .Groups)}}

Commands:{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of all commands:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}
`

// Main runs the command that has these parts, and exits. The first SIGINT, SIGTERM or
// SIGHUP cancels the context, so that the command can clean up; a later one ends the
// process at once.
func Main(parts ...*cobra.Command) {
	os.Exit(main(parts, os.Args[1:], os.Stdout, os.Stderr))
}

func main(parts []*cobra.Command, args []string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel(ErrInterrupted)
		for first := time.Now(); ; {
			if <-signals; time.Since(first) > repeated {
				os.Exit(exitInterrupted)
			}
		}
	}()
	endWithGoRun()
	part, runs, err := execute(ctx, parts, args, stdout, stderr)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "%s: %s\n", fullName(part), list(err))
	switch {
	case !runs, errors.As(err, new(usageError)): // what cobra finds is wrong in the arguments
		_, _ = fmt.Fprintf(stderr, "%s --help prints its usage\n", part.CommandPath())
		return exitUsage
	case errors.Is(err, ErrInterrupted):
		return exitInterrupted
	case errors.As(err, new(brokenError)):
		return exitBroken
	}
	return exitFailed
}

// Run runs the command in the process of a test.
func Run(ctx context.Context, parts []*cobra.Command, args []string, stdout, stderr io.Writer) error {
	_, _, err := execute(ctx, parts, args, stdout, stderr)
	return err
}

// Call runs one part of it.
func Call(ctx context.Context, part *cobra.Command, args []string, stdout, stderr io.Writer) error {
	return Run(ctx, []*cobra.Command{part}, append([]string{part.Name()}, args...), stdout, stderr)
}

// execute returns the part that the arguments call, and whether they were found good.
func execute(ctx context.Context, parts []*cobra.Command, args []string, stdout, stderr io.Writer) (part *cobra.Command, runs bool, err error) {
	root := newRoot(parts, args, &runs)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	part, err = root.ExecuteContextC(ctx)
	return part, runs, err
}

// The help lists the parts in the order in which they are added.
func init() { cobra.EnableCommandSorting = false }

// newRoot has runs set when the arguments are found good and a part begins.
func newRoot(parts []*cobra.Command, args []string, runs *bool) *cobra.Command {
	root := &cobra.Command{
		Use: name + " COMMAND [flags]", Long: Text(rootLong),
		SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		Annotations:           map[string]string{cobra.CommandDisplayNameAnnotation: Called},
		PersistentPreRun:      func(*cobra.Command, []string) { *runs = true },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return cmd.Help()
		},
		SuggestionsMinimumDistance: 2,
	}
	root.AddGroup(groups...)
	root.SetHelpCommandGroupID(GroupProject)
	root.SetCompletionCommandGroupID(GroupProject)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root && !strings.HasPrefix(args[0], "-") { // the flags are of a command that is not there
			return unknown(cmd, args[0])
		}
		return explainFlag(err)
	})
	root.SetUsageTemplate(usage)
	root.PersistentFlags().BoolP("verbose", "v", false, "show everything, Pulumi's own lines and each resource among them")
	for _, part := range parts {
		prepare(part)
		root.AddCommand(part)
	}
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		cmd.Hidden = cmd.Hidden || cmd.Name() == "help" // which is there, but --help is enough to know
	}
	return root
}

// unknown says that a command is not there.
func unknown(root *cobra.Command, given string) error {
	near := root.SuggestionsFor(given)
	if len(near) == 0 {
		return Usagef("there is no command %q", given)
	}
	return Usagef("there is no command %q; did you mean %s?", given, strings.Join(near, " or "))
}

// prepare puts how the command was called into a part's texts.
func prepare(part *cobra.Command) {
	part.Long, part.Example = Text(part.Long), strings.TrimRight(Text(part.Example), "\n")
	part.DisableFlagsInUseLine = true
	if part.Args == nil {
		part.Args = NoArgs
	}
	for _, below := range part.Commands() {
		prepare(below)
	}
}

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return fmt.Errorf("there is no command %q", args[0])
	}
	return fmt.Errorf("unexpected argument %q", args[0])
}

// Verbose reports whether everything is to be shown.
func Verbose(cmd *cobra.Command) bool {
	verbose, err := cmd.Flags().GetBool("verbose")
	return err == nil && verbose
}

// fullName is a part's name, without how the command was called.
func fullName(part *cobra.Command) string {
	return name + strings.TrimPrefix(part.CommandPath(), Called)
}

// explainFlag says what a duration looks like, where cobra names its parser's complaint.
func explainFlag(err error) error {
	invalid := (*pflag.InvalidValueError)(nil)
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration" {
		return Usagef("invalid argument %q for --%s: write a number with a unit, such as 90s, 15m or 24h", invalid.GetValue(), invalid.GetFlag().Name)
	}
	return usageError{err}
}

// list writes several errors that were joined one below the other.
func list(err error) string {
	errs := equals(err)
	if len(errs) < 2 {
		return err.Error()
	}
	text := fmt.Sprintf("%d errors", len(errs))
	for _, err := range errs {
		text += "\n  - " + strings.ReplaceAll(err.Error(), "\n", "\n    ")
	}
	return text
}

// equals are the errors that were joined to one.
func equals(err error) (errs []error) {
	switch e := err.(type) { //nolint:errorlint // what is wrapped is part of a sentence
	case usageError:
		return equals(e.error)
	case brokenError:
		return equals(e.error)
	case interface{ Unwrap() []error }:
		var texts []string
		for _, one := range e.Unwrap() {
			errs = append(errs, equals(one)...)
			texts = append(texts, one.Error())
		}
		if strings.Join(texts, "\n") == err.Error() { // or else fmt.Errorf has put them into a sentence
			return errs
		}
	}
	return []error{err}
}
