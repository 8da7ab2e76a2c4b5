package management

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// call is one that is refused.
type call = func(w *world) error

func createAPI(change func(*API)) call {
	return func(w *world) error {
		in := API{Name: "n", ProtocolType: "HTTP"}
		change(&in)
		_, err := w.service.CreateAPI(in)
		return err
	}
}
func createStage(change func(*Stage)) call {
	return func(w *world) error {
		in := Stage{Name: "dev", AutoDeploy: true}
		change(&in)
		_, err := w.service.CreateStage(w.api.ID, in)
		return err
	}
}
func createIntegration(change func(*Integration)) call {
	return func(w *world) error {
		in := testIntegration()
		change(&in)
		_, err := w.service.CreateIntegration(w.api.ID, in)
		return err
	}
}
func createAuthorizer(change func(*Authorizer)) call {
	return func(w *world) error {
		in := testAuthorizer()
		in.Name = "second"
		change(&in)
		_, err := w.service.CreateAuthorizer(w.api.ID, in)
		return err
	}
}
func createRoute(change func(*Route)) call {
	return func(w *world) error {
		in := Route{RouteKey: "GET /new", Target: "integrations/" + w.integration.ID}
		change(&in)
		_, err := w.service.CreateRoute(w.api.ID, in)
		return err
	}
}

const unsupported = "the local AWS does not support "

type refusal struct {
	name string
	call call
	want string // a prefix
}

// testRefusals has one row a mistake: what AWS refuses, with its exception, and what
// only the local AWS refuses.
func testRefusals(t *testing.T, tests []refusal) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.service.apis[w.api.ID]
			routes, authorizers := len(before.routes), len(before.authorizers)
			err := test.call(w)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got error %v\nwant %s", err, test.want)
			}
			if own := awserr.Of(err); (own.Code == "") != strings.HasPrefix(test.want, unsupported) || own.Code == "InternalFailure" {
				t.Errorf("type %T, code %q", err, own.Code)
			}
			if len(before.routes) != routes || len(before.authorizers) != authorizers || len(w.service.apis) != 1 || len(before.stages) != 1 || len(before.integrations) != 1 {
				t.Error("the refused call changed something")
			}
			w.get("/r/1", "x").want(t, 200, okBody)
		})
	}
}

func TestRefusalsOfAPI(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"websocket", createAPI(func(a *API) { a.ProtocolType = "WEBSOCKET" }), unsupported + "the protocol type WEBSOCKET: use HTTP"},
		{"no protocol", createAPI(func(a *API) { a.ProtocolType = "" }), "BadRequestException: Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]"},
		{"no API name", createAPI(func(a *API) { a.Name = "" }), `BadRequestException: Name must be 1 to 128 characters long, and "" has 0`},
		{"route selection", createAPI(func(a *API) { a.RouteSelectionExpression = "$request.body.action" }), "BadRequestException: Invalid route selection expression"},
		{"CORS origin with a partial wildcard", createAPI(func(a *API) {
			a.CORSConfiguration = &live.CORS{AllowOrigins: []string{"https://*.example.com"}}
		}), "BadRequestException: Invalid format for origin https://*.example.com"},
		{"CORS origin without host", createAPI(func(a *API) { a.CORSConfiguration = &live.CORS{AllowOrigins: []string{"https:/"}} }), "BadRequestException: Invalid format for origin https:/"},
		{"CORS origin of an app", createAPI(func(a *API) {
			a.CORSConfiguration = &live.CORS{AllowOrigins: []string{"capacitor://localhost"}}
		}), "BadRequestException: Invalid format for origin capacitor://localhost"},
		{"CORS origin with a path", createAPI(func(a *API) { a.CORSConfiguration = &live.CORS{AllowOrigins: []string{"https://example.com/"}} }), "BadRequestException: Invalid format for origin https://example.com/"},
		{"CORS credentials for all", createAPI(func(a *API) {
			a.CORSConfiguration = &live.CORS{AllowOrigins: []string{"http://localhost:3000", "*"}, AllowCredentials: true}
		}), "BadRequestException: allow-credentials is not supported if 'allow-origin' is *"},
		{"CORS method", createAPI(func(a *API) { a.CORSConfiguration = &live.CORS{AllowMethods: []string{"BAD"}} }), `BadRequestException: Invalid method "BAD" of a CORS configuration. It should be one of *, DELETE,`},
		{"CORS header", createAPI(func(a *API) { a.CORSConfiguration = &live.CORS{ExposeHeaders: []string{"a b"}} }), `BadRequestException: Invalid header name "a b" of a CORS configuration`},
		{"CORS age", createAPI(func(a *API) { a.CORSConfiguration = &live.CORS{MaxAge: 86_401} }), "BadRequestException: MaxAge of a CORS configuration should be between -1 and 86400, and is 86401"},
		{"dual stack", createAPI(func(a *API) { a.IPAddressType = "dualstack" }), unsupported + "the IP address type dualstack: use ipv4"},
		{"quick create", createAPI(func(a *API) { a.Target = functionARNOf("events-handler") }), unsupported + "quick create"},
	})
}

