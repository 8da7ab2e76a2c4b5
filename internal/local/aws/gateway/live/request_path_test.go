package live_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// TestPathDecoding has the paths that were captured on AWS and published
// (hotsock/voker, ingress-paths.json): what was sent and what an HTTP API made
// of it, nothing where it refused.
func TestPathDecoding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /capture/{rest+}")
	w.public("GET /stage/{one}")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	tests := []struct{ sent, path string }{
		{"/capture/plain", "/capture/plain"},
		{"/capture/space%20value", "/capture/space value"},
		{"/capture/question%3Fvalue", "/capture/question"},
		{"/capture/percent%25done", ""},
		{"/capture/hash%23value", "/capture/hash#value"},
		{"/capture/slash%2Fvalue", "/capture/slash/value"},
		{"/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", "/capture/unicode-λ-世界"},
		{"/capture/literal%252Fvalue", "/capture/literal/value"},
		{"/capture/literal%253Fvalue", "/capture/literal?value"},
		{"/capture/literal%2525value", "/capture/literal%value"},

		// Of the local AWS's own making, by the same rule.
		{"/capture/a%3F%25zz?q=1", "/capture/a"},
		{"/dev/%2563apture/x", "/dev/capture/x"},
	}
	for _, test := range tests {
		// One after the other: each looks at the last event.
		runs := len(w.invoker.callsOf(handlerName))
		reply := w.get(test.sent)
		calls := w.invoker.callsOf(handlerName)[runs:]
		if test.path == "" {
			reply.want(t, 400, `{"message":"Bad Request"}`)
			if len(calls) != 0 {
				t.Errorf("%s: the handler ran", test.sent)
			}
			continue
		}
		reply.want(t, 200, okBody)
		if len(calls) != 1 {
			t.Errorf("%s: the handler ran %d times", test.sent, len(calls))
			continue
		}
		var event struct {
			RawPath        string
			PathParameters map[string]string
			RequestContext struct{ HTTP struct{ Path string } }
		}
		if err := json.Unmarshal(calls[0].Payload, &event); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(test.path, "capture/")
		if event.RawPath != test.path || event.RequestContext.HTTP.Path != test.path || event.PathParameters["rest"] != rest {
			t.Errorf("%s: got %+v, want %q", test.sent, event, test.path)
		}
	}
	w.get("/stage/a%252Fb").want(t, 404, notFoundBody)
	w.wantLine("GET /capture/percent%done 400; API Gateway decodes a path twice, and this one is not percent-encoded after the first time: encode a percent sign in it as %2525\n")
}

// TestBadPath: such a path belongs to no stage, so nothing is logged, counted
// or sent to an authorizer, and the console shows nothing behind a question
// mark.
func TestBadPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect("ANY /{all+}")
	w.logTo("$context.requestId $context.path $context.status")
	reply := w.get("/a%25zz%3Fhidden", "Authorization: x")
	reply.want(t, 400, `{"message":"Bad Request"}`)
	if reply.header.Get("Apigw-Requestid") == "" || reply.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", reply.header)
	}
	w.wantRuns(0)
	w.get("/a%3Fhidden", "Authorization: x").want(t, 200, okBody)
	if line := w.logged(1); !strings.HasSuffix(line, " /a 200") {
		t.Errorf("logged %s", line)
	}
	w.wantLine("GET /a%zz 400; ")
	w.wantLine("GET /a 200; ")
	if out := w.console.String(); strings.Contains(out, "hidden") {
		t.Errorf("the console shows what was cut off:\n%s", out)
	}
}
