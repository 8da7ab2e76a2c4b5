// Command bench measures this project beside what a user would pick instead, in one run,
// and says of each figure what it is worth:
//
//	go run ./scripts/bench --help
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/safepath"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/build"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/cold"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/deploy"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/gateway"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/publish"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/store"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/verify"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/warm"
)

const usage = `Usage: go run ./scripts/bench [flags] [PART...]
       go run ./scripts/bench publish FILE [LATER...]

Measures this project beside what a user would pick instead: the sides in turn, in one run.
Prints a table a part on the standard output, and what happens on the standard error.
Without a PART, or with all, it measures all of them:

%s
Flags:
  --json        print JSON in place of the tables
  --quick       few repeats: whether all can be measured, and not how fast it is
  --first-run   measure in deploy the first run on a bare machine too, which takes minutes
  --help        print this

It needs Go. Peers of other languages are installed with npm into the user's cache folder,
or taken from python3; those that cannot be had are named and skipped. Measure on a quiet
machine: a figure whose spread says that it means nothing is not given.

  go run ./scripts/bench all --json >run.json && go run ./scripts/bench publish run.json

writes the tables into BENCHMARKS.md and the plot of what matters most to
docs/benchmarks.svg. Files of later runs replace or add the parts that these have measured.

Exit codes: 0, whether targets are met or missed; 1 when something could not be measured,
2 when the command was called wrongly, 130 when it was interrupted.
`

// part is one of those that the command measures.
type part struct {
	name, title string
	measure     func(context.Context, *bench.Env, *report.Part) error
}

var parts = []part{
	{"cold", "the start of a function", cold.Measure},
	{"warm", "a call of a function that runs", warm.Measure},
	{"build", "the functions of a program", build.Measure},
	{"verify", "credentials, in one process", verify.Measure},
	{"gateway", "requests through the local API Gateway", gateway.Measure},
	{"page", "the live page, while 200 clients send requests", gateway.MeasurePage},
	{"store", "the local DynamoDB", store.Measure},
	{"deploy", "from a change to its service", deploy.Measure},
}

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errInterrupted is the cause of a context that a signal has ended.
var errInterrupted = errors.New("interrupted")

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		signal.Stop(signals) // another one ends the process
		cancel(errInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func help() string {
	var list strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&list, "  %-12s  %s\n", p.name, p.title)
	}
	return fmt.Sprintf(usage, list.String())
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON, quick, first := flags.Bool("json", false, ""), flags.Bool("quick", false, ""), flags.Bool("first-run", false, "")
	chosen, err := choose(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, help())
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "bench: %v\ngo run ./scripts/bench --help prints its usage\n", err)
		return exitUsage
	}
	if chosen == nil {
		return end(publishFiles(ctx, flags.Args()), stderr)
	}
	result, err := measure(ctx, chosen, bench.Env{Quick: *quick, FirstRun: *first, Progress: stderr})
	if err == nil {
		if *asJSON {
			encoder := json.NewEncoder(stdout)
			encoder.SetIndent("", " ")
			err = encoder.Encode(result)
		} else {
			err = result.Write(stdout)
		}
	}
	if err == nil {
		err = result.Err()
	}
	return end(err, stderr)
}

// end says what went wrong, and returns the exit code.
func end(err error, stderr io.Writer) int {
	switch {
	case errors.Is(err, errInterrupted):
		_, _ = fmt.Fprintln(stderr, "bench: interrupted")
		return exitInterrupted
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "bench:", err)
		return exitFailed
	}
	return 0
}

// publishFiles publishes the run in the first file that is named, with the parts of later
// runs in the others.
func publishFiles(ctx context.Context, names []string) error {
	folder, err := root(ctx)
	if err != nil {
		return err
	}
	var files []io.Reader
	for _, name := range names {
		file, err := os.Open(name) //nolint:gosec // the user names it
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it is read only
		files = append(files, file)
	}
	return publish.Publish(folder, files[0], files[1:]...)
}

// choose reads the arguments: flags and parts in whatever order; none with publish, whose
// files are then left.
func choose(flags *flag.FlagSet, args []string) ([]part, error) {
	if len(args) > 0 && args[0] == "publish" {
		if err := flags.Parse(args[1:]); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 || flags.NFlag() > 0 {
			return nil, errors.New("publish takes files, what --json printed, and no flags")
		}
		return nil, nil
	}
	var names []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			break
		}
		names, args = append(names, flags.Arg(0)), flags.Args()[1:]
	}
	if len(names) == 0 || slices.Contains(names, "all") {
		return parts, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return nil, fmt.Errorf("there is no part %q", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !slices.Contains(names, p.name) }), nil
}

// measure measures the parts one after the other. One that fails does not keep the others
// from being measured.
func measure(ctx context.Context, chosen []part, e bench.Env) (_ *report.Run, err error) {
	if e.Root, err = root(ctx); err != nil {
		return nil, err
	}
	if e.Cache, err = safepath.Cache("bench"); err != nil {
		return nil, err
	}
	if e.Temp, err = safepath.Temp("protected-http-api-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(e.Temp)) }()
	start := time.Now()
	result := &report.Run{Started: start, Quick: e.Quick, Machine: report.Look(ctx, e.Root)}
	for _, p := range chosen {
		began := time.Now()
		filled := report.Part{}
		err := p.measure(ctx, &e, &filled)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			e.Logf("%s: failed: %v", p.name, err)
			filled.Failed = err.Error()
		}
		filled.Name, filled.Title, filled.Seconds = p.name, p.title, time.Since(began).Seconds()
		e.Logf("%s: %.0f s", p.name, filled.Seconds)
		result.Parts = append(result.Parts, filled)
	}
	result.Seconds = time.Since(start).Seconds()
	return result, nil
}

// root is the project's folder.
func root(ctx context.Context) (string, error) {
	out, err := bench.Run(ctx, "", nil, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return "", fmt.Errorf("finding the project: %w", err)
	}
	const module = "github.com/protected-http-api/protected-http-api"
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(out)), module+" ")
	if !ok {
		return "", fmt.Errorf("the working directory is not in a checkout of %s: run the command in one", module)
	}
	return filepath.Clean(dir), nil
}