func TestRefusalsOfStage(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"stage name", createStage(func(s *Stage) { s.Name = "a/b" }), `BadRequestException: Stage name "a/b" only allows a-zA-Z0-9_- and at most 128 characters, or $default`},
		{"same stage", createStage(func(s *Stage) { s.Name = "$default" }), "ConflictException: Stage already exists"},
		{"stage variable", createStage(func(s *Stage) { s.StageVariables = map[string]string{"a": "b c"} }), `BadRequestException: Stage variable "a": names only allow`},
		{"too many stage variables", createStage(func(s *Stage) {
			s.StageVariables = map[string]string{}
			for i := range 101 {
				s.StageVariables[fmt.Sprint("v", i)] = ""
			}
		}), `BadRequestException: The stage "dev" has 101 stage variables. The limit is 100.`},
		{"long stage variable", createStage(func(s *Stage) { s.StageVariables = map[string]string{"a": strings.Repeat("b", 513)} }), `BadRequestException: Stage variable "a": names have at most 64 characters, values 512`},
		{"long access log format", createStage(func(s *Stage) {
			s.AccessLogSettings = &AccessLogSettings{logGroup, "$context.requestId" + strings.Repeat("x", 3072)}
		}), "BadRequestException: Access log format has 3090 bytes. The limit is 3072."},
		{"no automatic deployment", createStage(func(s *Stage) { s.AutoDeploy = false }), unsupported + "a stage without automatic deployment: set AutoDeploy"},
		{"deployment", createStage(func(s *Stage) { s.DeploymentID = "d" }), unsupported + "a deployment of one's own"},
		{"client certificate", createStage(func(s *Stage) { s.ClientCertificateID = "c" }), unsupported + "a stage's client certificate"},
		{"access log destination", createStage(func(s *Stage) { s.AccessLogSettings = &AccessLogSettings{"group", "$context.requestId"} }), `BadRequestException: Invalid ARN "group" of an access log's destination. It should be the ARN of a log group.`},
		{"access log elsewhere", createStage(func(s *Stage) {
			s.AccessLogSettings = &AccessLogSettings{"arn:aws:logs:eu-west-1:000000000000:log-group:g", "$context.requestId"}
		}), "BadRequestException: Invalid ARN \"arn:aws:logs:eu-west-1:000000000000:log-group:g\" of an access log's destination. It should be the ARN of a log group of this account and Region."},
		{"access log group missing", createStage(func(s *Stage) { s.AccessLogSettings = &AccessLogSettings{logGroup + "2", "$context.requestId"} }), `BadRequestException: The log group "/aws/apigateway/events2" of the access log does not exist. Create it first.`},
		{"access log format without request ID", createStage(func(s *Stage) { s.AccessLogSettings = &AccessLogSettings{logGroup, "$context.requestIdentity"} }), "BadRequestException: Access log format must include at least $context.requestId"},
		{"access log of two lines", createStage(func(s *Stage) { s.AccessLogSettings = &AccessLogSettings{logGroup, "$context.requestId\nx\n"} }), "BadRequestException: Access log format must be single line"},
		{"access log to Firehose", createStage(func(s *Stage) {
			s.AccessLogSettings = &AccessLogSettings{"arn:aws:firehose:eu-central-1:000000000000:deliverystream/amazon-apigateway-x", "$context.requestId"}
		}), unsupported + "access logs to Firehose: name a log group in DestinationArn"},
		{"negative throttling", createStage(func(s *Stage) { s.DefaultRouteSettings = &RouteSettings{ThrottlingBurstLimit: ptr(-1)} }), "BadRequestException: Invalid throttling limits of the default route settings."},
		{"throttling of no route", createStage(func(s *Stage) { s.RouteSettings = map[string]RouteSettings{"GET /": {}} }), "NotFoundException: Unable to find Route by key GET / within the provided RouteSettings"},
	})
}

