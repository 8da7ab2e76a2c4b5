package provider

import (
	"errors"

	"github.com/protected-http-api/protected-http-api/internal/localaws/gateway"
)

type apiInputs struct {
	Name                      string            `json:"name"`
	ProtocolType              string            `json:"protocolType" aws:"required,replace"`
	Description               string            `json:"description"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	RouteSelectionExpression  string            `json:"routeSelectionExpression"`
	Tags                      map[string]string `json:"tags"`
}

func (in apiInputs) api(id string) gateway.API {
	return gateway.API{
		ID:                        id,
		Name:                      in.Name,
		ProtocolType:              in.ProtocolType,
		Description:               in.Description,
		DisableExecuteAPIEndpoint: in.DisableExecuteAPIEndpoint,
		RouteSelectionExpression:  in.RouteSelectionExpression,
		Tags:                      in.Tags,
	}
}

func apiResource() resource {
	outputs := func(api gateway.API) map[string]any {
		return map[string]any{"apiEndpoint": api.Endpoint, "executionArn": api.ExecutionARN, "arn": api.ARN}
	}
	return definition[apiInputs]{
		Type: "aws:apigatewayv2/api:Api",
		// API Gateway V2 API reference, Apis: at most 128 characters.
		Name: "name", NameLength: 128,
		Computed: []string{"apiEndpoint", "executionArn", "arn"},
		Create: func(s Services, in apiInputs) (string, map[string]any, error) {
			api, err := s.Gateway.CreateAPI(in.api(""))
			return api.ID, outputs(api), err
		},
		Exists: func(s Services, id string, _ apiInputs) (bool, error) {
			return found(s.Gateway.API(id))
		},
		Update: func(s Services, id string, in apiInputs) (map[string]any, error) {
			api, err := s.Gateway.UpdateAPI(in.api(id))
			return outputs(api), err
		},
		Delete: func(s Services, id string, _ apiInputs) error { return s.Gateway.DeleteAPI(id) },
	}
}

type stageInputs struct {
	APIID          string            `json:"apiId" aws:"required,replace"`
	Name           string            `json:"name" aws:"replace"`
	AutoDeploy     bool              `json:"autoDeploy"`
	Description    string            `json:"description"`
	StageVariables map[string]string `json:"stageVariables"`
	Tags           map[string]string `json:"tags"`
}

func (in stageInputs) stage() gateway.Stage {
	return gateway.Stage{
		Name:           in.Name,
		AutoDeploy:     in.AutoDeploy,
		Description:    in.Description,
		StageVariables: in.StageVariables,
		Tags:           in.Tags,
	}
}

func stageResource() resource {
	outputs := func(stage gateway.Stage) map[string]any {
		return map[string]any{"invokeUrl": stage.InvokeURL, "executionArn": stage.ExecutionARN, "arn": stage.ARN}
	}
	return definition[stageInputs]{
		Type: "aws:apigatewayv2/stage:Stage",
		// API Gateway V2 API reference, Stages: at most 128 characters.
		Name: "name", NameLength: 128,
		Computed: []string{"invokeUrl", "executionArn", "arn"},
		Create: func(s Services, in stageInputs) (string, map[string]any, error) {
			stage, err := s.Gateway.CreateStage(in.APIID, in.stage())
			return in.Name, outputs(stage), err
		},
		Exists: func(s Services, id string, in stageInputs) (bool, error) {
			return found(s.Gateway.Stage(in.APIID, id))
		},
		Update: func(s Services, _ string, in stageInputs) (map[string]any, error) {
			stage, err := s.Gateway.UpdateStage(in.APIID, in.stage())
			return outputs(stage), err
		},
		Delete: func(s Services, id string, in stageInputs) error { return s.Gateway.DeleteStage(in.APIID, id) },
	}
}

type integrationInputs struct {
	APIID                string `json:"apiId" aws:"required,replace"`
	IntegrationType      string `json:"integrationType" aws:"required,replace"`
	IntegrationURI       string `json:"integrationUri"`
	IntegrationMethod    string `json:"integrationMethod"`
	ConnectionType       string `json:"connectionType"`
	PayloadFormatVersion string `json:"payloadFormatVersion"`
	TimeoutMilliseconds  int    `json:"timeoutMilliseconds"`
	Description          string `json:"description"`
}

func (in integrationInputs) integration(id string) gateway.Integration {
	return gateway.Integration{
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

func integrationResource() resource {
	return definition[integrationInputs]{
		Type: "aws:apigatewayv2/integration:Integration",
		Create: func(s Services, in integrationInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateIntegration(in.APIID, in.integration(""))
			return created.ID, nil, err
		},
		Exists: func(s Services, id string, in integrationInputs) (bool, error) {
			return found(s.Gateway.Integration(in.APIID, id))
		},
		Update: func(s Services, id string, in integrationInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateIntegration(in.APIID, in.integration(id))
			return nil, err
		},
		Delete: func(s Services, id string, in integrationInputs) error {
			return s.Gateway.DeleteIntegration(in.APIID, id)
		},
	}
}

type authorizerInputs struct {
	APIID                string   `json:"apiId" aws:"required,replace"`
	Name                 string   `json:"name"`
	AuthorizerType       string   `json:"authorizerType" aws:"required,replace"`
	AuthorizerURI        string   `json:"authorizerUri"`
	PayloadFormatVersion string   `json:"authorizerPayloadFormatVersion"`
	EnableSimple         bool     `json:"enableSimpleResponses"`
	IdentitySources      []string `json:"identitySources"`
	ResultTTL            *int     `json:"authorizerResultTtlInSeconds"`
}

// authorizer applies the AWS provider's default: without a TTL it sends 300
// where there are identity sources.
func (in authorizerInputs) authorizer(id string) gateway.Authorizer {
	ttl := 0
	switch {
	case in.ResultTTL != nil:
		ttl = *in.ResultTTL
	case len(in.IdentitySources) > 0:
		ttl = 300
	}
	return gateway.Authorizer{
		ID:                    id,
		Name:                  in.Name,
		AuthorizerType:        in.AuthorizerType,
		AuthorizerURI:         in.AuthorizerURI,
		PayloadFormatVersion:  in.PayloadFormatVersion,
		EnableSimpleResponses: in.EnableSimple,
		IdentitySources:       in.IdentitySources,
		ResultTTL:             ttl,
	}
}

func authorizerResource() resource {
	return definition[authorizerInputs]{
		Type: "aws:apigatewayv2/authorizer:Authorizer",
		// API Gateway V2 API reference, Authorizers: at most 128 characters.
		Name: "name", NameLength: 128,
		Create: func(s Services, in authorizerInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateAuthorizer(in.APIID, in.authorizer(""))
			return created.ID, nil, err
		},
		Exists: func(s Services, id string, in authorizerInputs) (bool, error) {
			return found(s.Gateway.Authorizer(in.APIID, id))
		},
		Update: func(s Services, id string, in authorizerInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateAuthorizer(in.APIID, in.authorizer(id))
			return nil, err
		},
		Delete: func(s Services, id string, in authorizerInputs) error {
			return s.Gateway.DeleteAuthorizer(in.APIID, id)
		},
	}
}

type routeInputs struct {
	APIID             string `json:"apiId" aws:"required,replace"`
	RouteKey          string `json:"routeKey" aws:"required"`
	Target            string `json:"target"`
	AuthorizationType string `json:"authorizationType"`
	AuthorizerID      string `json:"authorizerId"`
	OperationName     string `json:"operationName"`
}

func (in routeInputs) route(id string) gateway.Route {
	return gateway.Route{
		ID:                id,
		RouteKey:          in.RouteKey,
		Target:            in.Target,
		AuthorizationType: in.AuthorizationType,
		AuthorizerID:      in.AuthorizerID,
		OperationName:     in.OperationName,
	}
}

func routeResource() resource {
	return definition[routeInputs]{
		Type: "aws:apigatewayv2/route:Route",
		Create: func(s Services, in routeInputs) (string, map[string]any, error) {
			created, err := s.Gateway.CreateRoute(in.APIID, in.route(""))
			return created.ID, nil, err
		},
		Exists: func(s Services, id string, in routeInputs) (bool, error) {
			return found(s.Gateway.Route(in.APIID, id))
		},
		Update: func(s Services, id string, in routeInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateRoute(in.APIID, in.route(id))
			return nil, err
		},
		Delete: func(s Services, id string, in routeInputs) error { return s.Gateway.DeleteRoute(in.APIID, id) },
	}
}

// found turns the answer of a look-up into whether the thing is there.
func found[T any](_ T, err error) (bool, error) {
	var missing *gateway.APIError
	if errors.As(err, &missing) && missing.Code == "NotFoundException" {
		return false, nil
	}
	return err == nil, err
}
