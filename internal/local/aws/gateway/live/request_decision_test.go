package live_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// decision is what was told of a request, before its client knew.
func (w *world) decision(r reply) live.Decision {
	w.t.Helper()
	d, ok := w.decisions.Load(r.header.Get("Apigw-Requestid"))
	if !ok {
		w.t.Fatalf("nothing was told of the request with the status %d", r.status)
	}
	return d.(live.Decision)
}

// lastEvent is what a function got last.
func (w *world) lastEvent(function string) []byte {
	calls := w.invoker.callsOf(function)
	if len(calls) == 0 {
		w.t.Fatalf("%s was not invoked", function)
	}
	return calls[len(calls)-1].Payload
}

var (
	allowing  = []byte(`{"isAuthorized":true}`)
	answering = []byte(okBody)
	// ranAuthorizer and ranHandler are runs of world's functions, without their events.
	ranAuthorizer = live.Invocation{Function: functionARNOf(authorizerName), RequestID: "r-1", Duration: 3 * time.Millisecond, Answer: allowing}
	ranHandler    = live.Invocation{Function: functionARNOf(handlerName), RequestID: "r-1", Duration: 3 * time.Millisecond, Answer: answering}
	noAuthorizer  = live.Invocation{Function: functionARNOf(authorizerName)}
	noHandler     = live.Invocation{Function: functionARNOf(handlerName)}
	tokenSource   = []live.IdentityValue{{Source: "$request.header.Authorization", Value: "token-x"}}
)

