package live_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

const testCertificate = "arn:aws:acm:" + testRegion + ":" + testAccount + ":certificate/c"

// serveDomain makes a domain.
func (w *world) serveDomain(name string, change func(*management.DomainName)) {
	w.t.Helper()
	in := management.DomainName{Name: name, CertificateARN: testCertificate, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2"}
	if change != nil {
		change(&in)
	}
	must(w.service.CreateDomainName(in))
}

func (w *world) mapTo(domain, key, api, stage string) management.APIMapping {
	w.t.Helper()
	return must(w.service.CreateAPIMapping(management.APIMapping{DomainName: domain, Key: key, APIID: api, Stage: stage}))
}

// secondAPI is an API with the open route GET /{all+}.
func (w *world) secondAPI() management.API {
	w.t.Helper()
	api := must(w.service.CreateAPI(management.API{Name: "orders", ProtocolType: "HTTP"}))
	must(w.service.CreateStage(api.ID, management.Stage{Name: "$default", AutoDeploy: true}))
	integration := must(w.service.CreateIntegration(api.ID, testIntegration()))
	must(w.service.CreateRoute(api.ID, management.Route{RouteKey: "GET /{all+}", Target: "integrations/" + integration.ID}))
	return api
}

// The longest key of whole segments wins; a function sees the path without it, and
// with a named stage. Any API's listener serves every domain.
func TestDomainMappings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /{all+}")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	orders := w.secondAPI()
	w.serveDomain("api.example.com", nil)
	w.mapTo("api.example.com", "", w.api.ID, "$default")
	w.mapTo("api.example.com", "v1", w.api.ID, "dev")
	w.mapTo("api.example.com", "v1/orders", orders.ID, "$default")
	w.serveDomain("*.shop.example.com", nil)
	w.mapTo("*.shop.example.com", "", orders.ID, "$default")
	w.logTo("$context.requestId [$context.customDomain.basePathMatched] $context.domainName $context.path")
	for _, tt := range []struct{ host, path, api, stage, rawPath, name, prefix string }{
		{"api.example.com", "/items/1", w.api.ID, "$default", "/items/1", "api.example.com", "api"},
		{"API.example.com.:8443", "/v1/items", w.api.ID, "dev", "/dev/items", "api.example.com", "api"},
		{"api.example.com", "/v1/orders/7", orders.ID, "$default", "/7", "api.example.com", "api"},
		{"api.example.com", "/v1/ordersX", w.api.ID, "dev", "/dev/ordersX", "api.example.com", "api"},
		{"api.example.com", "/v12/x", w.api.ID, "$default", "/v12/x", "api.example.com", "api"},
		{"api.example.com", "/dev/x", w.api.ID, "$default", "/dev/x", "api.example.com", "api"}, // the mapping names the stage, not the path
		{"eu.shop.example.com", "/x", orders.ID, "$default", "/x", "eu.shop.example.com", "eu"},
	} {
		w.get(tt.path, "Host: "+tt.host).want(t, 200, okBody)
		var event struct {
			RawPath        string
			RequestContext struct {
				APIID, DomainName, DomainPrefix, Stage string
				HTTP                                   struct{ Path string }
			}
		}
		calls := w.invoker.callsOf(handlerName)
		if err := json.Unmarshal(calls[len(calls)-1].Payload, &event); err != nil {
			t.Fatal(err)
		}
		c := event.RequestContext
		if event.RawPath != tt.rawPath || c.HTTP.Path != tt.rawPath || c.APIID != tt.api || c.Stage != tt.stage || c.DomainName != tt.name || c.DomainPrefix != tt.prefix {
			t.Errorf("%s%s: the event is %+v", tt.host, tt.path, event)
		}
	}
	w.get("/items/1", "Host: a.b.shop.example.com").want(t, 403, forbiddenBody) // "*" is one label
	if line := w.logged(1); !strings.HasSuffix(line, " [-] api.example.com /items/1") {
		t.Errorf("the access log is %q", line)
	}
}

func TestDomainAccessLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /{all+}")
	w.logTo("$context.customDomain.basePathMatched $context.path $context.requestId")
	w.serveDomain("api.example.com", nil)
	w.mapTo("api.example.com", "v1/orders", w.api.ID, "$default")
	w.get("/v1/orders/1234", "Host: api.example.com").want(t, 200, okBody)
	if line := w.logged(1); !strings.Contains(line, " v1/orders /1234 ") {
		t.Errorf("the access log is %q", line)
	}
}

