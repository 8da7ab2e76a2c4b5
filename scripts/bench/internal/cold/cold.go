// Package cold measures how long functions take from the start of their process to their
// first request for an event, and to their first answer.
package cold

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/functions"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// start and first are the names of a function's two figures.
func start(name string) string { return name + ": start → first next" }
func first(name string) string { return name + ": start → first answer" }

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) error {
	cloud, err := functions.NewCloud(ctx)
	if err != nil {
		return err
	}
	defer cloud.Close() //nolint:errcheck // it is of this run only
	e.Logf("cold: building the functions")
	list, err := functions.Build(ctx, e, cloud)
	if err != nil {
		return err
	}
	part.Notes = []string{
		"Each process starts with its files in the system's cache. The functions are built as the component builds them, for this machine; SSM and DynamoDB are the local AWS.",
		"Python and Node have small clients of the Runtime API, which do less than AWS's own; a token is the first event of the authorizers.",
	}
	e.Logf("cold: starting %d functions in turn", len(list))
	if err := e.Rounds(ctx, part, 1, e.Repeats(80, 5), sides(list)...); err != nil {
		return err
	}
	// By themselves: what they leave in the processor's caches would slow down the others.
	others := []functions.Function{list[slices.IndexFunc(list, func(f functions.Function) bool { return f.Name == functions.Authorizer })]}
	others[0].Name = besideOthers
	part.Versions = map[string]string{}
	for _, peer := range []struct {
		name string
		make func(context.Context, *bench.Env, *functions.Cloud) (functions.Function, string, error)
	}{{"PyJWT", functions.InPython}, {"jose", functions.InNode}} {
		function, version, err := peer.make(ctx, e, cloud)
		switch {
		case err == nil:
			others = append(others, function)
			part.Versions[peer.name] = version
		case !e.Skip(part, err):
			return err
		}
	}
	if len(others) > 1 {
		e.Logf("cold: starting the authorizer and those in other languages in turn")
		if err := e.Rounds(ctx, part, 1, e.Repeats(21, 5), sides(others)...); err != nil {
			return err
		}
	}
	return compare(part)
}

// besideOthers is the authorizer where it was measured in turn with other languages.
const besideOthers = functions.Authorizer + " beside other languages"

func sides(list []functions.Function) []bench.Side {
	var sides []bench.Side
	for _, f := range list {
		sides = append(sides, bench.Side{
			Name: f.Name, Figures: []bench.Figure{{Name: start(f.Name), Unit: report.Seconds}, {Name: first(f.Name), Unit: report.Seconds}},
			Run: func(ctx context.Context) ([]float64, error) { return once(ctx, f) },
		})
	}
	return sides
}

// once starts a function and has it answer once.
func once(ctx context.Context, f functions.Function) ([]float64, error) {
	process, err := functions.Start(ctx, f)
	if err != nil {
		return nil, err
	}
	defer process.Close()
	asked, err := process.Asked(ctx)
	if err != nil {
		return nil, err
	}
	answer, at, _, err := process.Invoke(ctx, f.Event)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(answer), f.Answer) {
		return nil, fmt.Errorf("it answers %s", answer)
	}
	return []float64{asked.Seconds(), at.Sub(process.Started).Seconds()}, nil
}

// compare sets all beside the empty function, and the product's authorizer beside those in
// other languages.
func compare(part *report.Part) error {
	empty, own := functions.Empty, functions.Authorizer
	for _, c := range []struct {
		of, beside string
		target     *report.Target
	}{
		{start(own), start(empty), report.AtMost(1.05)},
		{start(functions.WithSSM), start(empty), report.AtMost(1.1)},
		{start(functions.WithMetrics), start(empty), nil},
		{start(functions.ManyMethods), start(empty), nil},
		{start(functions.List), start(empty), report.AtMost(1.3)},
		{start(functions.Create), start(empty), report.AtMost(1.3)},
		{start(functions.Python), start(besideOthers), nil},
		{start(functions.Node), start(besideOthers), nil},
		{first(own), first(empty), report.AtMost(1.1)},
		{first(functions.WithSSM), first(empty), report.AtMost(1.1)},
		{first(functions.ManyMethods), first(empty), nil},
		{first(functions.List), first(empty), nil},
		{first(functions.Create), first(empty), nil},
		{first(functions.Python), first(besideOthers), nil},
		{first(functions.Node), first(besideOthers), nil},
	} {
		if err := part.Compare(c.of, c.beside, c.target); err != nil {
			return err
		}
	}
	return nil
}
