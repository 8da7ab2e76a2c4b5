package live_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

const token = "Authorization: token-x"

// row is one of the table of documented and observed behaviour.
type row struct {
	name string
	test func(t *testing.T, w *world)
}

func testTable(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			row.test(t, w)
			if out := w.console.String(); strings.Contains(out, "token-x") {
				t.Errorf("the console shows the token:\n%s", out)
			}
		})
	}
}

func TestTableCache(t *testing.T) {
	t.Parallel()
	denied := func(w *world) { w.invoker.returns(authorizerName, `{"isAuthorized":false}`) }
	testTable(t, []row{
		{"row 01: no header is 401 without running the authorizer", func(t *testing.T, w *world) {
			w.get("/r/1").want(t, 401, unauthorizedBody)
			w.wantRuns(0)
			w.wantLine("GET /r/1 401; route GET /r/{id}; authorizer: no identity source: $request.header.Authorization is missing or empty")
		}},
		{"row 02: an empty header is 401 without running the authorizer", func(t *testing.T, w *world) {
			w.get("/r/1", "Authorization: ").want(t, 401, unauthorizedBody)
			w.wantRuns(0)
		}},
		{"row 03: header names are case-insensitive, allowed is 200", func(t *testing.T, w *world) {
			w.get("/r/1", "AUTHORIZATION: token-x").want(t, 200, okBody)
			w.wantRuns(1)
			w.wantLine("GET /r/1 200; route GET /r/{id}; authorizer: ran 3 ms, allowed; handler: warm, 3 ms")
		}},
		{"row 04: the same again is answered from the cache", func(t *testing.T, w *world) {
			w.get("/r/1", token).want(t, 200, okBody)
			w.clock.advance(59 * time.Second)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(1)
			w.wantLine("authorizer: cached, 241 s left; handler: warm")
			if n := len(w.invoker.callsOf(handlerName)); n != 2 {
				t.Errorf("the handler ran %d times, want 2", n)
			}
		}},
		{"row 05: refused is 403 and cached", func(t *testing.T, w *world) {
			denied(w)
			w.get("/r/1", token).want(t, 403, forbiddenBody)
			w.wantRuns(1)
			w.wantLine("authorizer: ran 3 ms, refused")
		}},
		{"row 06: refused again is answered from the cache", func(t *testing.T, w *world) {
			denied(w)
			w.get("/r/1", token).want(t, 403, forbiddenBody)
			w.get("/r/1", token).want(t, 403, forbiddenBody)
			w.wantRuns(1)
			w.wantLine("authorizer: cached, 300 s left, refused")
			if n := len(w.invoker.callsOf(handlerName)); n != 0 {
				t.Errorf("the handler ran %d times, want 0", n)
			}
		}},
		{"row 07: the same token on another route is answered from the cache", func(t *testing.T, w *world) {
			w.protect("GET /other/{id}")
			w.get("/r/1", token).want(t, 200, okBody)
			w.get("/other/1", token).want(t, 200, okBody)
			w.wantRuns(1)
		}},
		{"row 08: with $context.routeKey as a source the cache is per route", func(t *testing.T, w *world) {
			w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources = append(a.IdentitySources, "$context.routeKey") })
			w.protect("GET /other/{id}")
			w.get("/r/1", token).want(t, 200, okBody)
			w.get("/other/1", token).want(t, 200, okBody)
			w.wantRuns(2)
			w.get("/r/2", token).want(t, 200, okBody)
			w.get("/other/2", token).want(t, 200, okBody)
			w.wantRuns(2)
		}},
		{"row 09: a TTL of 0 caches nothing", func(t *testing.T, w *world) {
			w.updateAuthorizer(func(a *management.Authorizer) { a.ResultTTL = 0 })
			w.get("/r/1", token).want(t, 200, okBody)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(2)
		}},
		{"row 10: after the TTL the authorizer runs again", func(t *testing.T, w *world) {
			w.get("/r/1", token).want(t, 200, okBody)
			w.clock.advance(300*time.Second - 1)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(1)
			w.clock.advance(1)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(2)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(2)
		}},
		{"row 11: after a cache reset the authorizer runs again", func(t *testing.T, w *world) {
			w.get("/r/1", token).want(t, 200, okBody)
			if err := w.service.ResetAuthorizersCache(w.api.ID, "$default"); err != nil {
				t.Fatal(err)
			}
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(2)
		}},
	})
}