// What no domain serves is refused, and no function runs.
func TestDomainRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /{all+}")
	w.serveDomain("api.example.com", nil)
	mapping := w.mapTo("api.example.com", "v1", w.api.ID, "$default")
	w.serveDomain("closed.example.com", func(d *management.DomainName) {
		d.MutualTLS = &management.MutualTLS{TruststoreURI: "s3://bucket/roots.pem"}
	})
	w.mapTo("closed.example.com", "", w.api.ID, "$default")
	for _, request := range [][2]string{{"api.example.com", "/"}, {"api.example.com", "/v2/x"}, {"closed.example.com", "/x"}, {"other.example.com", "/v1/x"}} {
		w.get(request[1], "Host: "+request[0]).want(t, 403, forbiddenBody)
	}
	w.wantLine("GET /v2/x 403; the domain api.example.com has no API mapping for this path: its keys are /v1")
	w.wantLine("GET /x 403; the domain closed.example.com asks for a client certificate, and the local AWS has no TLS: leave MutualTlsAuthentication out here, or test it on AWS")
	w.wantLine(`GET /v1/x 403; the host "other.example.com" is no name of this machine, and no domain that is deployed; cure: call the API as 127.0.0.1 or localhost, or by a domain that is deployed: api.example.com, closed.example.com; have a proxy or tunnel before it send one of these as the Host header`)
	w.wantLine("REFUSED every request to the domain closed.example.com, which asks for client certificates")
	if n := len(w.invoker.callsOf(handlerName)); n != 0 {
		t.Errorf("the handler ran %d times", n)
	}
	w.get("/v1/x", "Host: api.example.com").want(t, 200, okBody)
	if err := w.service.DeleteAPIMapping("api.example.com", mapping.ID); err != nil {
		t.Fatal(err)
	}
	w.get("/v1/x", "Host: api.example.com").want(t, 403, forbiddenBody)
	if err := w.service.DeleteDomainName("api.example.com"); err != nil {
		t.Fatal(err)
	}
	w.get("/v1/x", "Host: api.example.com").want(t, 403, forbiddenBody)
	w.wantLine(`GET /v1/x 403; the host "api.example.com" is no name of this machine`)
}

// An API whose own endpoint is off serves by its domain.
func TestDomainOfADisabledEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.DisableExecuteAPIEndpoint = true
	w.api = must(w.service.UpdateAPI(w.api))
	w.serveDomain("api.example.com", nil)
	w.mapTo("api.example.com", "", w.api.ID, "$default")
	w.get("/r/1", "Authorization: x").want(t, 404, notFoundBody)
	w.get("/r/1", "Host: api.example.com").want(t, 401, unauthorizedBody)
	w.get("/r/1", "Host: api.example.com", "Authorization: x").want(t, 200, okBody)
	w.wantRuns(1)
}

// Authorizers see the same; one with payload 1.0 sees the path with the mapping's key.
func TestDomainAtTheAuthorizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	w.serveDomain("api.example.com", nil)
	w.mapTo("api.example.com", "v1", w.api.ID, "dev")
	w.updateAuthorizer(func(a *management.Authorizer) {
		a.IdentitySources = []string{"$context.domainName", "$context.domainPrefix", "$context.path"}
	})
	event := func(into any) {
		t.Helper()
		w.get("/v1/r/1", "Host: api.example.com").want(t, 200, okBody)
		calls := w.invoker.callsOf(authorizerName)
		if err := json.Unmarshal(calls[len(calls)-1].Payload, into); err != nil {
			t.Fatal(err)
		}
	}
	var two struct {
		RawPath, RouteARN string
		IdentitySource    []string
	}
	if event(&two); two.RawPath != "/dev/r/1" || two.RouteARN != w.api.ExecutionARN+"/dev/GET/r/1" || len(two.IdentitySource) != 3 ||
		two.IdentitySource[0] != "api.example.com" || two.IdentitySource[1] != "api" || two.IdentitySource[2] != "/dev/r/1" {
		t.Errorf("the event is %+v", two)
	}
	w.updateAuthorizer(func(a *management.Authorizer) { a.PayloadFormatVersion, a.EnableSimpleResponses = "1.0", false })
	w.answerPolicy(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	var one struct {
		Path, MethodARN string
		RequestContext  struct{ Path string }
	}
	if event(&one); one.Path != "/v1/r/1" || one.RequestContext.Path != "/v1/r/1" || one.MethodARN != w.api.ExecutionARN+"/dev/GET/r/1" {
		t.Errorf("the event is %+v", one)
	}
}

// A variable of the stage chooses the function.
func TestStageVariableInTheURI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.integration.IntegrationURI = invokeARNOf("${stageVariables.fn}")
	must(w.service.UpdateIntegration(w.api.ID, w.integration))
	w.public("GET /open")
	for stage, want := range map[string]int{"blue": 200, "none": 500} {
		variables := map[string]string{"fn": handlerName}
		if stage == "none" {
			variables = nil
		}
		must(w.service.CreateStage(w.api.ID, management.Stage{Name: stage, AutoDeploy: true, StageVariables: variables}))
		if got := w.get("/" + stage + "/open"); got.status != want {
			t.Errorf("the stage %s answers %d %s", stage, got.status, got.body)
		}
	}
	if _, err := live.ParseIdentitySource("$stageVariables.fn"); err != nil {
		t.Error(err)
	}
}