// TestDecision compares all that is told of a request. What all rows have in common is
// filled in: the id, the API and its address, the method GET, the time, and where a row
// has a run with an id its event.
func TestDecision(t *testing.T) {
	t.Parallel()
	const ttl = 300 * time.Second
	for _, tt := range []struct {
		name    string
		set     func(w *world)
		request func(w *world) reply
		want    live.Decision
	}{
		{
			"the authorizer runs and allows", nil, func(w *world) reply { return w.get("/r/1?q=1", token) },
			live.Decision{
				Stage: "$default", Path: "/r/1", Query: "q=1", Status: 200, RouteKey: "GET /r/{id}", Authorization: "CUSTOM",
				Sources: tokenSource, Cache: live.CacheUse{Asked: true, TTL: ttl}, Authorizer: ranAuthorizer, Handler: ranHandler, Allowed: true,
				Note: "route GET /r/{id}; authorizer: ran 3 ms, allowed; handler: warm, 3 ms",
			},
		},
		{
			"the cache allows, with its clock ahead", func(w *world) {
				w.get("/r/1", token)
				w.clock.advance(20 * time.Second)
				w.gateway.SkipAhead(30 * time.Second)
			}, func(w *world) reply { return w.get("/r/2", token) },
			live.Decision{
				Stage: "$default", Path: "/r/2", Status: 200, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Sources: tokenSource,
				Cache: live.CacheUse{Asked: true, Hit: true, Age: 50 * time.Second, Left: 250 * time.Second, RequestID: "r-1", TTL: ttl}, Authorizer: noAuthorizer, Handler: ranHandler, Allowed: true,
				Note: "route GET /r/{id}; authorizer: cached, 250 s left; handler: warm, 3 ms",
			},
		},
		{
			"the authorizer refuses", func(w *world) { w.invoker.returns(authorizerName, `{"isAuthorized":false}`) }, func(w *world) reply { return w.get("/r/1", token) },
			live.Decision{
				Stage: "$default", Path: "/r/1", Status: 403, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Sources: tokenSource, Cache: live.CacheUse{Asked: true, TTL: ttl},
				Authorizer: live.Invocation{Function: functionARNOf(authorizerName), RequestID: "r-1", Duration: 3 * time.Millisecond, Answer: []byte(`{"isAuthorized":false}`)},
				Handler:    noHandler, Note: "route GET /r/{id}; authorizer: ran 3 ms, refused",
			},
		},
		{
			"the cache is off, the second of two sources is missing", func(w *world) {
				w.updateAuthorizer(func(a *management.Authorizer) {
					a.ResultTTL, a.IdentitySources = 0, []string{"$request.header.Authorization", "$request.querystring.key", "$context.routeKey"}
				})
			}, func(w *world) reply { return w.get("/r/1", token) },
			live.Decision{
				Stage: "$default", Path: "/r/1", Status: 401, RouteKey: "GET /r/{id}", Authorization: "CUSTOM",
				Sources: append(tokenSource[:1:1], live.IdentityValue{Source: "$request.querystring.key"}), Authorizer: noAuthorizer, Handler: noHandler,
				Failure: "no identity source: $request.querystring.key is missing or empty",
				Note:    "route GET /r/{id}; authorizer: no identity source: $request.querystring.key is missing or empty",
			},
		},
		{
			"the authorizer takes too long", func(w *world) {
				*w.gateway.AuthorizerTimeout() = 10 * time.Millisecond
				w.invoker.set(authorizerName, func(ctx context.Context, _ lambda.InvokeInput) (lambda.InvokeOutput, error) {
					<-ctx.Done()
					return lambda.InvokeOutput{RequestID: "r-2"}, ctx.Err()
				})
			}, func(w *world) reply { return w.get("/r/1", token) },
			live.Decision{
				Stage: "$default", Path: "/r/1", Status: 500, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Sources: tokenSource, Cache: live.CacheUse{Asked: true, TTL: ttl},
				Authorizer: live.Invocation{Function: functionARNOf(authorizerName), RequestID: "r-2", Duration: 10 * time.Millisecond, Failure: "no answer within 10ms"},
				Handler:    noHandler, Failure: "no answer within 10ms", Note: "route GET /r/{id}; authorizer: failed: no answer within 10ms",
			},
		},
		{
			"the authorizer may not be invoked", func(w *world) { w.forbid(authorizerName) }, func(w *world) reply { return w.get("/r/1", token) },
			live.Decision{
				Stage: "$default", Path: "/r/1", Status: 500, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Sources: tokenSource, Cache: live.CacheUse{Asked: true, TTL: ttl},
				Authorizer: live.Invocation{Function: functionARNOf(authorizerName), Failure: authorizerPermissionText}, Handler: noHandler, Failure: authorizerPermissionText,
				Note: "route GET /r/{id}; authorizer: failed: " + authorizerPermissionText,
			},
		},
		{
			"a cold handler, named by a stage variable, answers what is no answer", func(w *world) {
				w.updateStage(management.Stage{StageVariables: map[string]string{"handler": handlerName}})
				w.integration.IntegrationURI = invokeARNOf("${stageVariables.handler}")
				must(w.service.UpdateIntegration(w.api.ID, w.integration))
				w.public("GET /open")
				w.invoker.set(handlerName, func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
					return lambda.InvokeOutput{Payload: []byte(`{"statusCode":1}`), RequestID: "r-3", Cold: true, InitDuration: 40 * time.Millisecond, Duration: time.Millisecond}, nil
				})
			}, func(w *world) reply { return w.get("/open") },
			live.Decision{
				Stage: "$default", Path: "/open", Status: 500, RouteKey: "GET /open", Authorization: "NONE", Allowed: true,
				Handler: live.Invocation{
					Function: functionARNOf(handlerName), RequestID: "r-3", Cold: true, Init: 40 * time.Millisecond, Duration: time.Millisecond, Answer: []byte(`{"statusCode":1}`),
					Failure: "its response is malformed: statusCode 1 is not a whole number from 200 to 599",
				},
				Note: "route GET /open; authorizer: none; handler: cold, 1 ms after a cold start of 40 ms, failed: its response is malformed: statusCode 1 is not a whole number from 200 to 599",
			},
		},
		{
			"the handler may not be invoked", func(w *world) { w.public("GET /open"); w.forbid(handlerName) }, func(w *world) reply { return w.get("/open") },
			live.Decision{
				Stage: "$default", Path: "/open", Status: 500, RouteKey: "GET /open", Authorization: "NONE", Allowed: true,
				Handler: live.Invocation{Function: functionARNOf(handlerName), Failure: "apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: " + functionARNOf(handlerName) + " because no resource-based policy allows the lambda:InvokeFunction action"},
				Note:    "route GET /open; authorizer: none; handler: failed: apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: " + functionARNOf(handlerName) + " because no resource-based policy allows the lambda:InvokeFunction action",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.set != nil {
				tt.set(w)
			}
			w.wantDecision(tt.request(w), tt.want)
		})
	}
}

