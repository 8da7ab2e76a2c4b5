package management

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Sizes of a page of the management API: the default and the most.
const (
	defaultResults = 25
	maxResults     = 500
)

// Handler returns the management API, apigatewayv2, behind the endpoint: it
// reads APIs and what belongs to them, and resets authorizers' caches. What
// creates, changes or deletes resources is left to the Pulumi provider.
func (s *Service) Handler() protocol.Service {
	operation := func(name, method, path string, run func(*protocol.RESTRequest) (*protocol.RESTAnswer, error)) protocol.RESTOperation {
		return protocol.RESTOperation{Name: name, Method: method, Path: "/v2" + path, Grants: s.grants, Run: run}
	}
	const one = "/apis/{apiId}"
	return &protocol.REST{
		Name: "apigateway",
		Statuses: map[string]int{
			CodeBadRequest: http.StatusBadRequest, CodeNotFound: http.StatusNotFound,
			CodeConflict: http.StatusConflict, CodeTooManyRequests: http.StatusTooManyRequests,
		},
		Operations: []protocol.RESTOperation{
			operation("GetApis", http.MethodGet, "/apis", s.serveAPIs),
			operation("GetApi", http.MethodGet, one, s.serveAPI),
			operation("GetRoutes", http.MethodGet, one+"/routes", collection(s, func(a *api) map[string]Route { return a.routes }, Route.wire)),
			operation("GetRoute", http.MethodGet, one+"/routes/{id}", member(s.Route, Route.wire)),
			operation("GetIntegrations", http.MethodGet, one+"/integrations", collection(s, func(a *api) map[string]Integration { return a.integrations }, Integration.wire)),
			operation("GetIntegration", http.MethodGet, one+"/integrations/{id}", member(s.Integration, Integration.wire)),
			operation("GetAuthorizers", http.MethodGet, one+"/authorizers", collection(s, func(a *api) map[string]Authorizer { return a.authorizers }, Authorizer.wire)),
			operation("GetAuthorizer", http.MethodGet, one+"/authorizers/{id}", member(s.Authorizer, Authorizer.wire)),
			operation("GetStages", http.MethodGet, one+"/stages", collection(s, func(a *api) map[string]Stage { return a.stages }, Stage.wire)),
			operation("GetStage", http.MethodGet, one+"/stages/{id}", member(s.Stage, Stage.wire)),
			operation("GetDomainNames", http.MethodGet, "/domainnames", s.serveDomainNames),
			operation("GetDomainName", http.MethodGet, "/domainnames/{domainName}", s.serveDomainName),
			operation("GetApiMappings", http.MethodGet, "/domainnames/{domainName}/apimappings", s.serveMappings),
			operation("GetApiMapping", http.MethodGet, "/domainnames/{domainName}/apimappings/{id}", s.serveMapping),
			operation("ResetAuthorizersCache", http.MethodDelete, one+"/stages/{id}/cache/authorizers", s.serveReset),
		},
	}
}

// grants: the action is the HTTP method, the resource the path, in an ARN
// without account (service authorization reference, Amazon API Gateway
// Management V2).
func (s *Service) grants(r *protocol.RESTRequest) ([]iam.Grant, error) {
	path := strings.TrimSuffix(strings.TrimPrefix(r.HTTP.URL.Path, "/v2"), "/")
	return []iam.Grant{{Action: "apigateway:" + r.HTTP.Method, Resource: s.apigatewayARN(path)}}, nil
}

func (s *Service) serveAPIs(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	s.mu.Lock()
	all := make([]API, 0, len(s.apis))
	for _, id := range sortedKeys(s.apis) {
		all = append(all, s.apis[id].resource.clone())
	}
	s.mu.Unlock()
	return pageOf(r, all, API.wire)
}

func (s *Service) serveAPI(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	resource, err := s.API(r.Path["apiId"])
	return &protocol.RESTAnswer{Body: resource.wire()}, err
}

func (s *Service) serveReset(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	err := s.ResetAuthorizersCache(r.Path["apiId"], r.Path["id"])
	if err == nil {
		s.gateway.Console.Printf("API %s: the authorizers' answers in the stage %s were forgotten", r.Path["apiId"], r.Path["id"])
	}
	return &protocol.RESTAnswer{Status: http.StatusNoContent}, err
}

// collection serves all resources of a kind that an API has.
func collection[T any](s *Service, of func(*api) map[string]T, wire func(T) map[string]any) func(*protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	return func(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
		var all []T
		err := s.read(r.Path["apiId"], func(a *api) error {
			resources := of(a)
			for _, id := range sortedKeys(resources) {
				all = append(all, resources[id])
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return pageOf(r, all, wire)
	}
}

// member serves one resource of an API.
func member[T any](get func(apiID, id string) (T, error), wire func(T) map[string]any) func(*protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	return func(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
		resource, err := get(r.Path["apiId"], r.Path["id"])
		return &protocol.RESTAnswer{Body: wire(resource)}, err
	}
}

// pageOf answers one page.
func pageOf[T any](r *protocol.RESTRequest, all []T, wire func(T) map[string]any) (*protocol.RESTAnswer, error) {
	limit := defaultResults
	if text := r.Query.Get("maxResults"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxResults {
			return nil, badRequest("Invalid maxResults %q. It should be 1 to %d.", text, maxResults)
		}
	}
	page, next, err := protocol.Page(all, r.Query.Get("nextToken"), limit, CodeBadRequest)
	if err != nil {
		return nil, err
	}
	items := make([]map[string]any, len(page))
	for i, resource := range page {
		items[i] = wire(resource)
	}
	body := map[string]any{"items": items}
	if next != "" {
		body["nextToken"] = next
	}
	return &protocol.RESTAnswer{Body: body}, nil
}

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
		"deploymentId": s.AutoDeploymentID,
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
