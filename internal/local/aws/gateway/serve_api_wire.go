package gateway

import "reflect"

// shape is a JSON object of the apigatewayv2 API.
type shape map[string]any

// withoutEmpty leaves out the members that have no value, as AWS does.
func (s shape) withoutEmpty() map[string]any {
	for name, value := range s {
		v := reflect.ValueOf(value)
		switch v.Kind() {
		case reflect.Bool, reflect.Int: // false and 0 say something
		case reflect.Map, reflect.Slice:
			if v.Len() == 0 {
				delete(s, name)
			}
		default:
			if !v.IsValid() || v.IsZero() {
				delete(s, name)
			}
		}
	}
	return s
}

func (a API) wire() map[string]any {
	s := shape{
		"apiId": a.ID, "apiEndpoint": a.Endpoint, "name": a.Name, "description": a.Description, "protocolType": a.ProtocolType, "version": a.Version,
		"routeSelectionExpression": a.RouteSelectionExpression, "apiKeySelectionExpression": "$request.header.x-api-key",
		"disableExecuteApiEndpoint": a.DisableExecuteAPIEndpoint, "ipAddressType": a.IPAddressType, "tags": a.Tags,
	}
	if c := a.CORSConfiguration; c != nil {
		s["corsConfiguration"] = shape{
			"allowCredentials": c.AllowCredentials, "allowHeaders": c.AllowHeaders, "allowMethods": c.AllowMethods,
			"allowOrigins": c.AllowOrigins, "exposeHeaders": c.ExposeHeaders, "maxAge": c.MaxAge,
		}.withoutEmpty()
	}
	return s.withoutEmpty()
}

func (in Route) wire() map[string]any {
	return shape{
		"routeId": in.ID, "routeKey": in.RouteKey, "target": in.Target, "operationName": in.OperationName, "apiKeyRequired": in.APIKeyRequired,
		"authorizationType": in.AuthorizationType, "authorizerId": in.AuthorizerID, "authorizationScopes": in.AuthorizationScopes,
	}.withoutEmpty()
}

func (in Integration) wire() map[string]any {
	return shape{
		"integrationId": in.ID, "integrationType": in.IntegrationType, "integrationUri": in.IntegrationURI, "integrationMethod": in.IntegrationMethod,
		"connectionType": in.ConnectionType, "payloadFormatVersion": in.PayloadFormatVersion, "timeoutInMillis": in.TimeoutInMillis, "description": in.Description,
	}.withoutEmpty()
}

func (in Authorizer) wire() map[string]any {
	s := shape{
		"authorizerId": in.ID, "name": in.Name, "authorizerType": in.AuthorizerType, "authorizerUri": in.AuthorizerURI, "identitySource": in.IdentitySources,
	}
	if c := in.JWTConfiguration; c != nil {
		s["jwtConfiguration"] = map[string]any{"audience": c.Audience, "issuer": c.Issuer}
	}
	if in.AuthorizerType == "REQUEST" {
		s["authorizerPayloadFormatVersion"], s["authorizerResultTtlInSeconds"], s["enableSimpleResponses"] = in.PayloadFormatVersion, in.ResultTTL, in.EnableSimpleResponses
	}
	return s.withoutEmpty()
}

func (s Stage) wire() map[string]any {
	out := shape{
		"stageName": s.Name, "autoDeploy": s.AutoDeploy, "description": s.Description, "stageVariables": s.StageVariables, "tags": s.Tags,
	}.withoutEmpty()
	defaults, routes := RouteSettings{}, map[string]any{}
	if s.DefaultRouteSettings != nil {
		defaults = *s.DefaultRouteSettings
	}
	for key, settings := range s.RouteSettings {
		routes[key] = settings.wire()
	}
	if a := s.AccessLogSettings; a != nil {
		out["accessLogSettings"] = map[string]string{"destinationArn": a.DestinationARN, "format": a.Format}
	}
	out["defaultRouteSettings"], out["routeSettings"] = defaults.wire(), routes
	return out
}

func (r RouteSettings) wire() map[string]any {
	out := map[string]any{"detailedMetricsEnabled": r.DetailedMetricsEnabled}
	if r.ThrottlingBurstLimit != nil {
		out["throttlingBurstLimit"] = *r.ThrottlingBurstLimit
	}
	if r.ThrottlingRateLimit != nil {
		out["throttlingRateLimit"] = *r.ThrottlingRateLimit
	}
	return out
}
