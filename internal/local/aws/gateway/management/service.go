// Package management is apigatewayv2, the management of HTTP APIs: it keeps APIs,
// stages, routes, integrations and authorizers, and makes of each API the deployment
// that package live serves, on a listener of its own.
//
// What the local AWS does not imitate is refused by [awserr.Unsupported] when a
// resource is created or updated, never ignored.
package management

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// deleteGrace is how long the requests to a deleted API may take.
const deleteGrace = 2 * time.Second

// Service is the management API of one account and Region. Its methods may be
// called at the same time.
type Service struct {
	gateway *live.Gateway
	listen  func(apiID string) (net.Listener, error)

	mu      sync.Mutex
	closed  bool
	apis    map[string]*api
	domains map[string]*domain
}

// api is one API: its resources, guarded by Service.mu, and what serves them.
type api struct {
	resource     API
	stages       map[string]Stage
	integrations map[string]Integration
	authorizers  map[string]Authorizer
	routes       map[string]Route
	// resolved are the authorizers by ID, which keep what they have learned.
	resolved map[string]*live.Authorizer

	live *live.API
}

// New returns a service without APIs, whose gateway serves them. listen opens the
// listener of a new API; nil: a free port of 127.0.0.1.
func New(gateway *live.Gateway, listen func(apiID string) (net.Listener, error)) *Service {
	if listen == nil {
		listen = func(string) (net.Listener, error) { return loopback.Listen(0) }
	}
	return &Service{gateway: gateway, listen: listen, apis: map[string]*api{}, domains: map[string]*domain{}}
}

// Close stops all listeners and the gateway. Requests in flight may finish until
// ctx ends; then they are cut off, and Close returns ctx's error.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	apis := s.apis
	s.apis = map[string]*api{}
	s.mu.Unlock()

	var wait sync.WaitGroup
	failed := make(chan error, len(apis))
	for _, a := range apis {
		wait.Go(func() { failed <- a.live.Shutdown(ctx) })
	}
	wait.Wait()
	s.gateway.Close()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// CreateAPI creates an API and starts to listen for it. Without a stage it
