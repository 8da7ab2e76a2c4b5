package live_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// logTo makes the $default stage log with a format.
func (w *world) logTo(format string) {
	w.t.Helper()
	w.updateStage(management.Stage{AccessLogSettings: &management.AccessLogSettings{DestinationARN: testLogGroupARN, Format: format}})
}

// logged waits for the n-th line: it is written after the response was sent.
func (w *world) logged(n int) string {
	w.t.Helper()
	w.wantEventually(func() bool {
		w.logs.mu.Lock()
		defer w.logs.mu.Unlock()
		return len(w.logs.lines) >= n
	}, "no access log")
	w.logs.mu.Lock()
	defer w.logs.mu.Unlock()
	return w.logs.lines[n-1]
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	const token = "Authorization: token-x"
	tests := []struct {
		name    string
		set     func(w *world)
		request func(w *world) reply
		format  string
		want    string
	}{
		{
			"the request", nil,
			func(w *world) reply { return w.get("/r/1?q=1", token, "User-Agent: test/1") },
			"$context.accountId $context.apiId $context.domainName $context.httpMethod $context.path $context.protocol $context.routeKey $context.stage $context.requestTime $context.requestTimeEpoch $context.identity.sourceIp $context.identity.userAgent",
			"000000000000 API_ID API_ID.execute-api.eu-central-1.amazonaws.com GET /r/1 HTTP/1.1 GET /r/{id} $default 05/Sep/2024:19:33:08 +0000 1725564788005 127.0.0.1 test/1",
		},
		{
			"the response", nil,
			func(w *world) reply { return w.get("/r/1", token) },
			"$context.status $context.responseLength $context.responseLatency $context.integrationStatus $context.integration.status $context.integration.integrationStatus $context.integrationLatency $context.awsEndpointRequestId $context.error.message $context.integrationErrorMessage $context.authorizer.error",
			"200 11 0 200 200 200 0 r-1 - - -",
		},
		{
			"the authorizer's context", func(w *world) {
				w.answerPolicy(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
			},
			func(w *world) reply { return w.get("/r/1", token) },
			"$context.authorizer.principalId $context.authorizer.tenant $context.authorizer.n $context.authorizer.other $context.authorizer.claims.sub",
			"p-1 t 7 - -",
		},
		{
			"an authorizer that runs", nil,
			func(w *world) reply { return w.get("/r/1", token) },
			"$context.authorizer.latency", "0",
		},
		{
			"an answer of the cache", nil,
			func(w *world) reply {
				w.get("/r/1", token)
				w.logged(1)
				w.logs.mu.Lock()
				w.logs.lines = nil
				w.logs.mu.Unlock()
				return w.get("/r/1", token)
			},
			"$context.authorizer.latency", "-",
		},
		{
			"a 401", nil,
			func(w *world) reply { return w.get("/r/1") },
			"$context.status $context.error.message $context.error.messageString $context.error.responseType $context.integrationStatus",
			`401 Unauthorized "Unauthorized" UNAUTHORIZED -`,
		},
		{
			"an authorizer that fails", func(w *world) { w.invoker.returns(authorizerName, `{}`) },
			func(w *world) reply { return w.get("/r/1", token) },
			"$context.status|$context.authorizer.error",
			"500|The response from the Lambda Authorizer function doesn't match the format that API Gateway expects. Simple response did not include 'isAuthorized'",
		},
		{
			"an integration without permission", func(w *world) { w.forbid(handlerName) },
			func(w *world) reply { return w.get("/r/1", token) },
			"$context.status|$context.integrationErrorMessage|$context.integration.error|$context.integrationStatus|$context.integration.status",
			"500|" + live.IntegrationPermissionText + "|" + live.IntegrationPermissionText + "|403|-",
		},
		{
			"an unmatched path", nil,
			func(w *world) reply { return w.get("/nowhere") },
			"$context.status $context.routeKey $context.path",
			"404 - /nowhere",
		},
		{
			"unknown variables and text", nil,
			func(w *world) reply { return w.get("/r/1", token) },
			`{"a":"$context.nothing.there","b":"$context.status.","c":"$other $context"}`,
			`{"a":"-","b":"200.","c":"$other $context"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.logTo(test.format + " $context.requestId $context.extendedRequestId\n")
			if test.set != nil {
				test.set(w)
			}
			id := test.request(w).header.Get("Apigw-Requestid")
			want := testLogGroup + " " + w.api.ID + "-$default 19:33:08 " + strings.ReplaceAll(test.want, "API_ID", w.api.ID) + " " + id + " " + id
			if got := w.logged(1); got != want {
				t.Errorf("logged %s\nwant   %s", got, want)
			}
		})
	}
}

// TestAccessLogCannotBeForged sends what would end a JSON string or a line.
func TestAccessLogCannotBeForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.logTo(`{"requestId":"$context.requestId","path":"$context.path","agent":"$context.identity.userAgent"}`)
	w.get("/a%22%0Ab", `User-Agent: x","status":"200`).want(t, 404, notFoundBody)
	_, line, _ := strings.Cut(w.logged(1), "{")
	var got map[string]string
	if err := json.Unmarshal([]byte("{"+line), &got); err != nil || len(got) != 3 || got["path"] != "/a\"\nb" || got["agent"] != `x","status":"200` {
		t.Errorf("got %v from %s", got, line)
	}
}

// TestAccessLogIsOfItsStage checks that other stages do not log, and what
// happens when the log group has gone.
func TestAccessLogIsOfItsStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	w.logTo("$context.requestId $context.stage")
	w.get("/dev/r/1", "Authorization: x").want(t, 200, okBody)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	if line := w.logged(1); !strings.HasSuffix(line, " $default") {
		t.Errorf("logged %s", line)
	}
	w.logs.mu.Lock()
	w.logs.err = errors.New("no such group")
	w.logs.mu.Unlock()
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.wantLine("REFUSED the access log of the stage $default was not written: no such group; cure: keep the log group " + testLogGroup)
}
