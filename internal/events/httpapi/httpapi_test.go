package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

var errorHeaders = map[string]string{
	"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
}

func TestServe(t *testing.T) {
	t.Parallel()
	unauthorized := maps.Clone(errorHeaders)
	unauthorized["WWW-Authenticate"] = "Bearer"
	tests := []struct {
		name    string
		handle  httpapi.Handler
		status  int
		body    string
		headers map[string]string
		logged  string // how the log's member "error" begins; empty without a log line
	}{
		{
			name:   "success",
			handle: func(context.Context, httpapi.Request) (httpapi.Response, error) { return httpapi.JSON(200, []int{1}) },
			status: 200, body: `[1]`,
			headers: map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"},
		},
		{name: "told to the client", handle: failing(httpapi.Errorf(404, "no %q", "x")), status: 404, body: `{"error":"no \"x\""}`, headers: errorHeaders},
		{name: "unauthorized", handle: failing(httpapi.Errorf(401, "who?")), status: 401, body: `{"error":"who?"}`, headers: unauthorized},
		{
			name: "internal", handle: failing(errors.New("table events-table is on fire")), status: 500,
			body: `{"error":"internal server error"}`, headers: errorHeaders, logged: "table events-table is on fire",
		},
		{
			name:   "panic",
			handle: func(context.Context, httpapi.Request) (httpapi.Response, error) { panic("out of cheese") },
			status: 500, body: `{"error":"internal server error"}`, headers: errorHeaders, logged: "panic: out of cheese\ngoroutine ",
		},
		{
			name: "a response that is no JSON",
			handle: func(context.Context, httpapi.Request) (httpapi.Response, error) {
				return httpapi.JSON(200, func() {})
			},
			status: 500, body: `{"error":"internal server error"}`, headers: errorHeaders, logged: "encoding the response: json: unsupported type: func()",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			req := httpapi.Request{RouteKey: "GET /x"}
			req.RequestContext.RequestID = "api-1"
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "aws-1"})
			resp, err := httpapi.Serve(httpapi.NewLogger(&out), tt.handle)(ctx, req)
			if err != nil || resp.StatusCode != tt.status || resp.Body != tt.body || !maps.Equal(resp.Headers, tt.headers) {
				t.Errorf("response %+v, %v; want %d %s with headers %v", resp, err, tt.status, tt.body, tt.headers)
			}
			checkLog(t, out.String(), tt.logged)
		})
	}
}

func failing(err error) httpapi.Handler {
	return func(context.Context, httpapi.Request) (httpapi.Response, error) { return httpapi.Response{}, err }
}

func checkLog(t *testing.T, out, logged string) {
	t.Helper()
	if logged == "" {
		if out != "" {
			t.Errorf("unexpected log %s", out)
		}
		return
	}
	var line map[string]string
	if err := json.Unmarshal([]byte(out), &line); err != nil {
		t.Fatalf("log %q is not one JSON line: %v", out, err)
	}
	if _, err := time.Parse(time.RFC3339Nano, line["timestamp"]); err != nil {
		t.Errorf("log has no time stamp: %v", err)
	}
	if !strings.HasPrefix(line["error"], logged) {
		t.Errorf("logged error %q, want %q…", line["error"], logged)
	}
	for name, want := range map[string]string{
		"level": "ERROR", "message": "request failed", "requestId": "aws-1", "apiRequestId": "api-1", "route": "GET /x",
	} {
		if line[name] != want {
			t.Errorf("log member %q is %q, want %q", name, line[name], want)
		}
	}
}

func TestServeKeepsTimeToAnswer(t *testing.T) {
	t.Parallel()
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	var got time.Time
	handle := func(ctx context.Context, _ httpapi.Request) (httpapi.Response, error) {
		got, _ = ctx.Deadline()
		return httpapi.Response{}, nil
	}
	if _, err := httpapi.Serve(httpapi.NewLogger(&bytes.Buffer{}), handle)(ctx, httpapi.Request{}); err != nil {
		t.Fatal(err)
	}
	if want := deadline.Add(-250 * time.Millisecond); !got.Equal(want) {
		t.Errorf("the handler's deadline is %v, want %v", got, want)
	}
}
