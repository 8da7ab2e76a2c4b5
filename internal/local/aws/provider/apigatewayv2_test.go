package provider

import (
	"reflect"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// TestSettingsOfRoutes checks what the gateway is given, and that it is read
// back as it was: limits that are left out are zeros, as the AWS provider
// sends them.
func TestSettingsOfRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.create(apiType, object("name", "n", "protocolType", "HTTP"))
	integration := w.create(integrationType, object("apiId", api.id, "integrationType", "AWS_PROXY", "integrationUri", functionARN, "payloadFormatVersion", "2.0"))
	for _, key := range []string{"GET /a", "GET /b"} {
		w.create(routeType, object("apiId", api.id, "routeKey", key, "target", "integrations/"+integration.id))
	}
	stage := w.create(stageType, object("apiId", api.id, "name", "$default", "autoDeploy", true,
		"defaultRouteSettings", map[string]any{"detailedMetricsEnabled": true},
		"routeSettings", list(
			map[string]any{"routeKey": "GET /b", "throttlingBurstLimit": 5, "throttlingRateLimit": 2.5},
			map[string]any{"routeKey": "GET /a", "throttlingRateLimit": 1},
		)))
	got, err := w.Gateway.Stage(api.id, "$default")
	if err != nil {
		t.Fatal(err)
	}
	settings := func(burst int, rate float64) management.RouteSettings {
		return management.RouteSettings{ThrottlingBurstLimit: &burst, ThrottlingRateLimit: &rate}
	}
	defaults := settings(0, 0)
	defaults.DetailedMetricsEnabled = true
	if !reflect.DeepEqual(got.DefaultRouteSettings, &defaults) {
		t.Errorf("default route settings %+v", got.DefaultRouteSettings)
	}
	if want := (map[string]management.RouteSettings{"GET /a": settings(0, 1), "GET /b": settings(5, 2.5)}); !reflect.DeepEqual(got.RouteSettings, want) {
		t.Errorf("route settings %+v", got.RouteSettings)
	}
	if read := w.refresh(stage); !read.inputs.Equals(stage.inputs) {
		t.Errorf("read back %v\nwant %v", read.inputs, stage.inputs)
	}
}

func TestJWTAuthorizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issuer := oidctest.Start(t)
	api := w.create(apiType, object("name", "n", "protocolType", "HTTP"))
	integration := w.create(integrationType, object("apiId", api.id, "integrationType", "AWS_PROXY", "integrationUri", functionARN, "payloadFormatVersion", "2.0"))
	authorizer := w.create(authorizerType, object("apiId", api.id, "name", "jwt", "authorizerType", "JWT", "identitySources", list("$request.header.Authorization"),
		"jwtConfiguration", map[string]any{"audiences": list("events"), "issuer": issuer.URL}))
	route := w.create(routeType, object("apiId", api.id, "routeKey", "GET /", "target", "integrations/"+integration.id,
		"authorizationType", "JWT", "authorizerId", authorizer.id, "authorizationScopes", list("write")))
	got, err := w.Gateway.Authorizer(api.id, authorizer.id)
	if err != nil {
		t.Fatal(err)
	}
	want := management.Authorizer{
		ID: authorizer.id, Name: "jwt", AuthorizerType: "JWT", IdentitySources: []string{"$request.header.Authorization"},
		JWTConfiguration: &management.JWTConfiguration{Audience: []string{"events"}, Issuer: issuer.URL},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("authorizer %+v\nwant %+v", got, want)
	}
	for _, it := range []thing{authorizer, route} {
		if read := w.refresh(it); !read.inputs.Equals(it.inputs) {
			t.Errorf("read back %v\nwant %v", read.inputs, it.inputs)
		}
	}
}

// Where a DNS record has to point to is not known in a preview, and is a member of
// what the program gave afterwards.
func TestTargetOfADomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := createRequest(domainNameType, domain)
	request.DryRun = true
	preview, err := w.Create(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	configuration := preview.Properties.Get("domainNameConfiguration").AsMap()
	if !configuration.Get("targetDomainName").IsComputed() || !configuration.Get("hostedZoneId").IsComputed() || configuration.Get("endpointType").AsString() != "REGIONAL" {
		t.Errorf("the preview has %v", configuration)
	}
	it := w.create(domainNameType, domain)
	configuration = it.states.Get("domainNameConfiguration").AsMap()
	if target := configuration.Get("targetDomainName").AsString(); !strings.HasPrefix(target, "d-") || !strings.HasSuffix(target, ".execute-api.eu-central-1.amazonaws.com") {
		t.Errorf("the target is %q", target)
	}
	compared, err := w.Diff(t.Context(), p.DiffRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: it.inputs})
	if err != nil || compared.HasChanges {
		t.Errorf("there is something to do: %+v, %v", compared, err)
	}
	changed := it.inputs.Set("tags", toValue(map[string]any{"a": "b"}))
	updated, err := w.Update(t.Context(), p.UpdateRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: changed, DryRun: true})
	if err != nil || !updated.Properties.Get("domainNameConfiguration").Equals(it.states.Get("domainNameConfiguration")) {
		t.Errorf("the preview of an update has %v, %v", updated.Properties, err)
	}
}
