// Package warm measures one call of a function that runs already.
package warm

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/functions"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/stats"
)

// p50 and p99 are the names of a function's two figures.
func p50(name string) string { return name + ": p50" }
func p99(name string) string { return name + ": p99" }

// Call is the name of the authorizer's call whose allocations are counted.
const Call = "authorizer, a call in this process, processor time"

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) error {
	cloud, err := functions.NewCloud(ctx)
	if err != nil {
		return err
	}
	defer cloud.Close() //nolint:errcheck // it is of this run only
	e.Logf("warm: building the functions")
	list, err := functions.Build(ctx, e, cloud)
	if err != nil {
		return err
	}
	calls := e.Repeats(100, 20)
	part.Notes = []string{
		fmt.Sprintf("A call lasts from handing over the event to the arrival of the answer at the Runtime API, which is the same for all. A sample is the percentile of %d calls.", calls),
		"The handlers call DynamoDB, which is the local AWS, through AWS's SDK, with signed requests.",
	}
	var sides []bench.Side
	for _, f := range list {
		if slices.Contains([]string{functions.WithSSM, functions.WithMetrics, functions.ManyMethods}, f.Name) {
			continue // warm, they do what the other does
		}
		process, err := functions.Start(ctx, f)
		if err != nil {
			return err
		}
		defer process.Close()
		sides = append(sides, bench.Side{
			Name: f.Name, Figures: []bench.Figure{{Name: p50(f.Name), Unit: report.Seconds}, {Name: p99(f.Name), Unit: report.Seconds}},
			Run: func(ctx context.Context) ([]float64, error) { return call(ctx, process, f, calls) },
		})
	}
	own, err := inProcess(cloud.AuthorizerEvent(), cloud.Secret())
	if err != nil {
		return err
	}
	sides = append(sides, bench.Single(Call, report.Seconds, func(ctx context.Context) (float64, error) {
		start := bench.ProcessorTime()
		for range 10 * calls {
			if err := own(ctx); err != nil {
				return 0, err
			}
		}
		return (bench.ProcessorTime() - start) / float64(10*calls), nil
	}))
	e.Logf("warm: calling %d functions in turn", len(sides))
	if err := e.Rounds(ctx, part, 1, e.Repeats(101, 5), sides...); err != nil {
		return err
	}
	n := bench.Allocations(func() { _ = own(ctx) })
	part.Find(Call).Allocations = &n
	part.LimitAllocations(Call, report.AtMost(60))
	for _, c := range []struct {
		of     func(string) string
		name   string
		target *report.Target
	}{
		{p50, functions.Authorizer, report.AtMost(1.3)}, {p99, functions.Authorizer, nil},
		{p50, functions.List, report.AtMost(4)}, {p99, functions.List, nil},
		{p50, functions.Create, report.AtMost(4)}, {p99, functions.Create, nil},
	} {
		if err := part.Compare(c.of(c.name), c.of(functions.Empty), c.target); err != nil {
			return err
		}
	}
	return nil
}

// call calls a function often, and returns the percentiles.
func call(ctx context.Context, process *functions.Process, f functions.Function, calls int) ([]float64, error) {
	took := make([]float64, calls)
	for i := range took {
		answer, _, lasted, err := process.Invoke(ctx, f.Event)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(string(answer), f.Answer) {
			return nil, fmt.Errorf("it answers %s", answer)
		}
		took[i] = lasted.Seconds()
	}
	return []float64{stats.Quantile(took, 0.5), stats.Quantile(took, 0.99)}, nil
}

// inProcess is the authorizer's call without its process: the event's decoding, the
// judgement, and the answer's encoding, as the component's authorizer is configured.
func inProcess(event []byte, secret string) (func(context.Context) error, error) {
	key, err := authz.NewHMACKey(authz.HS256, "", []byte(secret))
	if err != nil {
		return nil, err
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{
		Keys: authz.StaticKeys{key}, AnyIssuer: true, AnyAudience: true, Leeway: authz.DefaultLeeway,
		Map: func(c authz.Claims, p *authz.Principal) error { return c.Decode("permissions", &p.Permissions) },
	})
	if err != nil {
		return nil, err
	}
	handler := authz.Handler{
		Chain: authz.Chain{{Verifier: verifier}}, Policy: authz.RoutePermissions{"POST /events": {"events:write"}},
		Logger: slog.New(slog.DiscardHandler),
		Getenv: func(name string) string {
			return map[string]string{contract.EnvCacheTTL: "300", contract.EnvIdentitySources: strings.Join(functions.IdentitySources, ",")}[name]
		},
	}
	return func(ctx context.Context) error {
		answer, err := handler.Invoke(ctx, event)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(answer, []byte(`{"isAuthorized":true`)) {
			return fmt.Errorf("it answers %s", answer)
		}
		return nil
	}, nil
}
