package management

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

func functionARNOf(name string) string {
	return "arn:aws:lambda:eu-central-1:000000000000:function:" + name
}

func invokeARNOf(name string) string {
	return "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/" + functionARNOf(name) + "/invocations"
}

// logGroup is the ARN of the one log group of oneGroup.
const logGroup = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/apigateway/events"

func ptr[T any](value T) *T { return &value }

func jwtAuthorizer(issuer string) Authorizer {
	return Authorizer{
		Name: "jwt", AuthorizerType: "JWT", IdentitySources: []string{"$request.header.Authorization"},
		JWTConfiguration: &JWTConfiguration{Audience: []string{"events"}, Issuer: issuer},
	}
}

// functions answer with a payload each.
type functions struct{ payloads sync.Map }

func (f *functions) returns(name, payload string) {
	f.payloads.Store(functionARNOf(name), []byte(payload))
}

func (f *functions) Invoke(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
	payload, _ := f.payloads.Load(in.Function)
	return lambda.InvokeOutput{Payload: payload.([]byte)}, nil
}

// oneGroup is a log service with one log group.
type oneGroup struct{ live.LogWriter }

func (oneGroup) File(group string) string {
	if group == "/aws/apigateway/events" {
		return "a file"
	}
	return ""
}

// world is an API with the route GET /r/{id} behind a Lambda authorizer that lets
// every request in.
type world struct {
	t           *testing.T
	service     *Service
	invoker     *functions
	api         API
	authorizer  Authorizer
	integration Integration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, invoker: &functions{}}
	w.invoker.returns("events-authorizer", `{"isAuthorized":true}`)
	w.invoker.returns("events-handler", okBody)
	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	w.service = New(live.New(live.Options{Account: acct, Invoker: w.invoker, Logs: oneGroup{}, Identities: iam.New(acct)}), nil)
	t.Cleanup(func() {
		if err := w.service.Close(context.Background()); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	w.api = must(w.service.CreateAPI(API{Name: "events", ProtocolType: "HTTP"}))
	must(w.service.CreateStage(w.api.ID, Stage{Name: "$default", AutoDeploy: true}))
	w.integration = must(w.service.CreateIntegration(w.api.ID, testIntegration()))
	w.authorizer = must(w.service.CreateAuthorizer(w.api.ID, testAuthorizer()))
	w.protect("GET /r/{id}")
	return w
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func testIntegration() Integration {
	return Integration{IntegrationType: "AWS_PROXY", IntegrationURI: invokeARNOf("events-handler"), PayloadFormatVersion: "2.0"}
}

func testAuthorizer() Authorizer {
	return Authorizer{
		Name: "events", AuthorizerType: "REQUEST", AuthorizerURI: invokeARNOf("events-authorizer"), PayloadFormatVersion: "2.0",
		EnableSimpleResponses: true, IdentitySources: []string{"$request.header.Authorization"}, ResultTTL: 300,
	}
}

// protect adds a route with the authorizer; public adds one without.
func (w *world) protect(key string) Route {
	w.t.Helper()
	return must(w.service.CreateRoute(w.api.ID, Route{
		RouteKey: key, Target: "integrations/" + w.integration.ID, AuthorizationType: live.AuthorizationCustom, AuthorizerID: w.authorizer.ID,
	}))
}

func (w *world) public(key string) Route {
	w.t.Helper()
	return must(w.service.CreateRoute(w.api.ID, Route{RouteKey: key, Target: "integrations/" + w.integration.ID}))
}

// reply is what the client got.
type reply struct {
	status int
	body   string
}

// get sends a request, with a token where one is given.
func (w *world) get(path string, token ...string) reply {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.api.Endpoint+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(token) > 0 {
		request.Header.Set("Authorization", token[0])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{response.StatusCode, string(body)}
}

func (r reply) want(t *testing.T, status int, body string) {
	t.Helper()
	if r.status != status || r.body != body {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, body)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error %v\nwant %s", err, want)
	}
}

const (
	unauthorizedBody = `{"message":"Unauthorized"}`
	notFoundBody     = `{"message":"Not Found"}`
	okBody           = `{"ok":true}`
)
