package gateway

import (
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

const targetPrefix = "integrations/"

// CreateRoute creates a route, which the API's stages serve from then on.
func (s *Service) CreateRoute(apiID string, in Route) (Route, error) {
	in.ID = newID(routeIDLength)
	return s.putRoute(apiID, in, func(a *api) error {
		return quota("routes", len(a.routes), maxRoutes)
	})
}

// UpdateRoute replaces the settings of the route in.ID.
func (s *Service) UpdateRoute(apiID string, in Route) (Route, error) {
	return s.putRoute(apiID, in, func(a *api) error {
		_, err := lookUp(a.routes, "Route", in.ID)
		return err
	})
}

func (s *Service) putRoute(apiID string, in Route, check func(*api) error) (Route, error) {
	err := s.change(apiID, func(a *api) error {
		if err := check(a); err != nil {
			return err
		}
		if err := in.check(); err != nil {
			return err
		}
		if in.AuthorizationType == AuthorizationIAM && s.identities == nil {
			return awserr.Unsupported("the authorization type AWS_IAM without an identity service", "use CUSTOM with a Lambda authorizer")
		}
		if err := a.checkReferences(in); err != nil {
			return err
		}
		a.routes[in.ID] = in
		return nil
	})
	if err != nil {
		return Route{}, err
	}
	return in.clone(), nil
}

// DeleteRoute deletes a route.
func (s *Service) DeleteRoute(apiID, id string) error {
	return s.change(apiID, func(a *api) error {
		if _, err := lookUp(a.routes, "Route", id); err != nil {
			return err
		}
		delete(a.routes, id)
		return nil
	})
}

// Route returns a route.
func (s *Service) Route(apiID, id string) (Route, error) {
	route, err := get(s, apiID, id, "Route", func(a *api) map[string]Route { return a.routes })
	return route.clone(), err
}

func (in Route) clone() Route {
	in.AuthorizationScopes = slices.Clone(in.AuthorizationScopes)
	return in
}

// check completes the defaults and refuses what a route cannot be by itself.
func (in *Route) check() error {
	if _, err := parseRouteKey(in.RouteKey); err != nil {
		return err
	}
	if in.AuthorizationType == "" {
		in.AuthorizationType = AuthorizationNone
	}
	switch in.AuthorizationType {
	case AuthorizationNone, AuthorizationIAM:
		if in.AuthorizerID != "" {
			return badRequest("The route %q has the authorization type %s and the authorizer %s. Set CUSTOM or JWT, or leave the authorizer out.", in.RouteKey, in.AuthorizationType, in.AuthorizerID)
		}
	case AuthorizationCustom, AuthorizationJWT:
		if in.AuthorizerID == "" {
			return noAuthorizer(*in)
		}
	default:
		return badRequest("Invalid authorization type %q. It should be NONE, AWS_IAM, CUSTOM or JWT.", in.AuthorizationType)
	}
	switch n := len(in.AuthorizationScopes); {
	case n > 0 && in.AuthorizationType != AuthorizationJWT:
		return badRequest("The route %q has authorization scopes and the authorization type %s. Only JWT has scopes.", in.RouteKey, in.AuthorizationType)
	case n > maxScopes:
		return badRequest("The route %q has %d authorization scopes. The limit is %d.", in.RouteKey, n, maxScopes)
	}
	err := refuse(
		setting{in.APIKeyRequired, "API keys", "leave ApiKeyRequired out: HTTP APIs have none"},
		setting{in.ModelSelectionExpression != "" || len(in.RequestModels) > 0 || len(in.RequestParameters) > 0 || in.RouteResponseSelectionExpression != "", "models and route responses", "leave them out: they belong to WebSocket APIs"},
		setting{in.Target == "", "a route without target", "set Target to " + targetPrefix + "{integration id}"},
	)
	in.RequestModels, in.RequestParameters = nil, nil
	in.AuthorizationScopes = slices.Clone(in.AuthorizationScopes)
	if err == nil && !strings.HasPrefix(in.Target, targetPrefix) {
		return badTarget(*in)
	}
	return err
}

func badTarget(in Route) error {
	return badRequest("Invalid target %q of the route %q. It should be %s and the ID of an integration of this API.", in.Target, in.RouteKey, targetPrefix)
}

func noAuthorizer(in Route) error {
	return badRequest("Invalid authorizer ID specified. Setting the authorization type to %s requires a valid authorizer.", in.AuthorizationType)
}

// checkReferences refuses a route whose integration or authorizer does not
// exist, or whose requests another route has.
func (a *api) checkReferences(in Route) error {
	if _, found := a.integrations[strings.TrimPrefix(in.Target, targetPrefix)]; !found {
		return badTarget(in)
	}
	kinds := map[string]string{AuthorizationCustom: "REQUEST", AuthorizationJWT: "JWT"}
	if kind := kinds[in.AuthorizationType]; kind != "" && a.authorizers[in.AuthorizerID].AuthorizerType != kind {
		return noAuthorizer(in)
	}
	shape := mustParseRouteKey(in.RouteKey).shape()
	for _, id := range sortedKeys(a.routes) {
		other := a.routes[id]
		switch {
		case id == in.ID:
		case other.RouteKey == in.RouteKey:
			return conflict("Route with key %s already exists for this API", in.RouteKey)
		case mustParseRouteKey(other.RouteKey).shape() == shape:
			return conflict("Route with key %s matches the same requests as the route with key %s", in.RouteKey, other.RouteKey)
		}
	}
	return nil
}

// mustParseRouteKey parses a key that has been checked.
func mustParseRouteKey(text string) routeKey {
	key, err := parseRouteKey(text)
	if err != nil {
		panic(err)
	}
	return key
}