func TestRefusalsOfIntegration(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"HTTP proxy", createIntegration(func(i *Integration) { i.IntegrationType = "HTTP_PROXY" }), unsupported + "the integration type HTTP_PROXY: use AWS_PROXY with a function"},
		{"integration type", createIntegration(func(i *Integration) { i.IntegrationType = "x" }), `BadRequestException: Invalid integration type "x"`},
		{"integration payload 1.0", createIntegration(func(i *Integration) { i.PayloadFormatVersion = "1.0" }), unsupported + "the payload format version 1.0 of an integration: use 2.0"},
		{"no integration payload", createIntegration(func(i *Integration) { i.PayloadFormatVersion = "" }), `BadRequestException: Invalid payload format version ""`},
		{"integration method", createIntegration(func(i *Integration) { i.IntegrationMethod = "GET" }), `BadRequestException: Invalid integration method "GET"`},
		{"timeout too short", createIntegration(func(i *Integration) { i.TimeoutInMillis = 49 }), "BadRequestException: Timeout should be between 50 ms and 30000 ms, and is 49 ms"},
		{"timeout too long", createIntegration(func(i *Integration) { i.TimeoutInMillis = 30_001 }), "BadRequestException: Timeout should be between 50 ms and 30000 ms, and is 30001 ms"},
		{"integration URI", createIntegration(func(i *Integration) { i.IntegrationURI = "https://example.com" }), `BadRequestException: Invalid integration URI "https://example.com"`},
		{"invoke ARN without end", createIntegration(func(i *Integration) { i.IntegrationURI = strings.TrimSuffix(i.IntegrationURI, "/invocations") }), "BadRequestException: Invalid integration URI"},
		{"VPC link", createIntegration(func(i *Integration) { i.ConnectionType = "VPC_LINK" }), unsupported + "VPC links"},
		{"connection type", createIntegration(func(i *Integration) { i.ConnectionType = "x" }), `BadRequestException: Invalid connection type "x"`},
		{"integration credentials", createIntegration(func(i *Integration) { i.CredentialsARN = "arn" }), unsupported + "an integration's credentials"},
		{"service integration", createIntegration(func(i *Integration) { i.IntegrationSubtype = "SQS-SendMessage" }), unsupported + "integrations with other AWS services"},
		{"parameter mapping", createIntegration(func(i *Integration) { i.RequestParameters = map[string]string{"a": "b"} }), unsupported + "parameter mapping"},
		{"TLS", createIntegration(func(i *Integration) { i.TLSServerNameConfig = map[string]string{"a": "b"} }), unsupported + "a TLS configuration of an integration"},
	})
}

