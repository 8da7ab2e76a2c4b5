package live_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

const (
	testAccount    = "000000000000"
	testRegion     = "eu-central-1"
	authorizerName = "events-authorizer"
	handlerName    = "events-handler"
	testTraceID    = "Root=1-66da0834-000000000000000000000001"
)

func functionARNOf(name string) string {
	return "arn:aws:lambda:" + testRegion + ":" + testAccount + ":function:" + name
}

func invokeARNOf(name string) string {
	return "arn:aws:apigateway:" + testRegion + ":lambda:path/2015-03-31/functions/" + functionARNOf(name) + "/invocations"
}

// world is an API of the test table's base: GET /r/{id} with a Lambda
// authorizer, payload 2.0, simple answers, the source
// $request.header.Authorization, a TTL of 300 s, the $default stage.
type world struct {
	t           *testing.T
	gateway     *live.Gateway
	service     *management.Service
	invoker     *fakeInvoker
	clock       *clock
	console     *consoletest.Buffer
	logs        *fakeLogs
	identities  *iam.Service
	api         management.API
	authorizer  management.Authorizer
	integration management.Integration
	client      *http.Client
	decisions   sync.Map // live.Decision by the request's id
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t:       t,
		invoker: &fakeInvoker{answer: map[string]func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error){}},
		clock:   &clock{now: time.Date(2024, time.September, 5, 19, 33, 8, 5e6, time.UTC)},
		console: &consoletest.Buffer{},
		logs:    &fakeLogs{},
		client:  &http.Client{Transport: &http.Transport{DisableCompression: true}},
	}
	acct := account.Account{ID: testAccount, Region: testRegion, Partition: "aws"}
	w.identities = iam.New(acct)
	w.gateway = live.New(live.Options{
		Account:    acct,
		Invoker:    w.invoker,
		Console:    console.New(w.console),
		Logs:       w.logs,
		Identities: w.identities,
		Decided:    func(d live.Decision) { w.decisions.Store(d.RequestID, d) },
	}.WithClock(w.clock.Now))
	w.service = management.New(w.gateway, nil)
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		if err := w.service.Close(context.Background()); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	w.api = must(w.service.CreateAPI(management.API{Name: "events", ProtocolType: "HTTP"}))
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "$default", AutoDeploy: true}))
	w.integration = must(w.service.CreateIntegration(w.api.ID, testIntegration()))
	w.authorizer = must(w.service.CreateAuthorizer(w.api.ID, testAuthorizer()))
	w.protect("GET /r/{id}")
	w.invoker.returns(authorizerName, `{"isAuthorized":true}`)
	w.invoker.returns(handlerName, `{"ok":true}`)
	return w
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func testIntegration() management.Integration {
	return management.Integration{IntegrationType: "AWS_PROXY", IntegrationURI: invokeARNOf(handlerName), PayloadFormatVersion: "2.0"}
}

func testAuthorizer() management.Authorizer {
	return management.Authorizer{
		Name: "events", AuthorizerType: "REQUEST", AuthorizerURI: invokeARNOf(authorizerName), PayloadFormatVersion: "2.0",
		EnableSimpleResponses: true, IdentitySources: []string{"$request.header.Authorization"}, ResultTTL: 300,
	}
}

// protect adds a route with the authorizer; public adds one without.
func (w *world) protect(key string) management.Route {
	w.t.Helper()
	return must(w.service.CreateRoute(w.api.ID, management.Route{
		RouteKey: key, Target: "integrations/" + w.integration.ID, AuthorizationType: live.AuthorizationCustom, AuthorizerID: w.authorizer.ID,
	}))
}

func (w *world) public(key string) management.Route {
	w.t.Helper()
	return must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: key, Target: "integrations/" + w.integration.ID}))
}

// updateAuthorizer changes the settings of the authorizer.
func (w *world) updateAuthorizer(change func(*management.Authorizer)) {
	w.t.Helper()
	change(&w.authorizer)
	w.authorizer = must(w.service.UpdateAuthorizer(w.api.ID, w.authorizer))
}

// reply is what the client got.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are "Name: value" lines, in order.
func (w *world) do(method, target, body string, headers ...string) reply {
	w.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.api.Endpoint+target, content)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("X-Amzn-Trace-Id", testTraceID)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimPrefix(value, " "); name == "Host" {
			request.Host = value
			continue
		}
		request.Header[name] = append(request.Header[name], value)
	}
	response, err := w.client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(read)}
}

func (w *world) get(target string, headers ...string) reply {
	w.t.Helper()
	return w.do(http.MethodGet, target, "", headers...)
}

func (r reply) want(t *testing.T, status int, body string) {
	t.Helper()
	if r.status != status || r.body != body {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, body)
	}
}

// wantRuns checks how often the authorizer has run so far.
func (w *world) wantRuns(n int) {
	w.t.Helper()
	if got := w.invoker.runs(); got != n {
		w.t.Errorf("the authorizer ran %d times, want %d", got, n)
	}
}

// wantLine checks that the console has said something.
func (w *world) wantLine(text string) {
	w.t.Helper()
	// A line is written after its response has been sent.
	w.wantEventually(func() bool { return strings.Contains(w.console.String(), text) }, fmt.Sprintf("the console does not say %q", text))
}

func (w *world) wantEventually(holds func() bool, failure string) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if holds() {
			return
		}
	}
	w.t.Fatalf("%s:\n%s", failure, w.console.String())
}

// forbid takes the permission to invoke a function away.
func (w *world) forbid(function string) {
	w.invoker.set(function, func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
		return lambda.InvokeOutput{}, notPermitted(in)
	})
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// wantEvent compares the last event of a function with a fixture, in which
// API_ID, AUTHORITY, PORT and REQUEST_ID stand for what differs from run to
// run.
func (w *world) wantEvent(function, fixture, requestID string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", fixture))
	if err != nil {
		w.t.Fatal(err)
	}
	authority := strings.TrimPrefix(w.api.Endpoint, "http://")
	_, port, _ := strings.Cut(authority, ":")
	want := strings.NewReplacer("API_ID", w.api.ID, "AUTHORITY", authority, "PORT", port, "REQUEST_ID", requestID).Replace(string(text))
	calls := w.invoker.callsOf(function)
	if len(calls) == 0 {
		w.t.Fatalf("%s was not invoked", function)
	}
	got := calls[len(calls)-1].Payload
	if a, b := indent(w.t, got), indent(w.t, []byte(want)); a != b {
		w.t.Errorf("event of %s:\n%s\nwant %s:\n%s", function, a, fixture, b)
	}
}

// indent writes JSON with sorted members.
func indent(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	out, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const (
	unauthorizedBody = `{"message":"Unauthorized"}`
	forbiddenBody    = `{"message":"Forbidden"}`
	notFoundBody     = `{"message":"Not Found"}`
	serverErrorBody  = `{"message":"Internal Server Error"}`
	unavailableBody  = `{"message":"Service Unavailable"}`
	tooLargeBody     = `{"message":"Request Entity Too Large"}`
	okBody           = `{"ok":true}`
)
