package page

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// A request that was opened has nothing of its credentials.
func TestRequest(t *testing.T) {
	t.Parallel()
	p := serving(t)
	d := refusal("1")
	d.Path, d.Sources = "/\"'<b>/secret-token", []live.IdentityValue{{Source: "$request.header.Authorization", Value: "Bearer secret-token"}}
	d.Authorizer.Event = []byte(`{"headers":{"authorization":"Bearer secret-token","x-partner":"partner-value"},"x":"secret-token"}`)
	d.Authorizer.Failure, d.Failure, d.Cure = "failed for secret-token", "why: secret-token", "send no secret-token"
	d.APIID = "a1"
	d.APISources = []string{"$request.header.X-Partner"}
	p.mu.Lock()
	p.current.lines = func(_, requestID string) ([]string, error) {
		return []string{"START " + requestID, "got secret-token and partner-value"}, nil
	}
	p.mu.Unlock()
	p.recorder.called(endpoint.Call{RequestID: "run-1", Action: "ssm:GetParameter", Resource: "of/secret-token", Cure: "allow secret-token"})
	p.recorder.decided(d)
	res, body := send(t, "GET", p.URL+"requests/1", "", nil)
	var got detail
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != 200 || got.Path != "/\"'<b>/"+hidden("secret-token") || len(got.Steps) != 7 || len(got.JSON) != 2 || len(got.Calls) != 1 {
		t.Errorf("got %d %s, %v", res.StatusCode, body, err)
	}
	if strings.Contains(body, "secret-token") || strings.Contains(body, "partner-value") {
		t.Errorf("the credential is shown in %s", body)
	}
	if want := []log{{Function: "authorizer", Lines: []string{"START run-1", "got " + hidden("secret-token") + " and " + hidden("partner-value")}}}; !reflect.DeepEqual(got.Logs, want) {
		t.Errorf("the log is %+v", got.Logs)
	}
	const shaped = "eyJhbGciOiJub25lIn0.e30.x"
	if row := rowOf(entry{decision: live.Decision{Path: "/" + shaped}}); row.Path != "/"+hidden(shaped) {
		t.Errorf("the row has the path %s", row.Path)
	}
	refused := entry{decision: live.Decision{RouteKey: "GET /", Authorization: live.AuthorizationJWT, Status: 401, Failure: "of secret-token: " + shaped, Query: "token=secret-token"}}
	refused.text = "why secret-token"
	if e := redactorOf(refused.decision, nil).entry(refused); strings.Contains(e.reason+e.text+e.decision.Failure, "secret-token") || e.reason != "unauthorized" {
		t.Errorf("the request is %+v", e)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.detail(gone, entry{decision: d}); !errors.Is(err, context.Canceled) {
		t.Errorf("for nobody: %v", err)
	}
	for path, want := range map[string]string{
		"requests/2": `404 {"error":"the request 2 is not kept: the last 10000 of 1 are"}`,
		"requests/x": `400 {"error":"\"x\" is no number of a request"}`,
	} {
		res, body := send(t, "GET", p.URL+path, "", nil)
		if got := strconv.Itoa(res.StatusCode) + " " + body; got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