func TestRefusalsOfAuthorizer(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"JWT authorizer with a function", createAuthorizer(func(a *Authorizer) { a.AuthorizerType = "JWT" }), "BadRequestException: A JWT authorizer has no AuthorizerUri,"},
		{"JWT authorizer without configuration", createAuthorizer(func(a *Authorizer) {
			*a = Authorizer{Name: "j", AuthorizerType: "JWT", IdentitySources: a.IdentitySources}
		}), "BadRequestException: A JWT authorizer needs a JwtConfiguration with an issuer and 1 to 50 audiences"},
		{"JWT authorizer without source", createAuthorizer(func(a *Authorizer) { *a = jwtAuthorizer("https://issuer.example.com"); a.IdentitySources = nil }), "BadRequestException: A JWT authorizer needs one identity source"},
		{"JWT authorizer with a source of the context", createAuthorizer(func(a *Authorizer) {
			*a = jwtAuthorizer("https://issuer.example.com")
			a.IdentitySources = []string{"$context.stage"}
		}), "BadRequestException: A JWT authorizer needs one identity source"},
		{"JWT issuer in plain text", createAuthorizer(func(a *Authorizer) { *a = jwtAuthorizer("http://issuer.example.com") }), "BadRequestException: Invalid JWT configuration: the issuer"},
		{"JWT issuer that is not there", createAuthorizer(func(a *Authorizer) { *a = jwtAuthorizer("http://127.0.0.1:1") }), "BadRequestException: Caught exception when connecting to http://127.0.0.1:1/.well-known/openid-configuration for issuer http://127.0.0.1:1."},
		{"JWT configuration of a Lambda authorizer", createAuthorizer(func(a *Authorizer) { a.JWTConfiguration = &JWTConfiguration{} }), "BadRequestException: A JWT configuration is only supported for JWT authorizers"},
		{"authorizer type", createAuthorizer(func(a *Authorizer) { a.AuthorizerType = "TOKEN" }), `BadRequestException: Invalid authorizer type "TOKEN"`},
		{"simple answers with payload 1.0", createAuthorizer(func(a *Authorizer) { a.PayloadFormatVersion = "1.0" }), "BadRequestException: EnableSimpleResponses is not supported for the AuthorizerPayloadFormatVersion 1.0."},
		{"no authorizer payload", createAuthorizer(func(a *Authorizer) { a.PayloadFormatVersion = "" }), `BadRequestException: Invalid AuthorizerPayloadFormatVersion ""`},
		{"authorizer credentials", createAuthorizer(func(a *Authorizer) { a.CredentialsARN = "arn" }), unsupported + "an authorizer's credentials"},
		{"identity validation", createAuthorizer(func(a *Authorizer) { a.IdentityValidationExpression = ".*" }), unsupported + "an identity validation expression"},
		{"no authorizer name", createAuthorizer(func(a *Authorizer) { a.Name = "" }), "BadRequestException: Name must be 1 to 128 characters long"},
		{"same authorizer name", createAuthorizer(func(a *Authorizer) { a.Name = "events" }), "BadRequestException: Authorizer name must be unique. Authorizer events already exists in this RestApi."},
		{"plain ARN as authorizer URI", createAuthorizer(func(a *Authorizer) { a.AuthorizerURI = functionARNOf("events-authorizer") }), "BadRequestException: Invalid Authorizer URI: " + functionARNOf("events-authorizer") + ". Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."},
		{"TTL too long", createAuthorizer(func(a *Authorizer) { a.ResultTTL = 3601 }), "BadRequestException: AuthorizerResultTtlInSeconds should be between 0 and 3600, and is 3601"},
		{"TTL negative", createAuthorizer(func(a *Authorizer) { a.ResultTTL = -1 }), "BadRequestException: AuthorizerResultTtlInSeconds should be between 0 and 3600, and is -1"},
		{"REST identity source", createAuthorizer(func(a *Authorizer) { a.IdentitySources = []string{"method.request.header.Authorization"} }), `BadRequestException: Invalid identity source "method.request.header.Authorization"`},
		{"joined identity sources", createAuthorizer(func(a *Authorizer) { a.IdentitySources = []string{"$request.header.A,$request.header.B"} }), "BadRequestException: Invalid identity source"},
		{"identity source in the body", createAuthorizer(func(a *Authorizer) { a.IdentitySources = []string{"$request.body.token"} }), "BadRequestException: Invalid identity source"},
		{"unknown context", createAuthorizer(func(a *Authorizer) { a.IdentitySources = []string{"$context.status"} }), unsupported + `the identity source "$context.status": use one of $context.accountId,`},
	})
}

