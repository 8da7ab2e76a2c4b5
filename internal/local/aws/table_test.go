package aws

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTable holds the rows of the table of documented and observed behaviour,
// through an HTTP client and functions that are processes. The tokens say what
// the authorizer answers.
func TestTable(t *testing.T) {
	t.Parallel()
	const header, allow = "$request.header.Authorization", "Authorization: allow"
	rows := []struct {
		name   string
		change func(stack) stack // nil for the base case
		test   func(w *tableRow)
	}{
		{"row 01: no header is 401 without running the authorizer", nil, func(w *tableRow) {
			w.get("/r/1").want(401, unauthorizedBody, 0)
		}},
		{"row 02: an empty header is 401 without running the authorizer", nil, func(w *tableRow) {
			w.get("/r/1", "Authorization: ").want(401, unauthorizedBody, 0)
		}},
		{"row 03: header names are case-insensitive, allowed is 200 and cached", nil, func(w *tableRow) {
			w.get("/r/1", "AUTHORIZATION: allow").want(200, okBody, 1)
			w.get("/r/1", "authorization: allow").want(200, okBody, 1)
		}},
		{"row 04: the same again is answered from the cache", nil, func(w *tableRow) {
			w.get("/r/1", allow).want(200, okBody, 1)
			w.get("/r/1", allow).want(200, okBody, 1)
		}},
		{"row 05: refused is 403 and cached", nil, func(w *tableRow) {
			w.get("/r/1", "Authorization: deny").want(403, forbiddenBody, 1)
			w.get("/r/2", "Authorization: deny").want(403, forbiddenBody, 1)
			w.get("/r/1", allow).want(200, okBody, 2)
		}},
		{"row 06: refused again is answered from the cache", nil, func(w *tableRow) {
			w.get("/r/1", "Authorization: deny").want(403, forbiddenBody, 1)
			w.get("/r/1", "Authorization: deny").want(403, forbiddenBody, 1)
		}},
		{"row 07: the same token on another route is answered from the cache", nil, func(w *tableRow) {
			w.get("/r/1", allow).want(200, okBody, 1)
			w.get("/other/1", allow).want(200, okBody, 1)
		}},
		{"row 08: with $context.routeKey as a source the cache is per route", set("gate", "identitySources", []any{header, "$context.routeKey"}), func(w *tableRow) {
			w.get("/r/1", allow).want(200, okBody, 1)
			w.get("/other/1", allow).want(200, okBody, 2)
			w.get("/r/2", allow).want(200, okBody, 2)
			w.get("/other/2", allow).want(200, okBody, 2)
		}},
		{"row 09: a TTL of 0 caches nothing", set("gate", "authorizerResultTtlInSeconds", 0), func(w *tableRow) {
			w.get("/r/1", allow).want(200, okBody, 1)
			w.get("/r/1", allow).want(200, okBody, 2)
		}},
		{"row 10: after the TTL the authorizer runs again", set("gate", "authorizerResultTtlInSeconds", 2), expire},
		{"row 11: after a cache reset the authorizer runs again", nil, func(w *tableRow) {
			w.get("/r/1", allow).want(200, okBody, 1)
			w.resetAuthorizersCache("$default")
			w.get("/r/1", allow).want(200, okBody, 2)
			w.get("/r/1", allow).want(200, okBody, 2)
		}},
		{"row 12: one of two sources missing is 401", set("gate", "identitySources", []any{header, "$request.header.X-Tenant"}), func(w *tableRow) {
			w.get("/r/1", allow).want(401, unauthorizedBody, 0)
			w.get("/r/1", "X-Tenant: one").want(401, unauthorizedBody, 0)
			w.get("/r/1", allow, "X-Tenant: one").want(200, okBody, 1)
		}},
		{"row 13: query string names are case-sensitive", set("gate", "identitySources", []any{"$request.querystring.tok"}), func(w *tableRow) {
			w.get("/r/1?Tok=allow").want(401, unauthorizedBody, 0)
			w.get("/r/1?tok=allow").want(200, okBody, 1)
		}},
		{"row 14: an answer without isAuthorized is 500 and not cached", nil, twice500("empty")},
		{"row 15: isAuthorized that is no boolean is 500 and not cached", nil, twice500("text")},
		{"row 16: a returned error is 500 and not cached", nil, twice500("error")},
		{"row 17: no invoke permission is 500, and the console names the cure", func(s stack) stack { return s.without("judge-permission") }, permit},
		{"row 18: an authorizer that sleeps for 11 s is 500 and not cached", set("judge", "timeout", 15), func(w *tableRow) {
			w.get("/r/1", allow, "X-Answer: sleep").want(500, serverErrorBody, 1)
			w.get("/r/1", allow, "X-Answer: allow").want(200, okBody, 2)
		}},
		{"row 19: the answer errorMessage Unauthorized is 401", func(s stack) stack {
			delete(s.find("gate"), "identitySources")
			s.find("gate")["authorizerResultTtlInSeconds"] = 0
			return s
		}, func(w *tableRow) {
			w.get("/r/1", "Authorization: unauthorized").want(401, unauthorizedBody, 1)
			w.get("/r/1", "Authorization: unauthorized").want(401, unauthorizedBody, 2)
		}},
		{"row 20: a policy that allows the exact ARN is 200 and cached", set("gate", "enableSimpleResponses", false), func(w *tableRow) {
			w.get("/r/1", "Authorization: exact").want(200, okBody, 1)
			w.get("/r/1", "Authorization: exact").want(200, okBody, 1)
		}},
		{"row 21: the cached policy is evaluated again for another path", set("gate", "enableSimpleResponses", false), func(w *tableRow) {
			w.get("/r/1", "Authorization: exact").want(200, okBody, 1)
			w.get("/r/2", "Authorization: exact").want(403, forbiddenBody, 1)
			w.get("/r/1", "Authorization: exact").want(200, okBody, 1)
		}},
		{"row 22: a policy that allows and denies is 403 and cached", set("gate", "enableSimpleResponses", false), func(w *tableRow) {
			w.get("/r/1", "Authorization: both").want(403, forbiddenBody, 1)
			w.get("/r/1", "Authorization: both").want(403, forbiddenBody, 1)
			w.get("/r/2", "Authorization: both").want(200, okBody, 1)
		}},
		{"row 24: a nested context keeps its types, also from the cache", nil, func(w *tableRow) {
			const context = `{"lambda":{"s":"<&>","n":12345678901234567890,"f":1.50,"b":true,"a":[1,"x",null],"m":{"k":{"l":false}}}}`
			w.get("/r/1", "Authorization: context").want(200, context, 1)
			w.get("/r/2", "Authorization: context").want(200, context, 1)
		}},
		{"row 25: the authorizer's event has no body", set("GET /item", "routeKey", "POST /r"), post},
		{"row 26: on a named stage rawPath has the stage", func(s stack) stack {
			return append(s, resource{"dev", "aws:apigatewayv2/stage:Stage", object{"apiId": ref{"api", "id"}, "name": "dev", "autoDeploy": true}})
		}, func(w *tableRow) {
			w.get("/dev/r/1", allow).want(200, okBody, 1)
			w.get("/dev/r/1", allow).want(200, okBody, 1)
			event := w.event("judge")
			if got, want := event["routeArn"], w.output("api", "executionArn")+"/dev/GET/r/1"; event["rawPath"] != "/dev/r/1" || got != want {
				w.t.Errorf("rawPath %v, routeArn %v, want /dev/r/1 and %s", event["rawPath"], got, want)
			}
		}},
		{"row 27: an unmatched path without $default route is 404", nil, func(w *tableRow) {
			w.get("/nowhere", allow).want(404, notFoundBody, 0)
		}},
		{"row 28: with CORS on, a $default route with authorizer blocks OPTIONS without token", func(s stack) stack {
			return set("GET /item", "routeKey", "$default")(cors(s))
		}, func(w *tableRow) {
			reply := w.send(http.MethodOptions, "/r/1", "", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
			reply.want(401, unauthorizedBody, 0)
			reply.wantCORS(map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"})
		}},
		{"row 29: with CORS on and a GET-only route, OPTIONS is a preflight", cors, func(w *tableRow) {
			reply := w.send(http.MethodOptions, "/r/1", "", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
			reply.want(204, "", 0)
			reply.wantCORS(map[string]string{
				"Access-Control-Allow-Origin":  "https://app.example.com",
				"Access-Control-Allow-Methods": "GET,POST",
				"Access-Control-Allow-Headers": "authorization",
				"Access-Control-Max-Age":       "300",
			})
		}},
		{"row 30: a string is the body", nil, func(w *tableRow) {
			w.get("/r/hi", allow).want(200, "hi", 1)
			w.get("/r/hi", allow).want(200, "hi", 1)
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := tableStack(t)
			if row.change != nil {
				s = row.change(s)
			}
			row.test(newTableRow(t, s))
		})
	}
	t.Run("row 23: a TTL without identity source cannot be created", func(t *testing.T) {
		t.Parallel()
		s := tableStack(t)
		delete(s.find("gate"), "identitySources")
		err := newDeployment(t).deploy(t.Context(), s)
		const want = "BadRequestException: Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	})
}

// cors is what a browser's application on another origin needs.
func cors(s stack) stack {
	return set("api", "corsConfiguration", object{
		"allowOrigins": []any{"https://app.example.com"}, "allowMethods": []any{"GET", "POST"},
		"allowHeaders": []any{"authorization"}, "maxAge": 300,
	})(s)
}

// twice500 sends a token twice and wants the authorizer to fail twice.
func twice500(token string) func(*tableRow) {
	return func(w *tableRow) {
		w.get("/r/1", "Authorization: "+token).want(500, serverErrorBody, 1)
		w.get("/r/1", "Authorization: "+token).want(500, serverErrorBody, 2)
	}
}

// expire waits until a TTL of 2 s has passed. The answer is kept while it is
// certain that the TTL has not passed.
func expire(w *tableRow) {
	begun := time.Now()
	w.get("/r/1", "Authorization: allow").want(200, okBody, 1)
	reply, runs := w.get("/r/1", "Authorization: allow"), w.runs("judge")
	if time.Since(begun) < 2*time.Second && runs != 1 {
		w.t.Errorf("within the TTL the authorizer has run %d times", runs)
	}
	reply.want(200, okBody, runs)
	time.Sleep(2 * time.Second)
	w.get("/r/1", "Authorization: allow").want(200, okBody, runs+1)
}

// permit calls without the authorizer's permission, then adds it: the failure
// was not cached.
func permit(w *tableRow) {
	w.get("/r/1", "Authorization: allow").want(500, serverErrorBody, 0)
	cure := "cure: add an aws:lambda:Permission to the function " + w.output("judge", "arn") +
		": action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching " +
		w.output("api", "executionArn") + "/authorizers/" + w.output("gate", "id")
	if out := w.out.String(); !strings.Contains(out, cure) {
		w.t.Errorf("the console lacks %q:\n%s", cure, out)
	}
	w.add(slices.DeleteFunc(tableStack(w.t), func(r resource) bool { return r.key != "judge-permission" }))
	w.get("/r/1", "Authorization: allow").want(200, okBody, 1)
}

// post sends a body, which the handler gets and the authorizer does not.
func post(w *tableRow) {
	w.send(http.MethodPost, "/r", `{"name":"n"}`, "Authorization: allow", "Content-Type: application/json").want(200, okBody, 1)
	w.send(http.MethodPost, "/r", `{"name":"m"}`, "Authorization: allow", "Content-Type: application/json").want(200, okBody, 1)
	if got := w.event("reader")["body"]; got != `{"name":"n"}` {
		w.t.Errorf("the handler's event has the body %v", got)
	}
	event := w.event("judge")
	for _, member := range []string{"body", "isBase64Encoded"} {
		if got, ok := event[member]; ok {
			w.t.Errorf("the authorizer's event has %s: %v", member, got)
		}
	}
	if event["type"] != "REQUEST" || event["routeKey"] != "POST /r" {
		w.t.Errorf("the authorizer's event is %v", event)
	}
}
