package gateway

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Timeouts of an integration, milliseconds.
const (
	minIntegrationTimeout = 50
	maxIntegrationTimeout = 30_000
)

var (
	functionARN = regexp.MustCompile(`^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
	invokeARN   = regexp.MustCompile(`^arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations$`)
)

// functionOf returns the function's ARN of an invoke ARN; the empty string
// where uri is none.
func functionOf(uri string) string {
	if m := invokeARN.FindStringSubmatch(uri); m != nil && functionARN.MatchString(m[1]) {
		return m[1]
	}
	return ""
}

// CreateIntegration creates an integration.
func (s *Service) CreateIntegration(apiID string, in Integration) (Integration, error) {
	in.ID = newID(routeIDLength)
	return s.putIntegration(apiID, in, func(a *api) error {
		return quota("integrations", len(a.integrations), maxIntegrations)
	})
}

// UpdateIntegration replaces the settings of the integration in.ID.
func (s *Service) UpdateIntegration(apiID string, in Integration) (Integration, error) {
	return s.putIntegration(apiID, in, func(a *api) error {
		_, err := lookUp(a.integrations, "Integration", in.ID)
		return err
	})
}

func (s *Service) putIntegration(apiID string, in Integration, check func(*api) error) (Integration, error) {
	err := s.change(apiID, func(a *api) error {
		if err := check(a); err != nil {
			return err
		}
		if err := in.check(); err != nil {
			return err
		}
		a.integrations[in.ID] = in
		return nil
	})
	if err != nil {
		return Integration{}, err
	}
	return in, nil
}

// DeleteIntegration deletes an integration that no route uses.
func (s *Service) DeleteIntegration(apiID, id string) error {
	return s.change(apiID, func(a *api) error {
		if _, err := lookUp(a.integrations, "Integration", id); err != nil {
			return err
		}
		var users []string
		for _, route := range a.routes {
			if route.Target == targetPrefix+id {
				users = append(users, route.ID)
			}
		}
		if len(users) > 0 {
			slices.Sort(users)
			return conflict("Cannot delete Integration because it is referenced by the following Routes with Ids: [%s]", strings.Join(users, ", "))
		}
		delete(a.integrations, id)
		return nil
	})
}

// Integration returns an integration.
func (s *Service) Integration(apiID, id string) (Integration, error) {
	return get(s, apiID, id, "Integration", func(a *api) map[string]Integration { return a.integrations })
}

// check completes the defaults and refuses what AWS or the local AWS refuses.
func (in *Integration) check() error {
	switch in.IntegrationType {
	case "AWS_PROXY":
	case "AWS", "HTTP", "HTTP_PROXY", "MOCK":
		return awserr.Unsupported("the integration type "+in.IntegrationType, "use AWS_PROXY with a function")
	default:
		return badRequest("Invalid integration type %q. It should be AWS_PROXY.", in.IntegrationType)
	}
	switch in.PayloadFormatVersion {
	case "2.0":
	case "1.0":
		return awserr.Unsupported("the payload format version 1.0 of an integration", "use 2.0")
	default:
		return badRequest("Invalid payload format version %q. An integration of an HTTP API needs 1.0 or 2.0.", in.PayloadFormatVersion)
	}
	if err := refuse(
		setting{in.IntegrationSubtype != "", "integrations with other AWS services", "leave IntegrationSubtype out and name a function"},
		setting{in.ConnectionType == "VPC_LINK" || in.ConnectionID != "", "VPC links", "use the connection type INTERNET"},
		setting{in.CredentialsARN != "", "an integration's credentials", "leave CredentialsArn out and give the function a permission"},
		setting{len(in.RequestParameters) > 0 || len(in.ResponseParameters) > 0, "parameter mapping", "leave RequestParameters and ResponseParameters out"},
		setting{len(in.TLSServerNameConfig) > 0, "a TLS configuration of an integration", "leave TlsConfig out"},
	); err != nil {
		return err
	}
	if in.ConnectionType == "" {
		in.ConnectionType = "INTERNET"
	}
	if in.IntegrationMethod == "" {
		in.IntegrationMethod = "POST"
	}
	if in.TimeoutInMillis == 0 {
		in.TimeoutInMillis = maxIntegrationTimeout
	}
	switch {
	case in.ConnectionType != "INTERNET":
		return badRequest("Invalid connection type %q. It should be INTERNET.", in.ConnectionType)
	case in.IntegrationMethod != "POST":
		return badRequest("Invalid integration method %q. Functions are invoked with POST.", in.IntegrationMethod)
	case in.TimeoutInMillis < minIntegrationTimeout || in.TimeoutInMillis > maxIntegrationTimeout:
		return badRequest("Timeout should be between %d ms and %d ms, and is %d ms", minIntegrationTimeout, maxIntegrationTimeout, in.TimeoutInMillis)
	case in.function() == "":
		return badRequest("Invalid integration URI %q. It should be the ARN or the invoke ARN of a Lambda function.", in.IntegrationURI)
	}
	in.RequestParameters, in.ResponseParameters, in.TLSServerNameConfig = nil, nil, nil
	return nil
}

// function is the ARN of the integration's function.
func (in *Integration) function() string {
	if functionARN.MatchString(in.IntegrationURI) {
		return in.IntegrationURI
	}
	return functionOf(in.IntegrationURI)
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