func TestRefusalsOfRoute(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"route key", createRoute(func(r *Route) { r.RouteKey = "FETCH /" }), `BadRequestException: The provided route key "FETCH /" is not formatted properly`},
		{"same route key", createRoute(func(r *Route) { r.RouteKey = "GET /r/{id}" }), "ConflictException: Route with key GET /r/{id} already exists for this API"},
		{"same requests", createRoute(func(r *Route) { r.RouteKey = "GET /r/{name}" }), "ConflictException: Route with key GET /r/{name} matches the same requests as the route with key GET /r/{id}"},
		{"unknown integration", createRoute(func(r *Route) { r.Target = "integrations/nothere" }), `BadRequestException: Invalid target "integrations/nothere" of the route "GET /new"`},
		{"target without prefix", createRoute(func(r *Route) { r.Target = strings.TrimPrefix(r.Target, "integrations/") }), "BadRequestException: Invalid target"},
		{"no target", createRoute(func(r *Route) { r.Target = "" }), unsupported + "a route without target"},
		{"CUSTOM without authorizer", createRoute(func(r *Route) { r.AuthorizationType = "CUSTOM" }), "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to CUSTOM requires a valid authorizer."},
		{"authorizer without CUSTOM", createRoute(func(r *Route) { r.AuthorizerID = "abcdef" }), `BadRequestException: The route "GET /new" has the authorization type NONE and the authorizer abcdef.`},
		{"JWT without authorizer", createRoute(func(r *Route) { r.AuthorizationType = "JWT" }), "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid authorizer."},
		{"AWS_IAM with authorizer", createRoute(func(r *Route) { r.AuthorizationType, r.AuthorizerID = "AWS_IAM", "abcdef" }), `BadRequestException: The route "GET /new" has the authorization type AWS_IAM and the authorizer abcdef.`},
		{"JWT with a Lambda authorizer", func(w *world) error {
			_, err := w.service.CreateRoute(w.api.ID, Route{RouteKey: "GET /new", Target: "integrations/" + w.integration.ID, AuthorizationType: "JWT", AuthorizerID: w.authorizer.ID})
			return err
		}, "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid authorizer."},
		{"authorization type", createRoute(func(r *Route) { r.AuthorizationType = "x" }), `BadRequestException: Invalid authorization type "x"`},
		{"API key", createRoute(func(r *Route) { r.APIKeyRequired = true }), unsupported + "API keys"},
		{"scopes without JWT", createRoute(func(r *Route) { r.AuthorizationScopes = []string{"s"} }), `BadRequestException: The route "GET /new" has authorization scopes and the authorization type NONE. Only JWT has scopes.`},
		{"too many scopes", createRoute(func(r *Route) {
			r.AuthorizationType, r.AuthorizerID, r.AuthorizationScopes = "JWT", "abcdef", make([]string, 11)
		}), `BadRequestException: The route "GET /new" has 11 authorization scopes. The limit is 10.`},
		{"models", createRoute(func(r *Route) { r.ModelSelectionExpression = "x" }), unsupported + "models and route responses"},
	})
}

