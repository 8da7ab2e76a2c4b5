package gateway

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

// deployment is what a listener serves: an API's resources, resolved and
// sorted. It never changes; a change of the API makes a new one, and requests
// in flight keep theirs.
type deployment struct {
	api    API
	stages map[string]*servedStage
	routes []*servedRoute // the one that wins comes first
}

type servedStage struct {
	Stage
	caches  map[string]*resultCache // by authorizer ID
	buckets map[string]*bucket      // by route key
}

type servedRoute struct {
	key      routeKey
	function string // the integration's
	timeout  time.Duration
	// authorizer is nil unless the authorization is CUSTOM or JWT.
	authorizer    *servedAuthorizer
	authorization string
	scopes        []string
}

type servedAuthorizer struct {
	id       string
	function string
	sources  []identitySource
	payload  string              // format version
	simple   bool                // answers isAuthorized and not a policy
	jwt      *jwtauth.Authorizer // of a JWT authorizer
}

// deploy makes an API's listener serve its resources as they are now. The
// caller holds s.mu, and the resources have been checked.
func (s *Service) deploy(a *api) {
	d := &deployment{api: a.resource, stages: map[string]*servedStage{}}
	authorizers := map[string]*servedAuthorizer{}
	for id, authorizer := range a.authorizers {
		sources, err := parseIdentitySources(authorizer.IdentitySources)
		if err != nil {
			panic(err) // they were checked when the authorizer was created
		}
		authorizers[id] = &servedAuthorizer{
			id:       id,
			function: functionOf(authorizer.AuthorizerURI),
			sources:  sources,
			payload:  authorizer.PayloadFormatVersion,
			simple:   authorizer.EnableSimpleResponses,
			jwt:      a.jwt[id],
		}
	}
	for _, route := range a.routes {
		integration := a.integrations[strings.TrimPrefix(route.Target, targetPrefix)]
		d.routes = append(d.routes, &servedRoute{
			key:           mustParseRouteKey(route.RouteKey),
			function:      integration.function(),
			timeout:       time.Duration(integration.TimeoutInMillis) * time.Millisecond,
			authorizer:    authorizers[route.AuthorizerID],
			authorization: route.AuthorizationType,
			scopes:        route.AuthorizationScopes,
		})
	}
	slices.SortFunc(d.routes, func(a, b *servedRoute) int { return compareRouteKeys(a.key, b.key) })

	maps.DeleteFunc(a.caches, func(name cacheName, _ *resultCache) bool {
		_, stage := a.stages[name.stage]
		_, authorizer := a.authorizers[name.authorizerID]
		return !stage || !authorizer
	})
	maps.DeleteFunc(a.buckets, func(name bucketName, _ *bucket) bool {
		_, stage := a.stages[name.stage]
		return !stage
	})
	for _, stage := range a.stages {
		served := &servedStage{
			Stage:   stage,
			caches:  map[string]*resultCache{},
			buckets: a.deployBuckets(stage, s.now()),
		}
		for id, authorizer := range a.authorizers {
			if authorizer.ResultTTL == 0 {
				continue
			}
			name := cacheName{stage.Name, id}
			if a.caches[name] == nil {
				a.caches[name] = newResultCache(time.Duration(authorizer.ResultTTL)*time.Second, s.now)
			}
			served.caches[id] = a.caches[name]
		}
		d.stages[stage.Name] = served
	}
	a.live.Store(d)
}

// route finds the stage and the route of a decoded path (developer guide,
// http-api-develop-routes): a stage whose name is the first segment, else the
// $default stage; then the route within it. Without a route only the stage is
// returned, without a stage neither.
func (d *deployment) route(method, path string) (*servedStage, *servedRoute, map[string]string) {
	if !strings.HasPrefix(path, "/") {
		return nil, nil, nil
	}
	segments := splitPath(path)
	stage := d.stages[defaultName]
	if named := d.stages[segments[0]]; named != nil && segments[0] != defaultName {
		stage = named
		if segments = segments[1:]; len(segments) == 0 {
			segments = []string{""}
		}
	}
	if stage == nil {
		return nil, nil, nil
	}
	for _, route := range d.routes {
		if values, ok := route.key.match(method, segments); ok {
			return stage, route, values
		}
	}
	return stage, nil, nil
}
