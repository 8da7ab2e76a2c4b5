package gateway

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

// maxResultTTL is the longest time, in seconds, that an answer is reused.
const maxResultTTL = 3600

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
	if err := in.check(); err != nil {
		return Authorizer{}, err
	}
	// Not under the lock: it asks the issuer.
	judge, err := s.newJWT(in)
	if err != nil {
		return Authorizer{}, err
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
		a.authorizers[in.ID] = in.clone()
		delete(a.jwt, in.ID)
		if judge != nil {
			a.jwt[in.ID] = judge
		}
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
		delete(a.jwt, id)
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
		return in.checkJWT()
	default:
		return badRequest("Invalid authorizer type %q. It should be REQUEST or JWT.", in.AuthorizerType)
	}
	switch in.PayloadFormatVersion {
	case payloadVersion:
	case payloadVersion1:
		if in.EnableSimpleResponses {
			return badRequest("EnableSimpleResponses is not supported for the AuthorizerPayloadFormatVersion 1.0. Use 2.0, or answer with an IAM policy.")
		}
	default:
		return badRequest("Invalid AuthorizerPayloadFormatVersion %q. A REQUEST authorizer needs 1.0 or 2.0.", in.PayloadFormatVersion)
	}
	if err := refuse(
		setting{in.CredentialsARN != "", "an authorizer's credentials", "leave AuthorizerCredentialsArn out and give the function a permission"},
		setting{in.IdentityValidationExpression != "", "an identity validation expression", "leave it out: HTTP APIs have none"},
	); err != nil {
		return err
	}
	if err := in.checkName(); err != nil {
		return err
	}
	if in.JWTConfiguration != nil {
		return badRequest("A JWT configuration is only supported for JWT authorizers")
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

func (in Authorizer) checkName() error {
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > 128 {
		return badRequest("Name must be 1 to 128 characters long, and %q has %d", in.Name, n)
	}
	return nil
}

// checkJWT checks a JWT authorizer (API Gateway V2 API reference, Authorizers).
func (in Authorizer) checkJWT() error {
	if err := in.checkName(); err != nil {
		return err
	}
	if in.AuthorizerURI != "" || in.PayloadFormatVersion != "" || in.EnableSimpleResponses || in.ResultTTL != 0 || in.CredentialsARN != "" || in.IdentityValidationExpression != "" {
		return badRequest("A JWT authorizer has no AuthorizerUri, AuthorizerPayloadFormatVersion, EnableSimpleResponses, AuthorizerResultTtlInSeconds, AuthorizerCredentialsArn or IdentityValidationExpression")
	}
	if in.JWTConfiguration == nil || len(in.JWTConfiguration.Audience) == 0 || len(in.JWTConfiguration.Audience) > maxAudiences {
		return badRequest("A JWT authorizer needs a JwtConfiguration with an issuer and 1 to %d audiences", maxAudiences)
	}
	if len(in.IdentitySources) != 1 || (!headerSource.MatchString(in.IdentitySources[0]) && !querySource.MatchString(in.IdentitySources[0])) {
		return badRequest("A JWT authorizer needs one identity source, $request.header.name or $request.querystring.name")
	}
	_, err := in.judge(nil)
	return err
}

// judge makes what judges the tokens of a JWT authorizer.
func (in Authorizer) judge(client *http.Client) (*jwtauth.Authorizer, error) {
	judge, err := jwtauth.New(jwtauth.Config{
		Issuer:   in.JWTConfiguration.Issuer,
		Audience: in.JWTConfiguration.Audience,
		Client:   client,
	})
	if err != nil {
		return nil, badRequest("Invalid JWT configuration: %v", err)
	}
	return judge, nil
}

// newJWT makes what judges the tokens of a JWT authorizer and, as AWS does,
// asks its issuer for the keys; nil for a Lambda authorizer.
func (s *Service) newJWT(in Authorizer) (*jwtauth.Authorizer, error) {
	if in.JWTConfiguration == nil {
		return nil, nil
	}
	judge, err := in.judge(s.issuerClient)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.running, s.authorizerTimeout)
	defer cancel()
	if err := judge.Discover(ctx); err != nil {
		return nil, badRequest("%v", err)
	}
	return judge, nil
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
	if in.JWTConfiguration != nil {
		in.JWTConfiguration = &JWTConfiguration{Audience: slices.Clone(in.JWTConfiguration.Audience), Issuer: in.JWTConfiguration.Issuer}
	}
	return in
}