func TestRefusalsOfWhatIsUsedOrMissing(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"delete a used integration", func(w *world) error { return w.service.DeleteIntegration(w.api.ID, w.integration.ID) }, "ConflictException: Cannot delete Integration because it is referenced by the following Routes with Ids: ["},
		{"delete a used authorizer", func(w *world) error { return w.service.DeleteAuthorizer(w.api.ID, w.authorizer.ID) }, "ConflictException: Cannot delete authorizer 'events', is referenced in route: GET /r/{id}"},
		{"delete no API", func(w *world) error { return w.service.DeleteAPI("x") }, "NotFoundException: Invalid API identifier specified 000000000000:x"},
		{"delete no stage", func(w *world) error { return w.service.DeleteStage(w.api.ID, "x") }, "NotFoundException: Invalid stage identifier specified"},
		{"delete no integration", func(w *world) error { return w.service.DeleteIntegration(w.api.ID, "x") }, `NotFoundException: Invalid Integration identifier specified "x"`},
		{"delete no authorizer", func(w *world) error { return w.service.DeleteAuthorizer(w.api.ID, "x") }, `NotFoundException: Invalid Authorizer identifier specified "x"`},
		{"delete no route", func(w *world) error { return w.service.DeleteRoute(w.api.ID, "x") }, `NotFoundException: Invalid Route identifier specified "x"`},
		{"reset no stage", func(w *world) error { return w.service.ResetAuthorizersCache(w.api.ID, "x") }, "NotFoundException: Invalid stage identifier specified"},
		{"update no stage", func(w *world) error {
			_, err := w.service.UpdateStage(w.api.ID, Stage{Name: "x", AutoDeploy: true})
			return err
		}, "NotFoundException: Invalid stage identifier specified"},
		{"update no route", func(w *world) error {
			_, err := w.service.UpdateRoute(w.api.ID, Route{ID: "x"})
			return err
		}, `NotFoundException: Invalid Route identifier specified "x"`},
		{"update no API", func(w *world) error {
			_, err := w.service.UpdateAPI(API{ID: "x", Name: "n", ProtocolType: "HTTP"})
			return err
		}, "NotFoundException: Invalid API identifier specified 000000000000:x"},
	})
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		what       string
		have, most int
		create     func(i int) error
	}{
		{"stages", 1, 10, func(i int) error {
			_, err := w.service.CreateStage(w.api.ID, Stage{Name: fmt.Sprint("s", i), AutoDeploy: true})
			return err
		}},
		{"authorizers", 1, 10, func(i int) error {
			in := testAuthorizer()
			in.Name = fmt.Sprint("a", i)
			_, err := w.service.CreateAuthorizer(w.api.ID, in)
			return err
		}},
		{"integrations", 1, 300, func(int) error {
			_, err := w.service.CreateIntegration(w.api.ID, testIntegration())
			return err
		}},
		{"routes", 1, 300, func(i int) error {
			_, err := w.service.CreateRoute(w.api.ID, Route{RouteKey: fmt.Sprint("GET /q/", i), Target: "integrations/" + w.integration.ID})
			return err
		}},
	}
	for _, test := range tests {
		for i := test.have; i < test.most; i++ {
			if err := test.create(i); err != nil {
				t.Fatalf("%s: %v", test.what, err)
			}
		}
		wantError(t, test.create(test.most), fmt.Sprintf("TooManyRequestsException: Maximum number of %s for this API has been reached. The limit is %d.", test.what, test.most))
	}
}

// TestReadBack checks computed fields, defaults, and that what a caller holds
// is not what the service holds.
func TestReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.api.ID
	tags := map[string]string{"a": "b"}
	updated := must(w.service.UpdateAPI(API{ID: id, Name: "renamed", ProtocolType: "HTTP", Tags: tags}))
	tags["a"] = "changed"
	want := API{
		ID: id, ARN: "arn:aws:apigateway:eu-central-1::/apis/" + id, Endpoint: w.api.Endpoint,
		ExecutionARN: "arn:aws:execute-api:eu-central-1:000000000000:" + id, Name: "renamed", ProtocolType: "HTTP",
		RouteSelectionExpression: "$request.method $request.path", Tags: map[string]string{"a": "b"}, IPAddressType: "ipv4",
	}
	for _, got := range []API{updated, must(w.service.API(id))} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("API %+v\nwant %+v", got, want)
		}
	}
	stage := must(w.service.CreateStage(id, Stage{Name: "dev", AutoDeploy: true}))
	if stage.InvokeURL != w.api.Endpoint+"/dev" || stage.ARN != want.ARN+"/stages/dev" || stage.ExecutionARN != want.ExecutionARN+"/dev" {
		t.Errorf("stage %+v", stage)
	}
	if got := must(w.service.Stage(id, "$default")).InvokeURL; got != w.api.Endpoint+"/" {
		t.Errorf("invoke URL of $default %q", got)
	}
	integration := testIntegration()
	integration.ID, integration.ConnectionType, integration.IntegrationMethod, integration.TimeoutInMillis = w.integration.ID, "INTERNET", "POST", 30_000
	if got := must(w.service.Integration(id, w.integration.ID)); !reflect.DeepEqual(got, integration) {
		t.Errorf("integration %+v\nwant %+v", got, integration)
	}
	authorizer := must(w.service.Authorizer(id, w.authorizer.ID))
	authorizer.IdentitySources[0] = "changed"
	if got := must(w.service.Authorizer(id, w.authorizer.ID)); !reflect.DeepEqual(got, w.authorizer) {
		t.Errorf("authorizer %+v\nwant %+v", got, w.authorizer)
	}
	route := w.public("GET /p")
	if got := must(w.service.Route(id, route.ID)); got.AuthorizationType != "NONE" || got.RouteKey != "GET /p" {
		t.Errorf("route %+v", got)
	}
}

