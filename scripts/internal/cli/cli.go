// Package cli is what the project's commands have in common: flags with a
// --help, exit codes, and an end on Ctrl-C that leaves nothing behind.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
	exitBroken = 2
	// exitInterrupted is what shells report of a command that SIGINT ended.
	exitInterrupted = 130
)

// Run is a command: results go to stdout, talk goes to stderr.
type Run func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// ErrInterrupted is the cause of a context that a signal ended.
var ErrInterrupted = errors.New("interrupted")

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// Usagef makes an error that ends a command with the exit code 2.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// brokenError is a failure of a command whose exit code 1 says something else.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// Broken makes an error that ends a command with the exit code 2, of one whose exit
// code 1 is a finding. An interruption stays one, and nil stays nil.
func Broken(err error) error {
	if err == nil {
		return nil
	}
	return brokenError{err}
}

// repeated is how long further signals count as the first one: a process whose
// parent ends gets one for each of the parent's threads.
const repeated = time.Second

// Main runs a command and exits. The first SIGINT, SIGTERM or SIGHUP cancels
// the context, so that the command can clean up; a later one ends the process
// at once.
func Main(name string, run Run) {
	os.Exit(main(name, run, os.Args[1:], os.Stdout, os.Stderr))
}

func main(name string, run Run, args []string, stdout, stderr io.Writer) int {
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
	err := run(ctx, args, stdout, stderr)
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(stderr, "%s: %v\ngo run ./scripts/%s --help prints its usage\n", name, err, name)
		return exitUsage
	case errors.Is(err, ErrInterrupted):
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return exitInterrupted
	case errors.As(err, new(brokenError)):
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return exitBroken
	default:
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return exitFailed
	}
}

// exitCodes ends each command's usage.
const exitCodes = `
The exit code is 0; 1 when it fails, 2 when it was called wrongly, 130 when it was
interrupted. go run itself ends with 1 for each of the last three.
`

// NewFlags returns a flag set whose --help prints usage, the exit codes and every
// flag.
func NewFlags(name, usage string, stdout io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stdout, "%s%s\n", usage, exitCodes)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		flags.SetOutput(io.Discard)
	}
	return flags
}

// Parse parses flags and refuses further arguments.
func Parse(flags *flag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return Usagef("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// ParseArgs parses flags and returns the further arguments, between which flags
// may stand.
func ParseArgs(flags *flag.FlagSet, args []string) ([]string, error) {
	var further []string
	for {
		if err := parse(flags, args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return further, nil
		}
		further, args = append(further, flags.Arg(0)), flags.Args()[1:]
	}
}

func parse(flags *flag.FlagSet, args []string) error {
	// The flag package would print the usage on a mistake too; only --help
	// shall.
	usage := flags.Usage
	flags.Usage = func() {}
	err := flags.Parse(args)
	flags.Usage = usage
	switch {
	case errors.Is(err, flag.ErrHelp):
		usage()
		return err
	case err != nil:
		return usageError{explain(flags, err)}
	}
	return nil
}

// notDuration is what the flag package says of a duration that is none.
var notDuration = regexp.MustCompile(`^(.* for flag -([^ ]+)): parse error$`)

// explain adds to that what a duration looks like.
func explain(flags *flag.FlagSet, err error) error {
	match := notDuration.FindStringSubmatch(err.Error())
	if match == nil {
		return err
	}
	if getter, ok := flags.Lookup(match[2]).Value.(flag.Getter); ok {
		if _, ok := getter.Get().(time.Duration); ok {
			return fmt.Errorf("%s: write a number with a unit, such as 90s, 15m or 24h", match[1])
		}
	}
	return err
}