// answers every request with 404.
func (s *Service) CreateAPI(in API) (API, error) {
	resource, err := ValidateAPI(in)
	if err != nil {
		return API{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return API{}, errors.New("creating an API: the local AWS is closed")
	}
	resource.ID = newID(apiIDLength)
	listener, err := s.listen(resource.ID)
	if err != nil {
		return API{}, fmt.Errorf("opening the listener of API %q (%s): %w", resource.Name, resource.ID, err)
	}
	resource.Endpoint = "http://" + listener.Addr().String()
	resource.ExecutionARN = s.gateway.Account.ARN("execute-api", resource.ID)
	resource.ARN = s.apigatewayARN("/apis/" + resource.ID)
	a := &api{
		resource:     resource,
		stages:       map[string]Stage{},
		integrations: map[string]Integration{},
		authorizers:  map[string]Authorizer{},
		routes:       map[string]Route{},
		resolved:     map[string]*live.Authorizer{},
	}
	a.live = s.gateway.Serve(listener, a.deployment())
	s.apis[resource.ID] = a
	return resource.clone(), nil
}

// UpdateAPI replaces the settings of the API in.ID. Its listener stays.
func (s *Service) UpdateAPI(in API) (API, error) {
	resource, err := ValidateAPI(in)
	if err != nil {
		return API{}, err
	}
	err = s.change(in.ID, func(a *api) error {
		resource.ID, resource.ARN = a.resource.ID, a.resource.ARN
		resource.Endpoint, resource.ExecutionARN = a.resource.Endpoint, a.resource.ExecutionARN
		a.resource = resource
		return nil
	})
	if err != nil {
		return API{}, err
	}
	return resource.clone(), nil
}

// DeleteAPI deletes an API with all that belongs to it and stops its listener.
// Requests in flight have two seconds to finish.
func (s *Service) DeleteAPI(id string) error {
	s.mu.Lock()
	a, err := s.find(id)
	if err == nil {
		err = s.unmapped(id, "", "API "+id)
	}
	if err == nil {
		delete(s.apis, id)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deleteGrace)
	defer cancel()
	if err := a.live.Shutdown(ctx); err != nil {
		s.gateway.Console.Printf("API %s was deleted while it answered requests: %v", id, err)
	}
	return nil
}

// API returns an API.
func (s *Service) API(id string) (API, error) {
	var resource API
	err := s.read(id, func(a *api) error {
		resource = a.resource.clone()
		return nil
	})
	return resource, err
}

// ResetAuthorizersCache forgets all answers that authorizers gave in a stage.
func (s *Service) ResetAuthorizersCache(apiID, stage string) error {
	return s.read(apiID, func(a *api) error {
		if _, ok := a.stages[stage]; !ok {
			return noStage()
		}
		a.live.ForgetAnswers(stage)
		return nil
	})
}

// CachedAnswers counts the answers that are kept in a stage of an API, by the ids of their
// authorizers; nil where there is no such API.
func (s *Service) CachedAnswers(apiID, stage string) (answers map[string]int) {
	_ = s.read(apiID, func(a *api) error { // an unknown API has none
		answers = a.live.CachedAnswers(stage)
		return nil
	})
	return answers
}

// find returns an API; the caller holds s.mu.
func (s *Service) find(id string) (*api, error) {
	a, ok := s.apis[id]
	if !ok {
		return nil, notFound("Invalid API identifier specified %s:%s", s.gateway.Account.ID, id)
	}
	return a, nil
}

func (s *Service) read(apiID string, read func(*api) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.find(apiID)
	if err != nil {
		return err
	}
	return read(a)
}

// change changes an API and, where that succeeds, deploys it.
func (s *Service) change(apiID string, change func(*api) error) error {
	return s.read(apiID, func(a *api) error {
		if err := change(a); err != nil {
			return err
		}
		deployment := newID(deploymentIDLength)
		for name, stage := range a.stages {
			stage.AutoDeploymentID = deployment
			a.stages[name] = stage
		}
		a.live.Deploy(a.deployment())
		return nil
	})
}

// apigatewayARN names a resource of the management API, which has a Region
// but no account.
func (s *Service) apigatewayARN(resource string) string {
	account := s.gateway.Account
	account.ID = ""
	return account.ARN("apigateway", resource)
}

// quota refuses one more resource where an API already has its maximum.
func quota(what string, have, limit int) error {
	if have < limit {
		return nil
	}
	return awserr.New(CodeTooManyRequests, "Maximum number of %s for this API has been reached. The limit is %d.", what, limit)
}

// lookUp finds a resource of an API by its ID.
func lookUp[T any](resources map[string]T, kind, id string) (T, error) {
	resource, ok := resources[id]
	if !ok {
		return resource, notFound("Invalid %s identifier specified %q", kind, id)
	}
	return resource, nil
}

// get returns a resource of an API.
func get[T any](s *Service, apiID, id, kind string, of func(*api) map[string]T) (T, error) {
	var resource T
	err := s.read(apiID, func(a *api) (err error) {
		resource, err = lookUp(of(a), kind, id)
		return err
	})
	return resource, err
}

// sortedKeys returns the keys of a map, so that what is said of it is always
// the same.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// deployment resolves an API's resources, which have been checked.
func (a *api) deployment() live.Deployment {
	d := live.Deployment{
		APIID:        a.resource.ID,
		Endpoint:     a.resource.Endpoint,
		ExecutionARN: a.resource.ExecutionARN,
		Disabled:     a.resource.DisableExecuteAPIEndpoint,
		CORS:         a.resource.CORSConfiguration,
		Authorizers:  slices.Collect(maps.Values(a.resolved)),
	}
	for _, route := range a.routes {
		integration := a.integrations[strings.TrimPrefix(route.Target, targetPrefix)]
		d.Routes = append(d.Routes, live.Route{
			Key:           mustParseRouteKey(route.RouteKey),
			Function:      integration.function(),
			Timeout:       time.Duration(integration.TimeoutInMillis) * time.Millisecond,
			Authorization: route.AuthorizationType,
			Authorizer:    a.resolved[route.AuthorizerID],
			Scopes:        route.AuthorizationScopes,
		})
	}
	for _, stage := range a.stages {
		resolved := live.Stage{Name: stage.Name, Variables: stage.StageVariables, Limits: map[string]live.Limit{}}
		for _, route := range a.routes {
			if limit, limited := stage.limit(route.RouteKey); limited {
				resolved.Limits[route.RouteKey] = limit
			}
		}
		if l := stage.AccessLogSettings; l != nil {
			resolved.AccessLog = &live.AccessLog{Group: logGroupARN.FindStringSubmatch(l.DestinationARN)[3], Format: l.Format}
		}
		d.Stages = append(d.Stages, resolved)
	}
	return d
}

// Lengths of identifiers, as AWS makes them.
const (
	apiIDLength        = 10
	deploymentIDLength = 6
	routeIDLength      = 7
	authorizerIDLength = 6
)

// newID returns n random lower-case letters and digits.
func newID(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	// 252 is the largest multiple of 36 in a byte: larger bytes would prefer
	// the first letters.
	id := make([]byte, 0, n)
	for buffer := make([]byte, n); len(id) < n; {
		_, _ = rand.Read(buffer) // never fails (Go 1.24)
		for _, b := range buffer {
			if b < 252 && len(id) < n {
				id = append(id, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(id)
}
