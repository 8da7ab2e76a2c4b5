// Package own is what the component's own authorizers have in common. Each of them is
// configured by a file that the component puts beside its executable,
// authorizer-methods.json, and by the variables that it sets. Nothing of the file has a
// default but what the component's arguments say has one, and without the file the
// function does not start.
package own

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Authorizer is an authz.Handler with what it reads at cold start.
type Authorizer struct {
	Handler authz.Handler
	// Methods are what it is to accept.
	Methods contract.Methods
	Getenv  func(string) string
	Log     *slog.Logger

	sources []authz.KeyProvider
}

// Run is the whole main function of an authorizer. Configure adds the methods.
func Run(configure func(*Authorizer) error) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log) // which a source tells of old secrets that it still uses
	a, err := New(os.Getenv, log, configure)
	if err != nil {
		log.Error("configuring the authorizer", "error", err.Error())
		os.Exit(1)
	}
	a.warmUp(context.Background())
	lambda.Start(a.Handler)
}

// New makes the authorizer that the environment describes.
func New(getenv func(string) string, log *slog.Logger, configure func(*Authorizer) error) (*Authorizer, error) {
	methods, err := readMethods(getenv)
	if err != nil {
		return nil, err
	}
	a := &Authorizer{Methods: methods, Getenv: getenv, Log: log, Handler: authz.Handler{Revocations: revocation.FromEnvironment(getenv), Getenv: getenv}}
	if getenv(contract.EnvRoutePermissions) != "" { // else no route requires any
		a.Handler.Policy = authz.RoutePermissionsFromEnvironment(getenv)
	}
	if err := configure(a); err != nil {
		return nil, err
	}
	return a, nil
}

// Add adds a method, whose keys are read at cold start; nil where it has none.
func (a *Authorizer) Add(link authz.Link, keys authz.KeyProvider) {
	a.Handler.Chain = append(a.Handler.Chain, link)
	if keys != nil {
		a.sources = append(a.sources, keys)
	}
}

// warmUp reads the secrets as part of the initialisation, all at once, before the
// first request waits. A failure does not end the function: it would be started again
// and again. A request a second later tries again.
func (a *Authorizer) warmUp(ctx context.Context) {
	var wait sync.WaitGroup
	for _, source := range a.sources {
		wait.Go(func() {
			if _, err := source.Keys(ctx); err != nil {
				a.Log.Error("reading secrets at cold start", "error", err.Error())
			}
		})
	}
	wait.Wait()
}
