// Command sides measures the verification of credentials by this project and by others, in
// turn and in one process, and prints the part of the report as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

func main() {
	quick := flag.Bool("quick", false, "few and short rounds")
	flag.Parse()
	if err := run(context.Background(), &bench.Env{Quick: *quick, Progress: io.Discard}, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sides:", err)
		os.Exit(1)
	}
}

// side is one that is measured. Its run fails where the side does not do what it is for.
type side struct {
	name string
	run  func(context.Context) error
}

func run(ctx context.Context, e *bench.Env, out io.Writer) error {
	sides, err := all()
	if err != nil {
		return err
	}
	part := report.Part{Notes: []string{"One run in processor time, garbage collection included. All sides are in one process, and a side that gives a wrong answer fails."}}
	batch := time.Duration(e.Repeats(20, 1)) * time.Millisecond
	var measured []bench.Side
	for _, s := range sides {
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		measured = append(measured, bench.Single(s.name, report.Seconds, batches(s, batch)))
	}
	if err := e.Rounds(ctx, &part, 1, e.Repeats(41, 5), measured...); err != nil {
		return err
	}
	for _, s := range sides {
		n := bench.Allocations(func() { _ = s.run(ctx) })
		part.Find(s.name).Allocations = &n
	}
	if err := compare(&part); err != nil {
		return err
	}
	part.Versions = versions("github.com/golang-jwt/jwt/v5", "github.com/cristalhq/jwt/v5", "github.com/cedar-policy/cedar-go")
	return json.NewEncoder(out).Encode(part)
}

// batches runs a side so often that it takes about as long as asked, and measures one run
// of it in seconds of the processor.
func batches(s side, long time.Duration) func(context.Context) (float64, error) {
	n := 0
	return func(ctx context.Context) (float64, error) {
		if n == 0 {
			start := bench.ProcessorTime()
			for bench.ProcessorTime()-start < long.Seconds() {
				if err := s.run(ctx); err != nil {
					return 0, err
				}
				n++
			}
		}
		start := bench.ProcessorTime()
		for range n {
			if err := s.run(ctx); err != nil {
				return 0, err
			}
		}
		return (bench.ProcessorTime() - start) / float64(n), nil
	}
}

// versions are those of the modules that this program is built of.
func versions(modules ...string) map[string]string {
	found := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, dependency := range info.Deps {
		for _, module := range modules {
			if dependency.Path == module {
				found[module] = dependency.Version
			}
		}
	}
	return found
}
