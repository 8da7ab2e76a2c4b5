package clitest

import (
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// DeployAPI makes an API in API Gateway, with the route POST /events, whose function is
// called handler. The function authorizer protects it, whose answers are reused for an
// hour.
func DeployAPI(t *testing.T, gate *management.Service, stages ...string) management.API {
	t.Helper()
	var made []management.Stage
	for _, stage := range stages {
		made = append(made, management.Stage{Name: stage, AutoDeploy: true})
	}
	return DeployStages(t, gate, time.Hour, made...)
}

// DeployStages is DeployAPI with another TTL, and whatever stages have.
func DeployStages(t *testing.T, gate *management.Service, ttl time.Duration, stages ...management.Stage) management.API {
	t.Helper()
	uri := func(function string) string {
		return "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:000000000000:function:" + function + "/invocations"
	}
	api, err := gate.CreateAPI(management.API{Name: "events", ProtocolType: "HTTP"})
	if err != nil {
		t.Fatal(err)
	}
	integration, err := gate.CreateIntegration(api.ID, management.Integration{IntegrationType: "AWS_PROXY", IntegrationURI: uri("handler"), PayloadFormatVersion: "2.0"})
	if err != nil {
		t.Fatal(err)
	}
	authorizer, err := gate.CreateAuthorizer(api.ID, management.Authorizer{
		Name: "tokens", AuthorizerType: "REQUEST", AuthorizerURI: uri("authorizer"), PayloadFormatVersion: "2.0", EnableSimpleResponses: true,
		IdentitySources: []string{"$request.header.Authorization"}, ResultTTL: int(ttl.Seconds()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.CreateRoute(api.ID, management.Route{RouteKey: "POST /events", AuthorizationType: "CUSTOM", AuthorizerID: authorizer.ID, Target: "integrations/" + integration.ID}); err != nil {
		t.Fatal(err)
	}
	for _, stage := range stages {
		if _, err := gate.CreateStage(api.ID, stage); err != nil {
			t.Fatal(err)
		}
	}
	return api
}
