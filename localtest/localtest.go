// Package localtest tests a Pulumi project as it is deployed: the real engine, the
// real functions, and an AWS on this machine that is thrown away afterwards. No AWS
// account is needed, and nothing but Go.
//
//	func TestOrders(t *testing.T) {
//		api := localtest.Deploy(t, localtest.Options{Project: "..", Stack: "dev"})
//		writer := api.Token("usr_1", localtest.Permissions("orders:write"))
//		api.Post("/orders", map[string]any{"item": "pen"}, writer).Want(201)
//		api.Post("/orders", nil).Want(401)
//	}
//
// All tests of a package that give the same options share one deployment, parallel
// ones too. It ends with the test process, however that ends, and leaves nothing
// behind; no TestMain is needed. Pulumi is compiled once for this user if it is not
// installed, which takes some minutes and is told on the terminal; go test -v tells
// how long each part took.
//
// A call that fails fails the test. What it says has no credentials in it that this
// package has made.
package localtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

// Options are what is deployed. Tests with equal options share a deployment.
type Options struct {
	// Project is the folder of a Pulumi project in Go, or one below it, from the
	// test's folder. Defaults to that folder.
	Project string
	// Stack is the stack whose configuration is used, that of Pulumi.STACK.yaml.
	// Defaults to dev.
	Stack string
	// Settings replace settings of the stack, by their names with or without the
	// project's, or by a path such as db.password. Secret ones of the stack's file
	// have to be given here. Defaults to none.
	Settings map[string]string
	// StackReferences are files with the outputs of stacks that the program refers
	// to, as pulumi stack output --json writes them, by the stacks' names.
	StackReferences map[string]string
	// Endpoints are the addresses of what plays services that the local AWS does not
	// have, by the services' signing names, for instance sqs: an httptest.Server.
	Endpoints map[string]string
	// Strict refuses resources that the local AWS does not imitate. Defaults to
	// false: they have no effect.
	Strict bool
}

// API is a deployment, and one of its HTTP APIs, for one test. Its methods may be
// called at the same time.
type API struct {
	t    testing.TB
	d    *deployment
	name string // of the API; empty for the only one
}

// Deploy returns the deployment of a project: it makes it, or waits for another test
// that does, or takes the one that is there. It fails the test where that fails.
func Deploy(t testing.TB, opts Options) *API {
	t.Helper()
	d, err := share(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	return &API{t: t, d: d}
}

// Named chooses an API of a project that has several, by the name that the program
// gives the component which makes it.
func (a *API) Named(name string) *API {
	return &API{t: a.t, d: a.d, name: name}
}

// URL is where the API serves, without a slash at the end.
func (a *API) URL() string {
	a.t.Helper()
	return a.chosen().URL
}

// URLs are those of all APIs of the project, by their names.
func (a *API) URLs() map[string]string {
	urls := map[string]string{}
	a.d.look(func(d *local.Deployment) {
		for _, api := range d.APIs {
			urls[api.Name] = api.URL
		}
	})
	return urls
}

// Outputs are the stack's outputs, as JSON has them; secret ones are left out.
func (a *API) Outputs() map[string]any {
	var outputs map[string]any
	a.d.look(func(d *local.Deployment) { outputs = maps.Clone(d.Outputs) })
	return outputs
}

// Output is an output that is a text.
func (a *API) Output(name string) string {
	a.t.Helper()
	outputs := a.Outputs()
	text, ok := outputs[name].(string)
	if !ok {
		a.t.Fatalf("the program has no output %q that is a text: its outputs are %s", name, strings.Join(slices.Sorted(maps.Keys(outputs)), ", "))
	}
	return text
}

// chosen is the API that requests go to.
func (a *API) chosen() local.API {
	a.t.Helper()
	var apis []local.API
	a.d.look(func(d *local.Deployment) { apis = d.APIs })
	var names []string
	for _, api := range apis {
		if api.Name == a.name || a.name == "" && len(apis) == 1 {
			return api
		}
		names = append(names, fmt.Sprintf("%q", api.Name))
	}
	switch {
	case len(apis) == 0:
		a.t.Fatal("the program has deployed no HTTP API with a stage")
	case a.name == "":
		a.t.Fatalf("the program has several APIs: choose one of %s with Named", strings.Join(names, ", "))
	default:
		a.t.Fatalf("the program has no API %q: it has %s", a.name, strings.Join(names, ", "))
	}
	return local.API{}
}

// context is that of what a test asks for.
func (a *API) context() context.Context { return a.t.Context() }
