// Package deploy measures what a developer waits for: a deployment without a change, one of
// a changed handler, the start of the command, and how all of it grows with the routes;
// beside the same resources written out without the component.
package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

const (
	own   = "component"
	plain = "plain resources"

	noChange = "up, nothing changed"
	changed  = "a handler changed → served"
	command  = "go run ./scripts/pha up → serving"
)

func figure(project, what string) string { return project + ": " + what }

func fresh(routes int) string { return fmt.Sprintf("first up, %d routes", routes) }

// few is how many routes the API has of which nothing else is said.
const few = 4

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) (err error) {
	part.Notes = []string{
		"All with the real Pulumi engine on the local AWS. What was compiled before is in Go's cache, and the program is a kept binary.",
		fmt.Sprintf("A component's API has %d public routes, each with a function, unless another number is given; up to 100 functions share the routes. The plain resources are the same ones written out, in the same program; their archive is built by hand, and counts where the handler has changed.", few),
	}
	var projects []*project
	for _, of := range []struct {
		name  string
		plain bool
	}{{own, false}, {plain, true}} {
		p, err := newProject(ctx, e, of.name, of.plain)
		if err != nil {
			return err
		}
		projects = append(projects, p)
	}
	if err := updates(ctx, e, part, projects); err != nil {
		return err
	}
	if err := commands(ctx, e, part, projects); err != nil {
		return err
	}
	if err := growth(ctx, e, part, projects); err != nil {
		return err
	}
	if e.FirstRun {
		return firstRun(ctx, e, part)
	}
	return nil
}

// updates measures deployments that are there already.
func updates(ctx context.Context, e *bench.Env, part *report.Part, projects []*project) (err error) {
	var sides []bench.Side
	for _, p := range projects {
		e.Logf("deploy: deploying the %s", p.name)
		d, err := p.start(ctx, e, few)
		if err != nil {
			return fmt.Errorf("deploying the %s: %w", p.name, err)
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		url, err := d.Output("url")
		if err != nil {
			return err
		}
		sides = append(sides,
			bench.Single(figure(p.name, noChange), report.Seconds, bench.Timed(func(ctx context.Context) error { return unchanged(ctx, d) })),
			bench.Single(figure(p.name, changed), report.Seconds, bench.Timed(func(ctx context.Context) error {
				version, err := p.change(ctx)
				if err != nil {
					return err
				}
				if err := d.Redeploy(ctx, nil); err != nil {
					return err
				}
				return serves(ctx, url+"/things/0", version)
			})))
	}
	e.Logf("deploy: without a change, and with a changed handler")
	if err := e.Rounds(ctx, part, 1, e.Repeats(11, 1), sides...); err != nil {
		return err
	}
	return errors.Join(
		part.Limit(figure(own, noChange), report.AtMost(3)), part.Limit(figure(own, changed), report.AtMost(4)),
		part.Compare(figure(own, noChange), figure(plain, noChange), nil), part.Compare(figure(own, changed), figure(plain, changed), nil),
	)
}

func unchanged(ctx context.Context, d *local.Deployment) error {
	changes, err := d.Up(ctx)
	if err == nil && (len(changes) != 1 || changes["same"] == 0) {
		err = fmt.Errorf("without a change up makes %v", changes)
	}
	return err
}

// growth measures first deployments with ever more routes.
func growth(ctx context.Context, e *bench.Env, part *report.Part, projects []*project) error {
	sizes := []int{few, 50, 300}
	if e.Quick {
		sizes = sizes[:1]
	}
	var sides []bench.Side
	for _, routes := range sizes {
		for _, p := range projects {
			sides = append(sides, bench.Single(figure(p.name, fresh(routes)), report.Seconds, func(ctx context.Context) (float64, error) {
				var d *local.Deployment
				took, err := bench.Timed(func(ctx context.Context) (err error) {
					d, err = p.start(ctx, e, routes)
					return err
				})(ctx)
				if err == nil {
					err = d.Close()
				}
				return took, err
			}))
		}
	}
	e.Logf("deploy: first deployments with %v routes", sizes)
	if err := e.Rounds(ctx, part, 0, e.Repeats(5, 1), sides...); err != nil {
		return err
	}
	for i, routes := range sizes {
		if err := part.Compare(figure(own, fresh(routes)), figure(plain, fresh(routes)), report.AtMost(1.2)); err != nil {
			return err
		}
		if i > 0 { // no more than as many times as long
			if err := part.Compare(figure(own, fresh(routes)), figure(own, fresh(sizes[i-1])), report.AtMost(float64(routes)/float64(sizes[i-1]))); err != nil {
				return err
			}
		}
	}
	return nil
}