// TestUpdatesAreServed checks that changes take effect without a restart.
func TestUpdatesAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	route := w.protect("GET /a")
	w.get("/a").want(t, 401, unauthorizedBody)
	route.AuthorizationType, route.AuthorizerID = "NONE", ""
	must(w.service.UpdateRoute(w.api.ID, route))
	w.get("/a").want(t, 200, okBody)
	route.RouteKey = "GET /b"
	must(w.service.UpdateRoute(w.api.ID, route))
	w.get("/a").want(t, 404, notFoundBody)
	w.get("/b").want(t, 200, okBody)
	w.invoker.returns("other", `"other"`)
	w.integration.IntegrationURI = functionARNOf("other")
	must(w.service.UpdateIntegration(w.api.ID, w.integration))
	w.get("/b").want(t, 200, "other")
	if err := w.service.DeleteRoute(w.api.ID, route.ID); err != nil {
		t.Fatal(err)
	}
	w.get("/b").want(t, 404, notFoundBody)
}

// TestDeletionInOrder deletes what a stack deletes, in its order.
func TestDeletionInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id := range w.service.apis[w.api.ID].routes {
		if err := w.service.DeleteRoute(w.api.ID, id); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		w.service.DeleteAuthorizer(w.api.ID, w.authorizer.ID),
		w.service.DeleteIntegration(w.api.ID, w.integration.ID),
		w.service.DeleteStage(w.api.ID, "$default"),
		w.service.DeleteAPI(w.api.ID),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	_, err := w.service.API(w.api.ID)
	wantError(t, err, "NotFoundException: Invalid API identifier specified 000000000000:"+w.api.ID)
}

// TestCORSHeadersAreLowerCase: API Gateway keeps names of headers so, and nothing
// else of the configuration.
func TestCORSHeadersAreLowerCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := API{Name: "cors", ProtocolType: "HTTP", CORSConfiguration: &live.CORS{
		AllowHeaders: []string{"Authorization", "x-b"}, ExposeHeaders: []string{"X-Total"},
		AllowMethods: []string{"GET"}, AllowOrigins: []string{"https://App.example.com"},
	}}
	want := live.CORS{
		AllowHeaders: []string{"authorization", "x-b"}, ExposeHeaders: []string{"x-total"},
		AllowMethods: []string{"GET"}, AllowOrigins: []string{"https://App.example.com"},
	}
	given := *api.CORSConfiguration
	api, err := w.service.CreateAPI(api)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*api.CORSConfiguration, want) {
		t.Errorf("created: %+v, want %+v", *api.CORSConfiguration, want)
	}
	api.CORSConfiguration = &given
	if api, err = w.service.UpdateAPI(api); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*api.CORSConfiguration, want) {
		t.Errorf("updated: %+v, want %+v", *api.CORSConfiguration, want)
	}
	if given.ExposeHeaders[0] != "X-Total" {
		t.Error("the caller's own configuration was changed")
	}
}

func createDomainName(change func(*DomainName)) call {
	return func(w *world) error {
		in := testDomainName("other.example.com")
		change(&in)
		_, err := w.service.CreateDomainName(in)
		return err
	}
}

