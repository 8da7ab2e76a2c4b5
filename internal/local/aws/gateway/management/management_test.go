package management

import (
	"encoding/json"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// TestWire: resources as apigatewayv2 shows them; the expected texts follow
// its API reference.
func TestWire(t *testing.T) {
	t.Parallel()
	burst, rate := 0, 2.5
	for _, tc := range []struct {
		name string
		got  map[string]any
		want string
	}{
		{"API", API{
			ID: "a1", Endpoint: "http://127.0.0.1:1", Name: "n", ProtocolType: "HTTP", RouteSelectionExpression: defaultRouteSelection, IPAddressType: "ipv4",
			CORSConfiguration: &live.CORS{AllowOrigins: []string{"*"}, MaxAge: 60},
		}.wire(), `{"apiEndpoint":"http://127.0.0.1:1","apiId":"a1","apiKeySelectionExpression":"$request.header.x-api-key","corsConfiguration":{"allowCredentials":false,"allowOrigins":["*"],"maxAge":60},"disableExecuteApiEndpoint":false,"ipAddressType":"ipv4","name":"n","protocolType":"HTTP","routeSelectionExpression":"$request.method $request.path"}`},
		{"open route", Route{ID: "r1", RouteKey: "GET /", AuthorizationType: live.AuthorizationNone, Target: "integrations/i1"}.wire(), `{"apiKeyRequired":false,"authorizationType":"NONE","routeId":"r1","routeKey":"GET /","target":"integrations/i1"}`},
		{"route with scopes", Route{ID: "r1", RouteKey: "GET /", AuthorizationType: "JWT", AuthorizerID: "z1", AuthorizationScopes: []string{"read"}, Target: "integrations/i1"}.wire(), `{"apiKeyRequired":false,"authorizationScopes":["read"],"authorizationType":"JWT","authorizerId":"z1","routeId":"r1","routeKey":"GET /","target":"integrations/i1"}`},
		{"Lambda authorizer without cache", Authorizer{ID: "z1", Name: "n", AuthorizerType: "REQUEST", AuthorizerURI: "u", PayloadFormatVersion: "1.0"}.wire(), `{"authorizerId":"z1","authorizerPayloadFormatVersion":"1.0","authorizerResultTtlInSeconds":0,"authorizerType":"REQUEST","authorizerUri":"u","enableSimpleResponses":false,"name":"n"}`},
		{"JWT authorizer", Authorizer{ID: "z1", Name: "n", AuthorizerType: "JWT", IdentitySources: []string{"$request.header.Authorization"}, JWTConfiguration: &JWTConfiguration{Audience: []string{"a"}, Issuer: "https://i"}}.wire(), `{"authorizerId":"z1","authorizerType":"JWT","identitySource":["$request.header.Authorization"],"jwtConfiguration":{"audience":["a"],"issuer":"https://i"},"name":"n"}`},
		{"integration", Integration{ID: "i1", IntegrationType: "AWS_PROXY", IntegrationURI: "u", IntegrationMethod: "POST", ConnectionType: "INTERNET", PayloadFormatVersion: "2.0", TimeoutInMillis: 50}.wire(), `{"connectionType":"INTERNET","integrationId":"i1","integrationMethod":"POST","integrationType":"AWS_PROXY","integrationUri":"u","payloadFormatVersion":"2.0","timeoutInMillis":50}`},
		{"stage", Stage{
			Name: "prod", AutoDeploy: true, StageVariables: map[string]string{"a": "b"}, AccessLogSettings: &AccessLogSettings{DestinationARN: "d", Format: "f"},
			RouteSettings: map[string]RouteSettings{"GET /": {ThrottlingBurstLimit: &burst, ThrottlingRateLimit: &rate}},
		}.wire(), `{"accessLogSettings":{"destinationArn":"d","format":"f"},"autoDeploy":true,"defaultRouteSettings":{"detailedMetricsEnabled":false},"routeSettings":{"GET /":{"detailedMetricsEnabled":false,"throttlingBurstLimit":0,"throttlingRateLimit":2.5}},"stageName":"prod","stageVariables":{"a":"b"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tc.got)
			if err != nil || string(got) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}
