package localtest

import (
	"context"
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

// Runs is how often a function has run so far, given by the name that the program has
// for it: for instance "create" for the function "create" of the component. Other tests
// that share the deployment count too.
func (a *API) Runs(function string) int {
	a.t.Helper()
	runs, name := 0, a.function(function)
	var err error
	a.d.look(func(d *local.Deployment) { runs, err = d.Invocations(name) })
	if err != nil {
		a.t.Fatal(err)
	}
	return runs
}

// Log is what a function has logged so far, a log event each. See [API.Runs] for its
// name.
func (a *API) Log(function string) []string {
	a.t.Helper()
	var lines []string
	name := a.function(function)
	var err error
	a.d.look(func(d *local.Deployment) { lines, err = d.FunctionLines(name) })
	if err != nil {
		a.t.Fatal(err)
	}
	return lines
}

// function is the name of a function on AWS.
func (a *API) function(name string) string {
	a.t.Helper()
	component := a.chosen().Name
	var err error
	a.d.look(func(d *local.Deployment) { name, err = d.Function(component, name) })
	if err != nil {
		a.t.Fatal(err)
	}
	return name
}

// ClearCache has API Gateway forget what the authorizers of the API have answered.
func (a *API) ClearCache() {
	a.t.Helper()
	api := a.chosen()
	var err error
	a.d.look(func(d *local.Deployment) { err = d.AWS.ResetAuthorizersCache(api.ID, api.Stage) })
	if err != nil {
		a.t.Fatal(err)
	}
}

// FastForward lets the answers of authorizers that API Gateway keeps now be older by d,
// in all APIs, so that a test need not wait for the cache TTL. No other clock moves: no
// token expires by it.
func (a *API) FastForward(d time.Duration) {
	a.d.look(func(deployed *local.Deployment) { deployed.AWS.SkipAhead(d) })
}

// Outage lets an AWS service, by its signing name such as dynamodb or ssm, answer 503,
// for all tests that share the deployment, until the test ends or end is called.
func (a *API) Outage(service string) (end func()) {
	set := func(down bool) { a.d.look(func(d *local.Deployment) { d.AWS.SetOutage(service, down) }) }
	set(true)
	end = func() { set(false) }
	a.t.Cleanup(end)
	return end
}

// Redeploy deploys the project again, as its files are now, with further settings in
// place of the stack's. It does so for all tests that share the deployment; when the
// test ends, the deployment gets its former settings again. Tables keep what is in
// them.
func (a *API) Redeploy(settings map[string]string) {
	a.t.Helper()
	var before map[string]string
	a.d.look(func(d *local.Deployment) { before = d.Settings() })
	if err := a.d.redeploy(a.context(), settings); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		a.d.mu.Lock()
		a.d.local.SetSettings(before)
		a.d.mu.Unlock()
		if err := a.d.redeploy(context.WithoutCancel(a.context()), nil); err != nil {
			a.t.Errorf("going back to the former settings: %v", err)
		}
	})
}

// redeploy deploys again while nobody looks.
func (d *deployment) redeploy(ctx context.Context, settings map[string]string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress.forget()
	if err := d.local.Redeploy(ctx, settings); err != nil {
		return fmt.Errorf("deploying again: %w%s", err, d.progress.told())
	}
	return nil
}
