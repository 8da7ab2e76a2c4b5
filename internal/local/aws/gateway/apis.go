package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync/atomic"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

const defaultRouteSelection = "$request.method $request.path"

// api is one API: its resources, guarded by Service.mu, and what of them its
// listener serves.
type api struct {
	resource     API
	stages       map[string]Stage
	integrations map[string]Integration
	authorizers  map[string]Authorizer
	routes       map[string]Route
	caches       map[cacheName]*resultCache
	buckets      map[bucketName]*bucket
	// jwt are the JWT authorizers by ID, which keep their keys.
	jwt map[string]*jwtauth.Authorizer

	server *http.Server
	live   atomic.Pointer[deployment]
}

// cacheName names a result cache: there is one a stage and authorizer.
type cacheName struct{ stage, authorizerID string }

// CreateAPI creates an API and starts to listen for it. Without a stage it
// answers every request with 404.
func (s *Service) CreateAPI(in API) (API, error) {
	resource, err := checkAPI(in)
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
	resource.ExecutionARN = s.account.ARN("execute-api", resource.ID)
	resource.ARN = s.apigatewayARN("/apis/" + resource.ID)
	a := &api{
		resource:     resource,
		stages:       map[string]Stage{},
		integrations: map[string]Integration{},
		authorizers:  map[string]Authorizer{},
		routes:       map[string]Route{},
		caches:       map[cacheName]*resultCache{},
		buckets:      map[bucketName]*bucket{},
		jwt:          map[string]*jwtauth.Authorizer{},
	}
	s.deploy(a)
	s.serve(a, listener)
	s.apis[resource.ID] = a
	return resource.clone(), nil
}

// UpdateAPI replaces the settings of the API in.ID. Its listener stays.
func (s *Service) UpdateAPI(in API) (API, error) {
	resource, err := checkAPI(in)
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
		delete(s.apis, id)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.running, deleteGrace)
	defer cancel()
	if err := shutdown(ctx, a.server); err != nil {
		s.console.Printf("API %s was deleted while it answered requests: %v", id, err)
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

func checkAPI(in API) (API, error) {
	if in.ProtocolType == "WEBSOCKET" {
		return API{}, awserr.Unsupported("the protocol type WEBSOCKET", "use HTTP")
	}
	if in.ProtocolType != "HTTP" {
		return API{}, badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
	}
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > 128 {
		return API{}, badRequest("Name must be 1 to 128 characters long, and %q has %d", in.Name, n)
	}
	if in.RouteSelectionExpression == "" {
		in.RouteSelectionExpression = defaultRouteSelection
	}
	if in.RouteSelectionExpression != defaultRouteSelection && in.RouteSelectionExpression != "${request.method} ${request.path}" {
		return API{}, badRequest("Invalid route selection expression %q. HTTP APIs only have %q.", in.RouteSelectionExpression, defaultRouteSelection)
	}
	err := refuse(
		setting{in.IPAddressType != "" && in.IPAddressType != "ipv4", "the IP address type " + in.IPAddressType, "use ipv4"},
		setting{in.RouteKey != "" || in.Target != "" || in.CredentialsARN != "", "quick create (a route key, target or credentials of an API)", "create a route, an integration and a stage"},
	)
	if err == nil {
		err = in.CORSConfiguration.check()
	}
	in.IPAddressType = "ipv4"
	return in.clone(), err
}

func (a API) clone() API {
	a.Tags = maps.Clone(a.Tags)
	a.CORSConfiguration = a.CORSConfiguration.clone()
	return a
}

// ResetAuthorizersCache forgets all answers that authorizers gave in a stage.
func (s *Service) ResetAuthorizersCache(apiID, stage string) error {
	return s.change(apiID, func(a *api) error {
		if _, ok := a.stages[stage]; !ok {
			return noStage()
		}
		maps.DeleteFunc(a.caches, func(name cacheName, _ *resultCache) bool { return name.stage == stage })
		return nil
	})
}

// find returns an API; the caller holds s.mu.
func (s *Service) find(id string) (*api, error) {
	a, ok := s.apis[id]
	if !ok {
		return nil, notFound("Invalid API identifier specified %s:%s", s.account.ID, id)
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
		s.deploy(a)
		return nil
	})
}

// apigatewayARN names a resource of the management API, which has a Region
// but no account.
func (s *Service) apigatewayARN(resource string) string {
	account := s.account
	account.ID = ""
	return account.ARN("apigateway", resource)
}