func testDomainName(name string) DomainName {
	return DomainName{Name: name, CertificateARN: "arn:aws:acm:eu-central-1:000000000000:certificate/c", EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2"}
}

// mapped makes a domain with a mapping of the key v1 to $default, and calls f.
func mapped(f func(w *world, m APIMapping) error) call {
	return func(w *world) error {
		if _, err := w.service.CreateDomainName(testDomainName("api.example.com")); err != nil {
			return err
		}
		m, err := w.service.CreateAPIMapping(APIMapping{DomainName: "api.example.com", Key: "v1", APIID: w.api.ID, Stage: "$default"})
		if err != nil {
			return err
		}
		return f(w, m)
	}
}

func createMapping(change func(*APIMapping)) call {
	return mapped(func(w *world, m APIMapping) error {
		m.Key = "v2"
		change(&m)
		_, err := w.service.CreateAPIMapping(m)
		return err
	})
}

func TestRefusalsOfDomains(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"domain name", createDomainName(func(d *DomainName) { d.Name = "API.example.com" }), `BadRequestException: Invalid domain name "API.example.com".`},
		{"domain without dot", createDomainName(func(d *DomainName) { d.Name = "localhost" }), `BadRequestException: Invalid domain name "localhost".`},
		{"certificate", createDomainName(func(d *DomainName) { d.CertificateARN = "c" }), `BadRequestException: Invalid certificate ARN "c".`},
		{"certificate elsewhere", createDomainName(func(d *DomainName) {
			d.CertificateARN = strings.Replace(d.CertificateARN, "eu-central-1", "us-east-1", 1)
		}), "BadRequestException: The certificate arn:aws:acm:us-east-1:000000000000:certificate/c is in the Region us-east-1. A regional domain name needs one in eu-central-1."},
		{"ownership", createDomainName(func(d *DomainName) { d.OwnershipCertificateARN = "c" }), `BadRequestException: Invalid ownership verification certificate ARN "c".`},
		{"edge", createDomainName(func(d *DomainName) { d.EndpointType = "EDGE" }), "BadRequestException: The endpoint type EDGE is not supported for HTTP APIs. Use REGIONAL."},
		{"old TLS", createDomainName(func(d *DomainName) { d.SecurityPolicy = "TLS_1_0" }), "BadRequestException: The security policy TLS_1_0 is not supported for HTTP APIs. Use TLS_1_2."},
		{"IP addresses", createDomainName(func(d *DomainName) { d.IPAddressType = "ipv6" }), `BadRequestException: Invalid IP address type "ipv6". It should be ipv4 or dualstack.`},
		{"truststore", createDomainName(func(d *DomainName) { d.MutualTLS = &MutualTLS{TruststoreURI: "https://bucket/key"} }), `BadRequestException: Invalid truststore URI "https://bucket/key". It should be s3://bucket/key.`},
		{"same domain", mapped(func(w *world, _ APIMapping) error {
			_, err := w.service.CreateDomainName(testDomainName("api.example.com"))
			return err
		}), "ConflictException: The domain name you provided already exists."},
		{"mapping of no domain", createMapping(func(m *APIMapping) { m.DomainName = "none.example.com" }), "NotFoundException: Invalid domain name identifier specified"},
		{"mapping to no API", createMapping(func(m *APIMapping) { m.APIID = "none" }), "NotFoundException: Invalid API identifier specified 000000000000:none"},
		{"mapping to no stage", createMapping(func(m *APIMapping) { m.Stage = "none" }), "BadRequestException: Invalid stage identifier specified"},
		{"mapping key", createMapping(func(m *APIMapping) { m.Key = "a b" }), `BadRequestException: An ApiMapping key may contain only letters, numbers and one of $-_.+!*'(),/ and not "a b"`},
		{"mapping key with a slash", createMapping(func(m *APIMapping) { m.Key = "/v2" }), `BadRequestException: Invalid ApiMapping key "/v2".`},
		{"long mapping key", createMapping(func(m *APIMapping) { m.Key = strings.Repeat("k", 301) }), "BadRequestException: An ApiMapping key has at most 300 characters"},
		{"same mapping key", createMapping(func(m *APIMapping) { m.Key = "v1" }), "ConflictException: ApiMapping key already exists for this domain name"},
		{"mapped stage", mapped(func(w *world, _ APIMapping) error { return w.service.DeleteStage(w.api.ID, "$default") }), "BadRequestException: Deleting stage $default failed. Please remove all base path mappings related to the stage in your domains: api.example.com"},
		{"mapped API", mapped(func(w *world, _ APIMapping) error { return w.service.DeleteAPI(w.api.ID) }), "BadRequestException: Deleting API "},
		{"mapping that is not there", mapped(func(w *world, _ APIMapping) error { return w.service.DeleteAPIMapping("api.example.com", "none") }), `NotFoundException: Invalid ApiMapping identifier specified "none"`},
	})
}
