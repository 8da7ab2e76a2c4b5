// Package build measures how long the functions of a program take to be built.
package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// functions are those of the Events API.
var functions = []string{"authorizer", "createevent", "deleteevent", "getevent", "listevents"}

const (
	unchanged       = "five functions, nothing changed"
	unchangedByHand = "five go build in turn, nothing changed"
	cold            = "five functions, nothing built before"
	coldByHand      = "five go build in turn, nothing built before"
)

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) error {
	builder := filepath.Join(e.Temp, "builder")
	e.Logf("build: building the builder")
	if _, err := bench.Run(ctx, e.Root, nil, "go", "build", "-o", builder, "./scripts/bench/internal/build/builder"); err != nil {
		return err
	}
	byHand := filepath.Join(e.Temp, "by-hand")
	if err := os.Mkdir(byHand, 0o700); err != nil {
		return err
	}
	own := func(env []string) func(context.Context) error {
		var folders []string
		for _, name := range functions {
			folders = append(folders, filepath.Join(e.Root, "handlers", name))
		}
		return func(ctx context.Context) error {
			_, err := bench.Run(ctx, e.Root, env, builder, folders...)
			return err
		}
	}
	hand := func(env []string) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, name := range functions {
				if _, err := bench.Run(ctx, e.Root, append(env, "CGO_ENABLED=0"), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w",
					"-o", filepath.Join(byHand, name), "./handlers/"+name); err != nil {
					return err
				}
			}
			return nil
		}
	}
	// empty runs a build with caches of its own, in which there is nothing.
	empty := func(build func(env []string) func(context.Context) error) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			cache, err := os.MkdirTemp(e.Temp, "cache-")
			if err != nil {
				return 0, err
			}
			defer os.RemoveAll(cache) //nolint:errcheck // the whole folder around it is removed
			return bench.Timed(build([]string{"XDG_CACHE_HOME=" + cache, "GOCACHE=" + filepath.Join(cache, "go-build")}))(ctx)
		}
	}
	part.Notes = []string{
		"The functions of the Events API and its authorizer, for this machine. The first side is a process that does what a program with the component does: it also zips them. Modules are downloaded already.",
	}
	e.Logf("build: nothing changed")
	if err := e.Rounds(ctx, part, 1, e.Repeats(15, 1),
		bench.Single(unchanged, report.Seconds, bench.Timed(own(nil))),
		bench.Single(unchangedByHand, report.Seconds, bench.Timed(hand(nil))),
	); err != nil {
		return err
	}
	e.Logf("build: nothing built before, which takes about half a minute each time")
	if err := e.Rounds(ctx, part, 0, e.Repeats(5, 1),
		bench.Single(cold, report.Seconds, empty(own)), bench.Single(coldByHand, report.Seconds, empty(hand)),
	); err != nil {
		return err
	}
	return errors.Join(
		part.Limit(unchanged, report.AtMost(1)), part.Compare(unchanged, unchangedByHand, nil), part.Compare(cold, coldByHand, report.AtMost(0.7)),
	)
}
