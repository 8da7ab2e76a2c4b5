package live_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// cors configures CORS for an app and, in another case, a local one.
func (w *world) cors() {
	w.t.Helper()
	w.configureCORS(&live.CORS{
		AllowCredentials: true,
		AllowHeaders:     []string{"Authorization", "content-type"},
		AllowMethods:     []string{"GET", "POST"},
		AllowOrigins:     []string{"https://app.example.com", "http://LOCALHOST:3000"},
		ExposeHeaders:    []string{"Date", "X-Total"},
		MaxAge:           300,
	})
}

func (w *world) configureCORS(c *live.CORS) {
	w.t.Helper()
	w.api.CORSConfiguration = c
	w.api = must(w.service.UpdateAPI(w.api))
}

var preflightHeaders = map[string]string{
	"Access-Control-Allow-Origin":      "https://app.example.com",
	"Access-Control-Allow-Credentials": "true",
	"Access-Control-Allow-Methods":     "GET,POST",
	"Access-Control-Allow-Headers":     "authorization,content-type",
	"Access-Control-Max-Age":           "300",
}

// wantCORS checks that these are all CORS headers of a reply.
func wantCORS(t *testing.T, r reply, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, name := range live.CORSHeaders {
		if values, ok := r.header[name]; ok {
			got[name] = values[0]
			if len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("CORS headers %v\nwant %v", got, want)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	const origin, method = "Origin: https://app.example.com", "Access-Control-Request-Method: POST"
	with := func(changes map[string]string) map[string]string {
		header := maps.Clone(preflightHeaders)
		maps.Copy(header, changes)
		return header
	}
	only := func(origins, methods, headers []string) func(*live.CORS) {
		return func(c *live.CORS) {
			*c = live.CORS{AllowOrigins: origins, AllowMethods: methods, AllowHeaders: headers}
		}
	}
	all := []string{"*"}
	tests := []struct {
		name    string
		change  func(*live.CORS)
		path    string
		headers []string
		want    map[string]string
	}{
		{"allowed", nil, "/r/1", []string{origin, method}, preflightHeaders},
		{"allowed headers, in any case", nil, "/r/1", []string{origin, method, "Access-Control-Request-Headers: authorization, Content-Type"}, preflightHeaders},
		{"origin in another case", nil, "/r/1", []string{"Origin: http://localhost:3000", method}, with(map[string]string{"Access-Control-Allow-Origin": "http://localhost:3000"})},
		{"path without route", nil, "/nowhere", []string{origin, method}, preflightHeaders},
		{"header that is not allowed", nil, "/r/1", []string{origin, method, "Access-Control-Request-Headers: x-other"}, nil},
		{"method that is not allowed", nil, "/r/1", []string{origin, "Access-Control-Request-Method: DELETE"}, nil},
		{"another origin", nil, "/r/1", []string{"Origin: https://evil.example.com", method}, nil},
		{"origin that only begins alike", nil, "/r/1", []string{"Origin: https://app.example.com.evil.com", method}, nil},
		{"no origin", nil, "/r/1", []string{method}, nil},
		{"no method", nil, "/r/1", []string{origin}, nil},
		{"all origins", only(all, all, all), "/r/1", []string{origin, method, "Access-Control-Request-Headers: x"}, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "*",
		}},
		{"all origins of a scheme, no headers", only([]string{"https://*"}, all, nil), "/r/1", []string{origin, method}, map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "",
		}},
		{"the other scheme", only([]string{"http://*"}, all, nil), "/r/1", []string{origin, method}, nil},
		{"no methods configured", only([]string{"https://app.example.com"}, nil, all), "/r/1", []string{origin, method}, nil},
		{"age -1", func(c *live.CORS) { c.MaxAge = -1 }, "/r/1", []string{origin, method}, with(map[string]string{"Access-Control-Max-Age": "-1"})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cors()
			if test.change != nil {
				test.change(w.api.CORSConfiguration)
				w.configureCORS(w.api.CORSConfiguration)
			}
			reply := w.do(http.MethodOptions, test.path, "", test.headers...)
			reply.want(t, 204, "")
			wantCORS(t, reply, test.want)
			if reply.header.Get("Apigw-Requestid") == "" {
				t.Error("no request ID")
			}
			if test.want == nil {
				w.wantLine("which does not allow it: check AllowOrigins, AllowMethods and AllowHeaders")
			}
		})
	}
}

