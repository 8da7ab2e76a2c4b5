package management

import (
	"context"
	"net/http"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// issuerTimeout is API Gateway's limit for each document of an issuer.
const issuerTimeout = 1500 * time.Millisecond

// CreateAuthorizer creates a Lambda or JWT authorizer.
func (s *Service) CreateAuthorizer(apiID string, in Authorizer) (Authorizer, error) {
	in.ID = newID(authorizerIDLength)
	return s.putAuthorizer(apiID, in, func(a *api) error {
		return quota("authorizers", len(a.authorizers), maxAuthorizers)
	})
}

// UpdateAuthorizer replaces the settings of the authorizer in.ID, and forgets
// its answers: they were given under other settings.
func (s *Service) UpdateAuthorizer(apiID string, in Authorizer) (Authorizer, error) {
	return s.putAuthorizer(apiID, in, func(a *api) error {
		_, err := lookUp(a.authorizers, "Authorizer", in.ID)
		return err
	})
}

func (s *Service) putAuthorizer(apiID string, in Authorizer, check func(*api) error) (Authorizer, error) {
	if _, err := ValidateAuthorizer(in); err != nil {
		return Authorizer{}, err
	}
	resolved, err := in.resolve()
	if err != nil {
		return Authorizer{}, err
	}
	if resolved.JWT != nil {
		// As AWS does. Not under the lock: it asks the issuer.
		if err := resolved.JWT.Discover(context.Background()); err != nil {
			return Authorizer{}, badRequest("%v", err)
		}
	}
	err = s.change(apiID, func(a *api) error {
		if err := check(a); err != nil {
			return err
		}
		for _, other := range a.authorizers {
			if other.Name == in.Name && other.ID != in.ID {
				return badRequest("Authorizer name must be unique. Authorizer %s already exists in this RestApi.", in.Name)
			}
		}
		a.authorizers[in.ID], a.resolved[in.ID] = in.clone(), resolved
		return nil
	})
	if err != nil {
		return Authorizer{}, err
	}
	return in.clone(), nil
}

// DeleteAuthorizer deletes an authorizer that no route uses.
func (s *Service) DeleteAuthorizer(apiID, id string) error {
	return s.change(apiID, func(a *api) error {
		authorizer, err := lookUp(a.authorizers, "Authorizer", id)
		if err != nil {
			return err
		}
		for _, routeID := range sortedKeys(a.routes) {
			if route := a.routes[routeID]; route.AuthorizerID == id {
				return conflict("Cannot delete authorizer '%s', is referenced in route: %s", authorizer.Name, route.RouteKey)
			}
		}
		delete(a.authorizers, id)
		delete(a.resolved, id)
		return nil
	})
}

// Authorizer returns an authorizer.
func (s *Service) Authorizer(apiID, id string) (Authorizer, error) {
	authorizer, err := get(s, apiID, id, "Authorizer", func(a *api) map[string]Authorizer { return a.authorizers })
	return authorizer.clone(), err
}

// resolve makes of an authorizer what the gateway asks.
func (in Authorizer) resolve() (*live.Authorizer, error) {
	out := &live.Authorizer{
		ID:       in.ID,
		Function: functionOf(in.AuthorizerURI),
		Version1: in.PayloadFormatVersion == "1.0",
		Simple:   in.EnableSimpleResponses,
		TTL:      time.Duration(in.ResultTTL) * time.Second,
	}
	for _, text := range in.IdentitySources {
		source, err := live.ParseIdentitySource(text)
		if err != nil {
			return nil, err
		}
		out.Sources = append(out.Sources, source)
	}
	if in.JWTConfiguration == nil {
		return out, nil
	}
	var err error
	out.JWT, err = jwtauth.New(jwtauth.Config{
		Issuer:   in.JWTConfiguration.Issuer,
		Audience: in.JWTConfiguration.Audience,
		Client:   &http.Client{Timeout: issuerTimeout},
	})
	if err != nil {
		return nil, badRequest("Invalid JWT configuration: %v", err)
	}
	return out, nil
}
