package components

import (
	"strings"
	"testing"
)

func TestCheckRoutes(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"duplicate route", func(a *ProtectedHttpApiArgs) { a.Routes["GET /events/{event}"] = a.Routes["GET /events/{id}"] },
			`Routes["GET /events/{id}"]: matches the same requests as Routes["GET /events/{event}"]: keep one of them`},
		{"auth", func(a *ProtectedHttpApiArgs) {
			a.Routes["HEAD /events"] = Route{Function: a.Routes["GET /events"].Function, Auth: "Public"}
		}, `Routes["HEAD /events"].Auth: "Public" is not known: leave it empty for a protected route, or use Public, Iam, AuthorizedBy or Jwt`},
	})
}

func TestApiAndRoutes(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.AccessLogs.Off = true
	m := mustDeploy(t, args)
	expectInputs(t, m.find(t, "Api", "events-api"), map[string]any{"protocolType": "HTTP"})
	expectInputs(t, m.find(t, "Stage", "events-stage"), map[string]any{"apiId": "api123", "name": "$default", "autoDeploy": true,
		"defaultRouteSettings": map[string]any{"throttlingRateLimit": 5000.0, "throttlingBurstLimit": 2500.0}})
	expectInputs(t, m.find(t, "Integration", "events-create-event"), map[string]any{
		"apiId": "api123", "integrationType": "AWS_PROXY", "integrationMethod": "POST",
		"integrationUri": "invoke:events-api-dev-events-create-event", "payloadFormatVersion": "2.0",
	})
	expectInputs(t, m.find(t, "Route", "events-GET /events/{}"), map[string]any{
		"apiId": "api123", "routeKey": "GET /events/{id}", "target": "integrations/events-get-id", "authorizationType": "NONE",
	})
	for name, key := range map[string]string{"events-POST /events": "POST /events", "events-PUT /events/{}": "PUT /events/{id}"} {
		expectInputs(t, m.find(t, "Route", name), map[string]any{
			"apiId": "api123", "routeKey": key, "target": "integrations/events-create-event-id",
			"authorizationType": "CUSTOM", "authorizerId": "auth123",
		})
	}
}

// An integration gets another version of a function when API Gateway may invoke that.
func TestIntegrationsDependOnPermissions(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	urns := strings.Join(m.find(t, "Integration", "events-create-event").RegisterRPC.GetDependencies(), " ")
	if !strings.Contains(urns, "permission:Permission::events-create-event") {
		t.Errorf("the integration depends on %s", urns)
	}
}