const authorizerPermissionText = "The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer. Check the permissions and try again."

func (w *world) wantDecision(r reply, want live.Decision) {
	w.t.Helper()
	got := w.decision(r)
	want.RequestID, want.APIID, want.Received = r.header.Get("Apigw-Requestid"), w.api.ID, w.clock.Now()
	want.APISources = slices.Sorted(slices.Values(w.authorizer.IdentitySources))
	want.Host, want.Method = strings.TrimPrefix(w.api.Endpoint, "http://"), http.MethodGet
	if want.Authorization == live.AuthorizationCustom {
		want.AuthorizerID = w.authorizer.ID
	}
	for _, run := range []*live.Invocation{&want.Authorizer, &want.Handler} {
		if run.RequestID != "" {
			run.Event = w.lastEvent(strings.TrimPrefix(run.Function, functionARNOf("")))
		}
	}
	want.Cure = got.Cure // see TestCure
	if !reflect.DeepEqual(got, want) {
		w.t.Errorf("told\n%+v\nwant\n%+v", got, want)
	}
	if event := got.Handler.Event; event != nil && &event[0] != &want.Handler.Event[0] {
		w.t.Error("the event was copied")
	}
}

// TestDecisionOfEarlyEnds: also of a request that reaches no route's authorization, or no
// function, all is told that is known.
func TestDecisionOfEarlyEnds(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	w := newWorld(t)
	w.public("GET /limited")
	w.updateStage(management.Stage{RouteSettings: map[string]management.RouteSettings{"GET /limited": {ThrottlingRateLimit: ptr(0.0), ThrottlingBurstLimit: ptr(0)}}})
	in := jwtAuthorizer(issuer.URL)
	in.IdentitySources = []string{"$request.querystring.jwt"}
	jwt := must(w.service.CreateAuthorizer(w.api.ID, in))
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "GET /jwt", Target: "integrations/" + w.integration.ID, AuthorizationType: "JWT", AuthorizerID: jwt.ID, AuthorizationScopes: []string{"write"}}))
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "GET /iam", Target: "integrations/" + w.integration.ID, AuthorizationType: "AWS_IAM"}))
	w.serveDomain("api.example.com", nil)
	w.mapTo("api.example.com", "v1", w.api.ID, "$default")
	api := w.api
	api.CORSConfiguration = &live.CORS{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET"}}
	must(w.service.UpdateAPI(api))
	long := strings.Repeat("x", 50_000)
	const zero = "throttled: ThrottlingRateLimit or ThrottlingBurstLimit is 0, which lets no request through: the AWS provider sends 0 for what a program leaves out, so set both"
	for _, tt := range []struct {
		method, target string
		headers        []string
		want           live.Decision
	}{
		{"GET", "/r/1", []string{"X-Large: " + strings.Repeat("x", live.MaxHeaderBytes)}, live.Decision{Stage: "$default", Path: "/r/1", Status: 431, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Handler: noHandler}},
		{"GET", "/r/1", []string{"X-Large: " + strings.Repeat("x", 40_000)}, live.Decision{Stage: "$default", Path: "/r/1", Status: 431, RouteKey: "GET /r/{id}", Authorization: "CUSTOM", Handler: noHandler}},
		{"GET", "/" + long + "?" + long, nil, live.Decision{
			Stage: "$default", Path: "/" + long[1:live.MaxHeaderBytes] + "…", Query: long[:live.MaxHeaderBytes] + "…", Status: 431,
		}},
		{"GET", "/r/%25zz?a=b", nil, live.Decision{
			Path: "/r/%zz", Query: "a=b", Status: 400,
			Failure: "API Gateway decodes a path twice, and this one is not percent-encoded after the first time: encode a percent sign in it as %2525",
		}},
		{"GET", "/limited", nil, live.Decision{Stage: "$default", Path: "/limited", Status: 429, RouteKey: "GET /limited", Authorization: "NONE", Handler: noHandler, Failure: zero}},
		{"GET", "/nowhere", nil, live.Decision{Stage: "$default", Path: "/nowhere", Status: 404, Failure: "no route matches"}},
		{"GET", "/v2/r/1", []string{"Host: api.example.com"}, live.Decision{
			Path: "/v2/r/1", Host: "api.example.com", Status: 403, Failure: "the domain api.example.com has no API mapping for this path: its keys are /v1",
		}},
		{"PUT", "/v1/r/1?a=b", []string{"Host: apis.example.com:80", token}, live.Decision{
			Path: "/v1/r/1", Query: "a=b", Host: "apis.example.com:80", Status: 403, Failure: `the host "apis.example.com:80" is no name of this machine, and no domain that is deployed`, Kind: "unknown host",
		}},
		{"GET", "/v1/nowhere", []string{"Host: api.example.com"}, live.Decision{Stage: "$default", Path: "/v1/nowhere", Host: "api.example.com", Status: 404, Failure: "no route matches"}},
		{"OPTIONS", "/r/1", []string{"Origin: https://a.example", "Access-Control-Request-Method: GET"}, live.Decision{Stage: "$default", Path: "/r/1", Status: 204}},
		{"OPTIONS", "/r/1", []string{"Origin: https://b.example", "Access-Control-Request-Method: GET"}, live.Decision{
			Stage: "$default", Path: "/r/1", Status: 204,
			Failure: "preflight answered by the CORS configuration, which does not allow it: check AllowOrigins, AllowMethods and AllowHeaders",
		}},
		{"GET", "/jwt", nil, live.Decision{
			Stage: "$default", Path: "/jwt", Status: 401, RouteKey: "GET /jwt", Authorization: "JWT", AuthorizerID: jwt.ID, Handler: noHandler,
			Scopes: []string{"write"}, Sources: []live.IdentityValue{{Source: "$request.querystring.jwt"}}, Failure: "missing: token not provided", Kind: "no credential",
		}},
		{"GET", "/iam", nil, live.Decision{Stage: "$default", Path: "/iam", Status: 403, RouteKey: "GET /iam", Authorization: "AWS_IAM", Handler: noHandler, Failure: "MissingAuthenticationTokenException: Request is missing Authentication Token", Kind: "no credential"}},
	} {
		r := w.do(tt.method, tt.target, "", tt.headers...)
		got := w.decision(r)
		tt.want.APISources = []string{"$request.header.Authorization", "$request.querystring.jwt"}
		tt.want.RequestID, tt.want.APIID, tt.want.Received, tt.want.Method = got.RequestID, w.api.ID, w.clock.Now(), tt.method
		if tt.want.Host == "" {
			tt.want.Host = strings.TrimPrefix(w.api.Endpoint, "http://")
		}
		if tt.want.Authorization == "CUSTOM" {
			tt.want.AuthorizerID, tt.want.Authorizer = w.authorizer.ID, noAuthorizer
		}
		if tt.want.Status == http.StatusRequestHeaderFieldsTooLarge {
			tt.want.Failure = got.Note // the size
		}
		tt.want.Early = tt.want.Authorization != "JWT" && tt.want.Authorization != "AWS_IAM"
		tt.want.Note, tt.want.Cure = got.Note, got.Cure
		if tt.want.RouteKey == "" && tt.want.Failure != "" && got.Note != tt.want.Failure {
			t.Errorf("%s %s: the note is %q, the failure %q", tt.method, tt.target, got.Note, got.Failure)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %.100s: told\n%+v\nwant\n%+v", tt.method, tt.target, got, tt.want)
		}
		if got.Status != r.status {
			t.Errorf("%s %s: told %d, the client got %d", tt.method, tt.target, got.Status, r.status)
		}
	}
}
