package provider

import (
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

type apiInputs struct {
	Name                      string            `json:"name"`
	ProtocolType              string            `json:"protocolType" aws:"required,replace"`
	Description               string            `json:"description"`
	Version                   string            `json:"version"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	RouteSelectionExpression  string            `json:"routeSelectionExpression"`
	CORSConfiguration         *corsInputs       `json:"corsConfiguration" aws:"set"`
	Tags                      map[string]string `json:"tags"`
}

// corsInputs has the fields of live.CORS, so that one can be
// converted to the other.
type corsInputs struct {
	AllowCredentials bool     `json:"allowCredentials,omitempty"`
	AllowHeaders     []string `json:"allowHeaders,omitempty"`
	AllowMethods     []string `json:"allowMethods,omitempty"`
	AllowOrigins     []string `json:"allowOrigins,omitempty"`
	ExposeHeaders    []string `json:"exposeHeaders,omitempty"`
	MaxAge           int      `json:"maxAge,omitempty"`
}

func (in apiInputs) api(id string) management.API {
	return management.API{
		ID:                        id,
		Name:                      in.Name,
		ProtocolType:              in.ProtocolType,
		Description:               in.Description,
		Version:                   in.Version,
		DisableExecuteAPIEndpoint: in.DisableExecuteAPIEndpoint,
		RouteSelectionExpression:  in.RouteSelectionExpression,
		CORSConfiguration:         (*live.CORS)(in.CORSConfiguration),
		Tags:                      in.Tags,
	}
}

func (apiInputs) of(api management.API) apiInputs {
	return apiInputs{
		Name:                      api.Name,
		ProtocolType:              api.ProtocolType,
		Description:               api.Description,
		Version:                   api.Version,
		DisableExecuteAPIEndpoint: api.DisableExecuteAPIEndpoint,
		RouteSelectionExpression:  api.RouteSelectionExpression,
		CORSConfiguration:         (*corsInputs)(api.CORSConfiguration),
		Tags:                      api.Tags,
	}
}

func apiResource() resource {
	outputs := func(api management.API) map[string]any {
		return map[string]any{"apiEndpoint": api.Endpoint, "executionArn": api.ExecutionARN, "arn": api.ARN}
	}
	return definition[apiInputs]{
		Type: "aws:apigatewayv2/api:Api",
		// API Gateway V2 API reference, Apis: at most 128 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"apiEndpoint", "executionArn", "arn"},
		Validate: func(in apiInputs) (apiInputs, error) {
			api, err := management.ValidateAPI(in.api(""))
			return in.of(api), err
		},
		Placeholders: map[string]any{"name": "unknown", "description": nil, "version": nil, "corsConfiguration": nil, "tags": nil},
		Create: func(s Services, in apiInputs) (string, map[string]any, error) {
			api, err := s.Gateway.CreateAPI(in.api(""))
			return api.ID, outputs(api), err
		},
		Read: func(s Services, id string, in apiInputs) (apiInputs, map[string]any, bool, error) {
			api, err := s.Gateway.API(id)
			ok, err := found(err)
			return in.of(api), outputs(api), ok, err
		},
		Update: func(s Services, id string, _, in apiInputs) (map[string]any, error) {
			api, err := s.Gateway.UpdateAPI(in.api(id))
			return outputs(api), err
		},
		Delete: func(s Services, id string, _ apiInputs) error { return s.Gateway.DeleteAPI(id) },
	}
}

type stageInputs struct {
	APIID                string            `json:"apiId" aws:"required,replace"`
	Name                 string            `json:"name" aws:"replace"`
	AutoDeploy           bool              `json:"autoDeploy"`
	Description          string            `json:"description"`
	StageVariables       map[string]string `json:"stageVariables"`
	AccessLogSettings    *accessLogInputs  `json:"accessLogSettings"`
	DefaultRouteSettings *throttleInputs   `json:"defaultRouteSettings"`
	RouteSettings        []routeSettings   `json:"routeSettings" aws:"set"`
	Tags                 map[string]string `json:"tags"`
}

type accessLogInputs struct {
	DestinationARN string `json:"destinationArn"`
	Format         string `json:"format"`
}

// throttleInputs are sent as they are: the AWS provider sends 0 for a limit
// that is left out, and that lets no request through (pulumi-aws issue 2363).
type throttleInputs struct {
	DetailedMetricsEnabled bool    `json:"detailedMetricsEnabled,omitempty"`
	ThrottlingBurstLimit   int     `json:"throttlingBurstLimit,omitempty"`
	ThrottlingRateLimit    float64 `json:"throttlingRateLimit,omitempty"`
}

func (in throttleInputs) settings() management.RouteSettings {
	return management.RouteSettings{
		DetailedMetricsEnabled: in.DetailedMetricsEnabled,
		ThrottlingBurstLimit:   &in.ThrottlingBurstLimit,
		ThrottlingRateLimit:    &in.ThrottlingRateLimit,
	}
}

func (throttleInputs) of(settings management.RouteSettings) throttleInputs {
	in := throttleInputs{DetailedMetricsEnabled: settings.DetailedMetricsEnabled}
	if settings.ThrottlingBurstLimit != nil {
		in.ThrottlingBurstLimit = *settings.ThrottlingBurstLimit
	}
	if settings.ThrottlingRateLimit != nil {
		in.ThrottlingRateLimit = *settings.ThrottlingRateLimit
	}
	return in
}

type routeSettings struct {
	RouteKey string `json:"routeKey"`
	throttleInputs
}

func (in stageInputs) stage() management.Stage {
	stage := management.Stage{
		Name:              in.Name,
		AutoDeploy:        in.AutoDeploy,
		Description:       in.Description,
		StageVariables:    in.StageVariables,
		AccessLogSettings: (*management.AccessLogSettings)(in.AccessLogSettings),
		Tags:              in.Tags,
	}
	if in.DefaultRouteSettings != nil {
		settings := in.DefaultRouteSettings.settings()
		stage.DefaultRouteSettings = &settings
	}
	for _, route := range in.RouteSettings {
		if stage.RouteSettings == nil {
			stage.RouteSettings = map[string]management.RouteSettings{}
		}
		stage.RouteSettings[route.RouteKey] = route.settings()
	}
	return stage
}

func (in stageInputs) of(stage management.Stage) stageInputs {
	out := stageInputs{
		APIID:             in.APIID,
		Name:              stage.Name,
		AutoDeploy:        stage.AutoDeploy,
		Description:       stage.Description,
		StageVariables:    stage.StageVariables,
		AccessLogSettings: (*accessLogInputs)(stage.AccessLogSettings),
		Tags:              stage.Tags,
	}
	if stage.DefaultRouteSettings != nil {
		settings := throttleInputs{}.of(*stage.DefaultRouteSettings)
		out.DefaultRouteSettings = &settings
	}
	for _, key := range slices.Sorted(maps.Keys(stage.RouteSettings)) {
		out.RouteSettings = append(out.RouteSettings, routeSettings{key, throttleInputs{}.of(stage.RouteSettings[key])})
	}
	return out
}

func stageResource() resource {
	outputs := func(stage management.Stage) map[string]any {
		return map[string]any{"invokeUrl": stage.InvokeURL, "executionArn": stage.ExecutionARN, "arn": stage.ARN, "deploymentId": stage.AutoDeploymentID}
	}
	return definition[stageInputs]{
		Type: "aws:apigatewayv2/stage:Stage",
		// API Gateway V2 API reference, Stages: at most 128 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"invokeUrl", "executionArn", "arn", "deploymentId"},
		Validate: func(in stageInputs) (stageInputs, error) {
			stage, err := management.ValidateStage(in.stage())
			return in.of(stage), err
		},
		Placeholders: map[string]any{
			"apiId": nil, "name": "unknown", "description": nil, "stageVariables": nil, "accessLogSettings": nil,
			"defaultRouteSettings": nil, "routeSettings": nil, "tags": nil,
		},
		Create: func(s Services, in stageInputs) (string, map[string]any, error) {
			stage, err := s.Gateway.CreateStage(in.APIID, in.stage())
			return in.Name, outputs(stage), err
		},
		Read: func(s Services, id string, in stageInputs) (stageInputs, map[string]any, bool, error) {
			stage, err := s.Gateway.Stage(in.APIID, id)
			ok, err := found(err)
			return in.of(stage), outputs(stage), ok, err
		},
		Import: func(importID string) (string, stageInputs, error) {
			api, name, err := splitImport(importID, "/", "api_id/stage_name")
			return name, stageInputs{APIID: api}, err
		},
		Update: func(s Services, _ string, _, in stageInputs) (map[string]any, error) {
			stage, err := s.Gateway.UpdateStage(in.APIID, in.stage())
			return outputs(stage), err
		},
		Delete: func(s Services, id string, in stageInputs) error { return s.Gateway.DeleteStage(in.APIID, id) },
	}
}

// found turns the error of a look-up into whether the thing is there.
func found(err error) (bool, error) {
	if awserr.Has(err, management.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}