func TestTableAnswers(t *testing.T) {
	t.Parallel()
	testTable(t, []row{
		{"row 12: one of two sources missing is 401", func(t *testing.T, w *world) {
			w.updateAuthorizer(func(a *management.Authorizer) {
				a.IdentitySources = append(a.IdentitySources, "$request.header.X-Tenant")
			})
			w.get("/r/1", token).want(t, 401, unauthorizedBody)
			w.get("/r/1", "X-Tenant: one").want(t, 401, unauthorizedBody)
			w.wantRuns(0)
			w.wantLine("$request.header.X-Tenant is missing or empty")
		}},
		{"row 13: query string names are case-sensitive", func(t *testing.T, w *world) {
			w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources = []string{"$request.querystring.tok"} })
			w.get("/r/1?Tok=x").want(t, 401, unauthorizedBody)
			w.wantRuns(0)
			w.get("/r/1?tok=x").want(t, 200, okBody)
			w.wantRuns(1)
		}},
		{"row 14: an answer without isAuthorized is 500 and not cached", func(t *testing.T, w *world) {
			w.invoker.returns(authorizerName, `{}`)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.wantRuns(2)
			w.wantLine("authorizer: failed: The response from the Lambda Authorizer function doesn't match the format that API Gateway expects. Simple response did not include 'isAuthorized'")
		}},
		{"row 15: isAuthorized that is no boolean is 500 and not cached", func(t *testing.T, w *world) {
			for i, value := range []string{`"true"`, `1`, `null`, `{}`} {
				w.invoker.returns(authorizerName, `{"isAuthorized":`+value+`}`)
				w.get("/r/1", token).want(t, 500, serverErrorBody)
				w.wantRuns(i + 1)
			}
		}},
		{"row 15: isAuthorized twice is 500 and not cached", func(t *testing.T, w *world) {
			w.invoker.returns(authorizerName, `{"isAuthorized":false,"isAuthorized":true}`)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.wantRuns(2)
			w.wantLine("doesn't match the format that API Gateway expects. It names a member twice")
		}},
		{"row 16: a function error is 500 and not cached", func(t *testing.T, w *world) {
			w.invoker.set(authorizerName, func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
				return lambda.InvokeOutput{
					FunctionError: "Unhandled", RequestID: "r-9",
					Payload: []byte(`{"errorType":"errorString","errorMessage":"Unauthorized token-x"}`),
				}, nil
			})
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.wantRuns(2)
			w.wantLine("authorizer: failed: the function returned an error (errorString), see its log, request r-9")
		}},
		{"row 17: no invoke permission is 500, and the console names the cure", func(t *testing.T, w *world) {
			w.invoker.set(authorizerName, func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
				return lambda.InvokeOutput{}, notPermitted(in)
			})
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.wantLine("REFUSED apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: " + functionARNOf(authorizerName))
			w.wantLine("principal apigateway.amazonaws.com, sourceArn matching " + w.api.ExecutionARN + "/authorizers/" + w.authorizer.ID)
			w.wantLine("authorizer: failed: The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer.")
		}},
		{"row 18: an authorizer that takes too long is 500 and not cached", func(t *testing.T, w *world) {
			*w.gateway.AuthorizerTimeout() = 20 * time.Millisecond
			w.invoker.set(authorizerName, func(ctx context.Context, _ lambda.InvokeInput) (lambda.InvokeOutput, error) {
				<-ctx.Done()
				return lambda.InvokeOutput{}, ctx.Err()
			})
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.get("/r/1", token).want(t, 500, serverErrorBody)
			w.wantRuns(2)
			w.wantLine("authorizer: failed: no answer within 20ms")
		}},
		{"row 19: the answer errorMessage Unauthorized is 401", func(t *testing.T, w *world) {
			w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources, a.ResultTTL = nil, 0 })
			w.invoker.returns(authorizerName, `{"errorMessage":"Unauthorized"}`)
			w.get("/r/1").want(t, 401, unauthorizedBody)
			w.wantRuns(1)
			w.wantLine("authorizer: ran 3 ms, answered Unauthorized")
		}},
		{"row 20: a policy that allows the exact ARN is 200 and cached", func(t *testing.T, w *world) {
			w.answerPolicy(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"ARN/GET/r/1"}`)
			w.get("/r/1", token).want(t, 200, okBody)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(1)
			w.wantLine("authorizer: cached, 300 s left; handler:")
		}},
		{"row 21: the cached policy is evaluated again for another path", func(t *testing.T, w *world) {
			w.answerPolicy(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"ARN/GET/r/1"}`)
			w.get("/r/1", token).want(t, 200, okBody)
			w.get("/r/2", token).want(t, 403, forbiddenBody)
			w.get("/r/1", token).want(t, 200, okBody)
			w.wantRuns(1)
			w.wantLine("GET /r/2 403; route GET /r/{id}; authorizer: cached, 300 s left, refused: no statement of the policy allows execute-api:Invoke on arn:aws:execute-api:eu-central-1:000000000000:" + w.api.ID + "/$default/GET/r/2")
		}},
		{"row 22: a policy that allows and denies is 403 and cached", func(t *testing.T, w *world) {
			w.answerPolicy(`{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"ARN/GET/r/1"},{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}`)
			w.get("/r/1", token).want(t, 403, forbiddenBody)
			w.get("/r/1", token).want(t, 403, forbiddenBody)
			w.get("/r/2", token).want(t, 200, okBody)
			w.wantRuns(1)
			w.wantLine("authorizer: ran 3 ms, refused: a Deny statement of the policy matches arn:aws:execute-api:")
		}},
		{"row 23: a TTL without identity source cannot be created", func(t *testing.T, w *world) {
			in := testAuthorizer()
			in.Name, in.IdentitySources = "second", nil
			_, err := w.service.CreateAuthorizer(w.api.ID, in)
			wantError(t, err, "BadRequestException: Identity source must be set if authorizer caching is enabled (TTL is greater than 0)")
		}},
	})
}

