package gateway

import "strings"

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
		if err := a.checkReferences(in); err != nil {
			return err
		}
		a.routes[in.ID] = in
		return nil
	})
	if err != nil {
		return Route{}, err
	}
	return in, nil
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
	return get(s, apiID, id, "Route", func(a *api) map[string]Route { return a.routes })
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
	case AuthorizationNone:
		if in.AuthorizerID != "" {
			return badRequest("The route %q has the authorization type NONE and the authorizer %s. Set CUSTOM, or leave the authorizer out.", in.RouteKey, in.AuthorizerID)
		}
	case AuthorizationCustom:
	case "JWT", "AWS_IAM":
		return &UnsupportedError{"the authorization type " + in.AuthorizationType, "use CUSTOM with a Lambda authorizer"}
	default:
		return badRequest("Invalid authorization type %q. It should be NONE, AWS_IAM, CUSTOM or JWT.", in.AuthorizationType)
	}
	err := refuse(
		setting{in.APIKeyRequired, "API keys", "leave ApiKeyRequired out: HTTP APIs have none"},
		setting{len(in.AuthorizationScopes) > 0, "authorization scopes", "leave AuthorizationScopes out: only JWT authorizers have them"},
		setting{in.ModelSelectionExpression != "" || len(in.RequestModels) > 0 || len(in.RequestParameters) > 0 || in.RouteResponseSelectionExpression != "", "models and route responses", "leave them out: they belong to WebSocket APIs"},
		setting{in.Target == "", "a route without target", "set Target to " + targetPrefix + "{integration id}"},
	)
	in.AuthorizationScopes, in.RequestModels, in.RequestParameters = nil, nil, nil
	return err
}

// checkReferences refuses a route whose integration or authorizer does not
// exist, or whose requests another route has.
func (a *api) checkReferences(in Route) error {
	integrationID, ok := strings.CutPrefix(in.Target, targetPrefix)
	if _, found := a.integrations[integrationID]; !ok || !found {
		return badRequest("Invalid target %q of the route %q. It should be %s and the ID of an integration of this API.", in.Target, in.RouteKey, targetPrefix)
	}
	if _, found := a.authorizers[in.AuthorizerID]; in.AuthorizationType == AuthorizationCustom && !found {
		return badRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM requires a valid authorizer.")
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
