package live_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// TestEventsInFull sends one request that fills every member of both events.
func TestEventsInFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.updateAuthorizer(func(a *management.Authorizer) {
		a.IdentitySources = []string{"$request.header.x-Multi", "$request.querystring.q", "$context.routeKey", "$stageVariables.colour"}
	})
	must(w.service.UpdateStage(w.api.ID, management.Stage{Name: "$default", AutoDeploy: true, StageVariables: map[string]string{"colour": "blue"}}))
	w.protect("ANY /a/{id}/{proxy+}")
	w.invoker.returns(authorizerName, `{"isAuthorized":true,"context":{"userId":"usr_1"}}`)
	reply := w.do(http.MethodPut, "/a/b%20%C3%BC/x/y%2Fz?q=1%2C2&e&q=a+b&%zz=%zz&&n=", "<b>&</b>",
		"X-Multi: one", "X-Multi: two", "Cookie: a=1; b=2", "Cookie: c=3", "User-Agent: test/1",
		"Content-Type: TEXT/html; charset=utf-8", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: gopher", "Connection: keep-alive", "Te: trailers")
	reply.want(t, 200, okBody)
	id := reply.header.Get("Apigw-Requestid")
	w.wantEvent(authorizerName, "authorizer_full.json", id)
	w.wantEvent(handlerName, "integration_full.json", id)
	if got := string(w.invoker.callsOf(handlerName)[0].Payload); !strings.Contains(got, `"body":"<b>&</b>"`) {
		t.Errorf("the body is escaped for HTML: %s", got)
	}
}

func TestPublicRouteHasNoAuthorizerContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /public")
	reply := w.get("/public", "Authorization: x")
	reply.want(t, 200, okBody)
	w.wantRuns(0)
	w.wantEvent(handlerName, "integration_public.json", reply.header.Get("Apigw-Requestid"))
	w.wantLine("GET /public 200; route GET /public; authorizer: none; handler: warm, 3 ms")
}

func TestNoIdentitySourceIsNull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources, a.ResultTTL = nil, 0 })
	w.get("/r/1").want(t, 200, okBody)
	var event map[string]json.RawMessage
	if err := json.Unmarshal(w.invoker.callsOf(authorizerName)[0].Payload, &event); err != nil {
		t.Fatal(err)
	}
	if got := string(event["identitySource"]); got != "null" {
		t.Errorf("identitySource is %s, want null", got)
	}
}

// TestContextIdentitySources checks every supported $context variable.
func TestContextIdentitySources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	names := live.ContextNames()
	w.updateAuthorizer(func(a *management.Authorizer) {
		a.IdentitySources = nil
		for _, name := range names {
			a.IdentitySources = append(a.IdentitySources, "$context."+name)
		}
	})
	reply := w.get("/dev/r/1", "User-Agent: test/1")
	reply.want(t, 200, okBody)
	id := reply.header.Get("Apigw-Requestid")
	want := map[string]string{
		"accountId": testAccount, "apiId": w.api.ID, "domainName": w.api.ID + ".execute-api.eu-central-1.amazonaws.com",
		"domainPrefix": w.api.ID, "extendedRequestId": id, "httpMethod": "GET", "identity.sourceIp": "127.0.0.1",
		"identity.userAgent": "test/1", "path": "/dev/r/1", "protocol": "HTTP/1.1", "requestId": id,
		"requestTime": "05/Sep/2024:19:33:08 +0000", "requestTimeEpoch": "1725564788005", "routeKey": "GET /r/{id}", "stage": "dev",
	}
	var event struct{ IdentitySource []string }
	if err := json.Unmarshal(w.invoker.callsOf(authorizerName)[0].Payload, &event); err != nil {
		t.Fatal(err)
	}
	if len(names) != len(want) || len(event.IdentitySource) != len(want) {
		t.Fatalf("%d sources, %d values, want %d", len(names), len(event.IdentitySource), len(want))
	}
	for i, name := range names {
		if event.IdentitySource[i] != want[name] {
			t.Errorf("$context.%s is %q, want %q", name, event.IdentitySource[i], want[name])
		}
	}
}

func TestStageVariableAsIdentitySource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources = []string{"$stageVariables.tenant"} })
	w.get("/r/1").want(t, 401, unauthorizedBody)
	must(w.service.UpdateStage(w.api.ID, management.Stage{Name: "$default", AutoDeploy: true, StageVariables: map[string]string{"tenant": "one"}}))
	w.get("/r/1").want(t, 200, okBody)
	w.wantRuns(1)
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, contentType, body, want string
		encoded                       bool
	}{
		{"json", "application/json", `{"a":1}`, `{"a":1}`, false},
		{"json with charset", "application/json; charset=utf-8", `{}`, `{}`, false},
		{"xml", "application/xml", "<a/>", "<a/>", false},
		{"javascript", "application/javascript", "f()", "f()", false},
		{"text", "text/csv", "a,b", "a,b", false},
		{"other json", "application/vnd.api+json", `{}`, "e30=", true},
		{"octets", "application/octet-stream", "\x00\xff", "AP8=", true},
		{"form", "application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"no type", "", "hi", "aGk=", true},
		{"text that is not UTF-8", "text/plain", "\xff", "/w==", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.public("POST /")
			var headers []string
			if test.contentType != "" {
				headers = append(headers, "Content-Type: "+test.contentType)
			}
			w.do(http.MethodPost, "/", test.body, headers...).want(t, 200, okBody)
			var event struct {
				Body            string
				IsBase64Encoded bool
			}
			if err := json.Unmarshal(w.invoker.callsOf(handlerName)[0].Payload, &event); err != nil {
				t.Fatal(err)
			}
			if event.Body != test.want || event.IsBase64Encoded != test.encoded {
				t.Errorf("body %q, base64 %t; want %q, %t", event.Body, event.IsBase64Encoded, test.want, test.encoded)
			}
		})
	}
}

func TestRequestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("POST /")
	t.Run("a body over Lambda's limit", func(t *testing.T) {
		t.Parallel()
		w.do(http.MethodPost, "/", strings.Repeat("x", live.MaxLambdaPayload), "Content-Type: text/plain").want(t, 413, tooLargeBody)
	})
	t.Run("a body over the limit as base64", func(t *testing.T) {
		t.Parallel()
		w.do(http.MethodPost, "/", strings.Repeat("x", 5<<20)).want(t, 413, tooLargeBody)
	})
	t.Run("a body under the limit", func(t *testing.T) {
		t.Parallel()
		w.do(http.MethodPost, "/", strings.Repeat("x", 5<<20), "Content-Type: text/plain").want(t, 200, okBody)
	})
	t.Run("a body over API Gateway's limit", func(t *testing.T) {
		t.Parallel()
		// A client that sends all before it reads may lose the answer.
		answer := w.raw("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485761\r\n\r\n" + strings.Repeat("x", live.MaxBodyBytes+1))
		if !strings.HasPrefix(answer, "HTTP/1.1 413 ") || !strings.HasSuffix(answer, tooLargeBody) {
			t.Errorf("got %.200q", answer)
		}
	})
	t.Run("headers over the limit", func(t *testing.T) {
		t.Parallel()
		w.do(http.MethodPost, "/", "", "X-Long: "+strings.Repeat("x", live.MaxHeaderBytes)).want(t, 431, `{"message":"Request Header Fields Too Large"}`)
	})
	t.Run("headers of exactly the limit", func(t *testing.T) {
		t.Parallel()
		head := "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: "
		for _, over := range []int{0, 1} {
			answer := w.raw(head + strings.Repeat("x", live.MaxHeaderBytes-len(head)-2+over) + "\r\n\r\n")
			if want := fmt.Sprintf("HTTP/1.1 %d ", []int{200, 431}[over]); !strings.HasPrefix(answer, want) {
				t.Errorf("%d bytes over the limit: got %.60q, want %s", over, answer, want)
			}
		}
	})
}

// raw sends bytes and returns all that comes back until the connection ends.
func (w *world) raw(text string) string {
	w.t.Helper()
	connection, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.api.Endpoint, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, text); err != nil {
		w.t.Fatal(err)
	}
	answer, err := io.ReadAll(connection)
	if err != nil && len(answer) == 0 {
		w.t.Fatal(err)
	}
	return string(answer)
}

// TestConnection sends what Go's client would not, on one connection.
func TestConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("ANY /{proxy+}")
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.api.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	reader := bufio.NewReader(connection)
	tests := []struct {
		name, method, request string
		status                int
	}{
		{"get", "GET", "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"head has a length and no body", "HEAD", "HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"chunked body", "POST", "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200},
		{"absolute form", "GET", "GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"double slash", "GET", "GET //a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"dots stay", "GET", "GET /a/../b HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"absolute form without path", "GET", "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"absolute form with a query only", "GET", "GET http://localhost?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"asterisk form", "OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
		{"authority form", "CONNECT", "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
	}
	for _, test := range tests {
		if _, err := io.WriteString(connection, test.request); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		response, err := http.ReadResponse(reader, &http.Request{Method: test.method})
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if response.StatusCode != test.status || response.Header.Get("Date") == "" || response.ContentLength <= 0 {
			t.Errorf("%s: status %d, date %q, length %d", test.name, response.StatusCode, response.Header.Get("Date"), response.ContentLength)
		}
		if (test.method == "HEAD") != (len(body) == 0) {
			t.Errorf("%s: body %q", test.name, body)
		}
	}
	calls := w.invoker.callsOf(handlerName)
	var paths []string
	for _, call := range calls {
		var event struct {
			RawPath, Body string
			Headers       map[string]string
		}
		if err := json.Unmarshal(call.Payload, &event); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, event.RawPath)
		if event.Body == "hi" && event.Headers["content-length"] != "2" {
			t.Errorf("content-length of the chunked body: %q", event.Headers["content-length"])
		}
	}
	if want := []string{"/a", "/a", "/a", "/a", "//a/b", "/a/../b", "/", "/"}; !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	w.wantLine("OPTIONS * 400; the request target names no path")
	w.wantLine("CONNECT  400; the request target names no path")
	if out := w.console.String(); strings.Contains(out, "no stage") {
		t.Errorf("the console names a stage that is there:\n%s", out)
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wantIDs(t)
	pattern := regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)
	seen := map[string]bool{}
	for range 50 {
		id := w.get("/nowhere").header.Get("Apigw-Requestid")
		if !pattern.MatchString(id) || seen[id] {
			t.Fatalf("request ID %q", id)
		}
		seen[id] = true
	}
}

func (w *world) wantIDs(t *testing.T) {
	t.Helper()
	for id, length := range map[string]int{w.api.ID: 10, w.integration.ID: 7, w.authorizer.ID: 6} {
		if !regexp.MustCompile(fmt.Sprintf(`^[a-z0-9]{%d}$`, length)).MatchString(id) {
			t.Errorf("identifier %q, want %d lower-case letters and digits", id, length)
		}
	}
}