func TestTableEvents(t *testing.T) {
	t.Parallel()
	testTable(t, []row{
		{"row 24: a nested context keeps its types, also from the cache", func(t *testing.T, w *world) {
			w.invoker.returns(authorizerName, `{"isAuthorized":true,"context":{"s":"<&>","n":12345678901234567890,"f":1.50,"b":true,"a":[1,"x",null],"m":{"k":{"l":false}}}}`)
			for range 2 {
				reply := w.get("/r/1", token)
				reply.want(t, 200, okBody)
				w.wantEvent(handlerName, "nested_context.json", reply.header.Get("Apigw-Requestid"))
			}
			w.wantRuns(1)
		}},
		{"row 25: the authorizer's event has no body", func(t *testing.T, w *world) {
			w.protect("POST /r")
			reply := w.do(http.MethodPost, "/r", `{"name":"n"}`, token, "Content-Type: application/json")
			reply.want(t, 200, okBody)
			w.wantEvent(authorizerName, "authorizer_post.json", reply.header.Get("Apigw-Requestid"))
			w.wantEvent(handlerName, "integration_post.json", reply.header.Get("Apigw-Requestid"))
			w.wantRuns(1)
		}},
		{"row 26: on a named stage rawPath has the stage", func(t *testing.T, w *world) {
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
			reply := w.get("/dev/r/1", token)
			reply.want(t, 200, okBody)
			w.wantEvent(authorizerName, "authorizer_named_stage.json", reply.header.Get("Apigw-Requestid"))
			w.wantRuns(1)
		}},
		{"row 27: an unmatched path without $default route is 404", func(t *testing.T, w *world) {
			w.get("/nowhere", token).want(t, 404, notFoundBody)
			w.wantRuns(0)
			w.wantLine("GET /nowhere 404; no route matches")
		}},
		{"row 28: with CORS on, a $default route with authorizer blocks OPTIONS without token", func(t *testing.T, w *world) {
			w.cors()
			w.protect("$default")
			reply := w.do(http.MethodOptions, "/r/1", "", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
			reply.want(t, 401, unauthorizedBody)
			wantCORS(t, reply, map[string]string{"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "date,x-total"})
			w.wantRuns(0)
		}},
		{"row 29: with CORS on and a GET-only route, OPTIONS is a preflight", func(t *testing.T, w *world) {
			w.cors()
			reply := w.do(http.MethodOptions, "/r/1", "", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
			reply.want(t, 204, "")
			wantCORS(t, reply, preflightHeaders)
			w.wantRuns(0)
			w.wantLine("OPTIONS /r/1 204; preflight answered by the CORS configuration")
		}},
		{"row 30: a string is the body", func(t *testing.T, w *world) {
			w.invoker.returns(handlerName, `"hi"`)
			reply := w.get("/r/1", token)
			reply.want(t, 200, `hi`)
			if got := reply.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("content type %q", got)
			}
		}},
	})
}

func TestLimitsOfFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.invoker.mu.Lock()
	limits := slices.Clone(w.invoker.limits)
	w.invoker.mu.Unlock()
	// The deadlines are 10 s and 30 s after the calls; a minute of scheduling
	// would be needed to fail the lower bounds.
	if len(limits) != 2 || limits[0] > 10*time.Second || limits[1] > 30*time.Second || limits[1] <= 10*time.Second {
		t.Errorf("time limits of authorizer and integration: %v, want 10s and 30s", limits)
	}
	if *w.gateway.AuthorizerTimeout() != 10*time.Second {
		t.Errorf("authorizer timeout %v", *w.gateway.AuthorizerTimeout())
	}
}

// TestCallers checks on whose behalf functions are invoked: a permission's
// sourceArn is compared with it.
func TestCallers(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, key, method, path, source string }{
		{"variables keep their names", "GET /events/{id}", "GET", "/events/17", "$default/GET/events/{id}"},
		{"ANY is the request's method", "ANY /x/{proxy+}", "PATCH", "/x/y/z", "$default/PATCH/x/{proxy+}"},
		{"root", "GET /", "GET", "/", "$default/GET/"},
		{"$default route", "$default", "GET", "/any/thing", "$default/$default"},
		{"named stage", "GET /events/{id}", "GET", "/dev/events/17", "dev/GET/events/{id}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
			w.protect(test.key)
			w.do(test.method, test.path, "", "Authorization: x").want(t, 200, okBody)
			arn := "arn:aws:execute-api:eu-central-1:000000000000:" + w.api.ID
			want := lambda.Caller{Service: "apigateway.amazonaws.com", SourceARN: arn + "/" + test.source}
			if got := w.invoker.callsOf(handlerName)[0].Caller; got != want {
				t.Errorf("integration invoked by %v, want %v", got, want)
			}
			want.SourceARN = arn + "/authorizers/" + w.authorizer.ID
			if got := w.invoker.callsOf(authorizerName)[0].Caller; got != want {
				t.Errorf("authorizer invoked by %v, want %v", got, want)
			}
		})
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error %v\nwant %s", err, want)
	}
}
