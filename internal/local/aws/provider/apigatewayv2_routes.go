package provider

import "github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"

// unknownFunction stands in for a function's invoke ARN in a preview.
const unknownFunction = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:unknown/invocations"

type integrationInputs struct {
	APIID                string `json:"apiId" aws:"required,replace"`
	IntegrationType      string `json:"integrationType" aws:"required,replace"`
	IntegrationURI       string `json:"integrationUri"`
	IntegrationMethod    string `json:"integrationMethod"`
	ConnectionType       string `json:"connectionType"`
	PayloadFormatVersion string `json:"payloadFormatVersion"`
	TimeoutMilliseconds  int    `json:"timeoutMilliseconds" aws:"positive"`
	Description          string `json:"description"`
}

func (in integrationInputs) integration(id string) management.Integration {
	return management.Integration{
		ID:                   id,
		IntegrationType:      in.IntegrationType,
		IntegrationURI:       in.IntegrationURI,
		IntegrationMethod:    in.IntegrationMethod,
		ConnectionType:       in.ConnectionType,
		PayloadFormatVersion: in.PayloadFormatVersion,
		TimeoutInMillis:      in.TimeoutMilliseconds,
		Description:          in.Description,
	}
}

func (in integrationInputs) of(integration management.Integration) integrationInputs {
	return integrationInputs{
		APIID:                in.APIID,
		IntegrationType:      integration.IntegrationType,
		IntegrationURI:       integration.IntegrationURI,
		IntegrationMethod:    integration.IntegrationMethod,
		ConnectionType:       integration.ConnectionType,
		PayloadFormatVersion: integration.PayloadFormatVersion,
		TimeoutMilliseconds:  integration.TimeoutInMillis,
		Description:          integration.Description,
	}
}

func integrationResource() resource {
	return definition[integrationInputs]{
		Type: "aws:apigatewayv2/integration:Integration",
		Validate: func(in integrationInputs) (integrationInputs, error) {
			integration, err := management.ValidateIntegration(in.integration(""))
			return in.of(integration), err
		},
		Placeholders: map[string]any{"apiId": nil, "integrationUri": unknownFunction, "description": nil},
		Create: func(s Services, in integrationInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateIntegration(in.APIID, in.integration(""))
			return created.ID, nil, err
		},
		Read: func(s Services, id string, in integrationInputs) (integrationInputs, map[string]any, bool, error) {
			integration, err := s.Gateway.Integration(in.APIID, id)
			ok, err := found(err)
			return in.of(integration), nil, ok, err
		},
		Import: func(importID string) (string, integrationInputs, error) {
			api, id, err := splitImport(importID, "/", "api_id/integration_id")
			return id, integrationInputs{APIID: api}, err
		},
		Update: func(s Services, id string, _, in integrationInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateIntegration(in.APIID, in.integration(id))
			return nil, err
		},
		Delete: func(s Services, id string, in integrationInputs) error {
			return s.Gateway.DeleteIntegration(in.APIID, id)
		},
	}
}

type authorizerInputs struct {
	APIID                string     `json:"apiId" aws:"required,replace"`
	Name                 string     `json:"name"`
	AuthorizerType       string     `json:"authorizerType" aws:"required"`
	AuthorizerURI        string     `json:"authorizerUri"`
	PayloadFormatVersion string     `json:"authorizerPayloadFormatVersion"`
	EnableSimple         bool       `json:"enableSimpleResponses"`
	IdentitySources      []string   `json:"identitySources" aws:"set"`
	JWTConfiguration     *jwtInputs `json:"jwtConfiguration" aws:"set"`
	ResultTTL            *int       `json:"authorizerResultTtlInSeconds" aws:"computed"`
}

// jwtInputs has the fields of management.JWTConfiguration.
type jwtInputs struct {
	Audience []string `json:"audiences"`
	Issuer   string   `json:"issuer"`
}

// authorizer applies the AWS provider's default: without a TTL it sends 300
// where a function has identity sources.
func (in authorizerInputs) authorizer(id string) management.Authorizer {
	ttl := 0
	switch {
	case in.ResultTTL != nil:
		ttl = *in.ResultTTL
	case in.AuthorizerType == "REQUEST" && len(in.IdentitySources) > 0:
		ttl = 300
	}
	return management.Authorizer{
		ID:                    id,
		Name:                  in.Name,
		AuthorizerType:        in.AuthorizerType,
		AuthorizerURI:         in.AuthorizerURI,
		PayloadFormatVersion:  in.PayloadFormatVersion,
		EnableSimpleResponses: in.EnableSimple,
		IdentitySources:       in.IdentitySources,
		JWTConfiguration:      (*management.JWTConfiguration)(in.JWTConfiguration),
		ResultTTL:             ttl,
	}
}

