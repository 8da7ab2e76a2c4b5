package gateway

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// maxResultTTL is the longest time, in seconds, that an answer is reused.
const maxResultTTL = 3600

// CreateAuthorizer creates a Lambda authorizer.
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
	err := s.change(apiID, func(a *api) error {
		if err := check(a); err != nil {
			return err
		}
		if err := in.check(); err != nil {
			return err
		}
		for _, other := range a.authorizers {
			if other.Name == in.Name && other.ID != in.ID {
				return badRequest("Authorizer name must be unique. Authorizer %s already exists in this RestApi.", in.Name)
			}
		}
		a.authorizers[in.ID] = in.clone()
		maps.DeleteFunc(a.caches, func(name cacheName, _ *resultCache) bool { return name.authorizerID == in.ID })
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
		return nil
	})
}

// Authorizer returns an authorizer.
func (s *Service) Authorizer(apiID, id string) (Authorizer, error) {
	authorizer, err := get(s, apiID, id, "Authorizer", func(a *api) map[string]Authorizer { return a.authorizers })
	return authorizer.clone(), err
}

func (in Authorizer) check() error {
	switch in.AuthorizerType {
	case "REQUEST":
	case "JWT":
		return &UnsupportedError{"the authorizer type JWT", "use REQUEST with a function"}
	default:
		return badRequest("Invalid authorizer type %q. It should be REQUEST or JWT.", in.AuthorizerType)
	}
	switch in.PayloadFormatVersion {
	case "2.0":
	case "1.0":
		return &UnsupportedError{"the payload format version 1.0 of an authorizer", "use 2.0"}
	default:
		return badRequest("Invalid AuthorizerPayloadFormatVersion %q. A REQUEST authorizer needs 1.0 or 2.0.", in.PayloadFormatVersion)
	}
	if err := refuse(
		setting{!in.EnableSimpleResponses, "authorizers that answer with an IAM policy", "set EnableSimpleResponses and answer isAuthorized"},
		setting{in.CredentialsARN != "", "an authorizer's credentials", "leave AuthorizerCredentialsArn out and give the function a permission"},
		setting{in.IdentityValidationExpression != "", "an identity validation expression", "leave it out: HTTP APIs have none"},
	); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > 128 {
		return badRequest("Name must be 1 to 128 characters long, and %q has %d", in.Name, n)
	}
	if functionOf(in.AuthorizerURI) == "" {
		return badRequest("Invalid Authorizer URI: %s. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.", in.AuthorizerURI)
	}
	if in.ResultTTL < 0 || in.ResultTTL > maxResultTTL {
		return badRequest("AuthorizerResultTtlInSeconds should be between 0 and %d, and is %d", maxResultTTL, in.ResultTTL)
	}
	if in.ResultTTL > 0 && len(in.IdentitySources) == 0 {
		return badRequest("Identity source must be set if authorizer caching is enabled (TTL is greater than 0)")
	}
	_, err := parseIdentitySources(in.IdentitySources)
	return err
}

func parseIdentitySources(texts []string) ([]identitySource, error) {
	sources := make([]identitySource, len(texts))
	for i, text := range texts {
		var err error
		if sources[i], err = parseIdentitySource(text); err != nil {
			return nil, err
		}
	}
	return sources, nil
}

func (in Authorizer) clone() Authorizer {
	in.IdentitySources = slices.Clone(in.IdentitySources)
	return in
}
