package management

import (
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
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
		var err error
		if in, err = ValidateRoute(in); err != nil {
			return err
		}
		if in.AuthorizationType == live.AuthorizationIAM && s.gateway.Identities == nil {
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

// checkReferences refuses a route whose integration or authorizer does not
// exist, or whose requests another route has.
func (a *api) checkReferences(in Route) error {
	if _, found := a.integrations[strings.TrimPrefix(in.Target, targetPrefix)]; !found {
		return badTarget(in)
	}
	kinds := map[string]string{live.AuthorizationCustom: "REQUEST", live.AuthorizationJWT: "JWT"}
	if kind := kinds[in.AuthorizationType]; kind != "" && a.authorizers[in.AuthorizerID].AuthorizerType != kind {
		return noAuthorizer(in)
	}
	shape := mustParseRouteKey(in.RouteKey).Shape()
	for _, id := range sortedKeys(a.routes) {
		other := a.routes[id]
		switch {
		case id == in.ID:
		case other.RouteKey == in.RouteKey:
			return conflict("Route with key %s already exists for this API", in.RouteKey)
		case mustParseRouteKey(other.RouteKey).Shape() == shape:
			return conflict("Route with key %s matches the same requests as the route with key %s", in.RouteKey, other.RouteKey)
		}
	}
	return nil
}

// mustParseRouteKey parses a key that has been checked.
func mustParseRouteKey(text string) live.RouteKey {
	key, err := live.ParseRouteKey(text)
	if err != nil {
		panic(err)
	}
	return key
}