func (in authorizerInputs) of(authorizer management.Authorizer) authorizerInputs {
	return authorizerInputs{
		APIID:                in.APIID,
		Name:                 authorizer.Name,
		AuthorizerType:       authorizer.AuthorizerType,
		AuthorizerURI:        authorizer.AuthorizerURI,
		PayloadFormatVersion: authorizer.PayloadFormatVersion,
		EnableSimple:         authorizer.EnableSimpleResponses,
		IdentitySources:      authorizer.IdentitySources,
		JWTConfiguration:     (*jwtInputs)(authorizer.JWTConfiguration),
		ResultTTL:            &authorizer.ResultTTL,
	}
}

func authorizerResource() resource {
	return definition[authorizerInputs]{
		Type: "aws:apigatewayv2/authorizer:Authorizer",
		// API Gateway V2 API reference, Authorizers: at most 128 characters.
		Name: "name", NameLength: defaultNameLength,
		Validate: func(in authorizerInputs) (authorizerInputs, error) {
			authorizer, err := management.ValidateAuthorizer(in.authorizer(""))
			return in.of(authorizer), err
		},
		Placeholders: map[string]any{
			"apiId": nil, "name": "unknown", "authorizerUri": unknownFunction,
			"jwtConfiguration": map[string]any{"issuer": "https://unknown.example", "audiences": []string{"unknown"}},
		},
		Create: func(s Services, in authorizerInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateAuthorizer(in.APIID, in.authorizer(""))
			return created.ID, nil, err
		},
		Read: func(s Services, id string, in authorizerInputs) (authorizerInputs, map[string]any, bool, error) {
			authorizer, err := s.Gateway.Authorizer(in.APIID, id)
			ok, err := found(err)
			return in.of(authorizer), nil, ok, err
		},
		Import: func(importID string) (string, authorizerInputs, error) {
			api, id, err := splitImport(importID, "/", "api_id/authorizer_id")
			return id, authorizerInputs{APIID: api}, err
		},
		Update: func(s Services, id string, _, in authorizerInputs) (map[string]any, error) {
			authorizer := in.authorizer(id)
			// The default is for creation only: a TTL that is no longer given
			// stays as it is.
			if old, err := s.Gateway.Authorizer(in.APIID, id); err == nil && in.ResultTTL == nil && in.AuthorizerType == "REQUEST" {
				authorizer.ResultTTL = old.ResultTTL
			}
			_, err := s.Gateway.UpdateAuthorizer(in.APIID, authorizer)
			return nil, err
		},
		Delete: func(s Services, id string, in authorizerInputs) error {
			return s.Gateway.DeleteAuthorizer(in.APIID, id)
		},
	}
}

type routeInputs struct {
	APIID               string   `json:"apiId" aws:"required,replace"`
	RouteKey            string   `json:"routeKey" aws:"required"`
	Target              string   `json:"target"`
	AuthorizationType   string   `json:"authorizationType"`
	AuthorizationScopes []string `json:"authorizationScopes" aws:"set"`
	AuthorizerID        string   `json:"authorizerId"`
	OperationName       string   `json:"operationName"`
}

func (in routeInputs) route(id string) management.Route {
	return management.Route{
		ID:                  id,
		RouteKey:            in.RouteKey,
		Target:              in.Target,
		AuthorizationType:   in.AuthorizationType,
		AuthorizationScopes: in.AuthorizationScopes,
		AuthorizerID:        in.AuthorizerID,
		OperationName:       in.OperationName,
	}
}

func (in routeInputs) of(route management.Route) routeInputs {
	return routeInputs{
		APIID:               in.APIID,
		RouteKey:            route.RouteKey,
		Target:              route.Target,
		AuthorizationType:   route.AuthorizationType,
		AuthorizationScopes: route.AuthorizationScopes,
		AuthorizerID:        route.AuthorizerID,
		OperationName:       route.OperationName,
	}
}

func routeResource() resource {
	return definition[routeInputs]{
		Type: "aws:apigatewayv2/route:Route",
		Validate: func(in routeInputs) (routeInputs, error) {
			route, err := management.ValidateRoute(in.route(""))
			return in.of(route), err
		},
		Placeholders: map[string]any{"apiId": nil, "target": "integrations/unknown", "authorizerId": "unknown", "operationName": nil},
		Create: func(s Services, in routeInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateRoute(in.APIID, in.route(""))
			return created.ID, nil, err
		},
		Read: func(s Services, id string, in routeInputs) (routeInputs, map[string]any, bool, error) {
			route, err := s.Gateway.Route(in.APIID, id)
			ok, err := found(err)
			return in.of(route), nil, ok, err
		},
		Import: func(importID string) (string, routeInputs, error) {
			api, id, err := splitImport(importID, "/", "api_id/route_id")
			return id, routeInputs{APIID: api}, err
		},
		Update: func(s Services, id string, _, in routeInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateRoute(in.APIID, in.route(id))
			return nil, err
		},
		Delete: func(s Services, id string, in routeInputs) error { return s.Gateway.DeleteRoute(in.APIID, id) },
	}
}