// TestCORSResponses checks what the configuration adds to responses, and that
// it replaces what the function says of CORS.
func TestCORSResponses(t *testing.T) {
	t.Parallel()
	const origin, token = "Origin: https://app.example.com", "Authorization: x"
	actual := map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "date,x-total",
	}
	tests := []struct {
		name    string
		set     func(w *world)
		method  string
		headers []string
		status  int
		want    map[string]string
	}{
		{"allowed origin", nil, "GET", []string{origin, token}, 200, actual},
		{"no origin", nil, "GET", []string{token}, 200, nil},
		{"no origin, all allowed", func(w *world) { w.configureCORS(&live.CORS{AllowOrigins: []string{"*"}}) }, "GET", []string{token}, 200, nil},
		{"all origins", func(w *world) { w.configureCORS(&live.CORS{AllowOrigins: []string{"*"}}) }, "GET", []string{origin, token}, 200, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"another origin", nil, "GET", []string{token, "Origin: https://other.example.com"}, 200, nil},
		{"401", nil, "GET", []string{origin}, 401, actual},
		{"401 to another origin", nil, "GET", []string{"Origin: null"}, 401, nil},
		{"403", func(w *world) { w.invoker.returns(authorizerName, `{"isAuthorized":false}`) }, "GET", []string{origin, token}, 403, actual},
		{"500 of the function's own", func(w *world) { w.invoker.returns(handlerName, `{"statusCode":500}`) }, "GET", []string{origin, token}, 500, actual},
		{"500 of API Gateway", func(w *world) { w.invoker.returns(handlerName, `{"statusCode":0}`) }, "GET", []string{origin, token}, 500, nil},
		{"404 of API Gateway", nil, "DELETE", []string{origin, token}, 404, nil},
		{"OPTIONS route", func(w *world) { w.public("OPTIONS /r/{id}") }, "OPTIONS", []string{origin, "Access-Control-Request-Method: GET"}, 200, preflightHeaders},
		{"OPTIONS route, refused preflight", func(w *world) { w.public("OPTIONS /r/{id}") }, "OPTIONS", []string{origin, "Access-Control-Request-Method: PUT"}, 200, nil},
		{"OPTIONS route, no preflight", func(w *world) { w.public("OPTIONS /r/{id}") }, "OPTIONS", []string{origin}, 200, actual},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cors()
			w.invoker.returns(handlerName, `{"statusCode":200,"headers":{"access-control-allow-origin":"https://evil.example.com","Access-Control-Max-Age":"1","x-total":"7"},"body":""}`)
			if test.set != nil {
				test.set(w)
			}
			reply := w.do(test.method, "/r/1", "", test.headers...)
			if reply.status != test.status {
				t.Errorf("status %d", reply.status)
			}
			wantCORS(t, reply, test.want)
			if reply.status == 200 && reply.header.Get("X-Total") != "7" {
				t.Error("the function's other headers are missing")
			}
		})
	}
}

// TestCatchAllWithOptionsRoute is the cure of row 28, and that an ANY route
// needs it too.
func TestCatchAllWithOptionsRoute(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"$default", "ANY /any/{proxy+}"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cors()
			w.protect(key)
			preflight := func() reply {
				return w.do(http.MethodOptions, "/any/thing", "", "Origin: https://app.example.com", "Access-Control-Request-Method: GET")
			}
			preflight().want(t, 401, unauthorizedBody)
			w.public("OPTIONS /any/{proxy+}")
			reply := preflight()
			reply.want(t, 200, okBody)
			wantCORS(t, reply, preflightHeaders)
			w.wantRuns(0)
		})
	}
}

// TestNoCORSConfiguration checks that functions are then on their own.
func TestNoCORSConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(http.MethodOptions, "/r/1", "", "Origin: https://a.example.com", "Access-Control-Request-Method: GET").want(t, 404, notFoundBody)
	w.invoker.returns(handlerName, `{"statusCode":200,"headers":{"access-control-allow-origin":"https://a.example.com"},"body":""}`)
	wantCORS(t, w.get("/r/1", "Authorization: x"), map[string]string{"Access-Control-Allow-Origin": "https://a.example.com"})
}

func TestDisabledEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.DisableExecuteAPIEndpoint = true
	w.api = must(w.service.UpdateAPI(w.api))
	w.get("/r/1", "Authorization: x").want(t, 404, notFoundBody)
	w.wantRuns(0)
	w.wantLine("GET /r/1 404; the API has DisableExecuteApiEndpoint set: send the name of a domain that is mapped to it as the Host header")
}
