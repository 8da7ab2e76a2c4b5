package ttl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
	"github.com/protected-http-api/protected-http-api/internal/planner"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

// recorded is an API of the local gateway, with the access log in the local CloudWatch. Its
// cache's clock is moved by the test, and the times of the log with it.
type recorded struct {
	api     management.API
	gateway *live.Gateway
	logs    *logs.Service
	env     []string
	ahead   atomic.Int64

	mu   sync.Mutex
	runs int
}

const logGroup = "/aws/vendedlogs/apis/shop"

// Append writes a line of the access log at the time of the cache's clock.
func (r *recorded) Append(group, stream string, at time.Time, line string) error {
	return r.logs.Append(group, stream, at.Add(time.Duration(r.ahead.Load())-24*time.Hour), line)
}

func (r *recorded) File(group string) string { return r.logs.File(group) }

// Invoke plays both functions. The authorizer lets everybody in who does not come with
// "bad", and names the credential as authz.Handler does, without showing it.
func (r *recorded) Invoke(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
	var event struct{ IdentitySource []string }
	if err := json.Unmarshal(in.Payload, &event); err != nil || len(event.IdentitySource) == 0 {
		return lambda.InvokeOutput{Payload: []byte(`{"statusCode":201}`)}, err
	}
	r.mu.Lock()
	r.runs++
	r.mu.Unlock()
	if event.IdentitySource[0] == "bad" {
		return lambda.InvokeOutput{Payload: []byte(`{"isAuthorized":false}`)}, nil
	}
	return lambda.InvokeOutput{Payload: fmt.Appendf(nil, `{"isAuthorized":true,"context":{"credentialId":"name-of-%s"}}`, event.IdentitySource[0])}, nil
}

func record(t *testing.T, ttl time.Duration) *recorded {
	t.Helper()
	r := &recorded{}
	var err error
	if r.logs, err = logs.New(endpointtest.Account, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.logs.Close() })
	if err := r.logs.CreateGroup(logs.Group{Name: logGroup}); err != nil {
		t.Fatal(err)
	}
	r.gateway = live.New(live.Options{Account: endpointtest.Account, Invoker: r, Logs: r})
	gate := management.New(r.gateway, nil)
	t.Cleanup(func() { _ = gate.Close(context.Background()) }) // the test is over
	server := endpointtest.Start(t, endpoint.Options{Services: map[string]protocol.Service{"logs": r.logs.Handler()}})
	r.env = server.Root().Environ()
	r.api = clitest.DeployStages(t, gate, ttl, management.Stage{Name: "$default", AutoDeploy: true, AccessLogSettings: &management.AccessLogSettings{
		DestinationARN: "arn:aws:logs:eu-central-1:000000000000:log-group:" + logGroup,
		Format:         `{"requestId":"$context.requestId","time":"$context.requestTime","routeKey":"$context.routeKey","status":"$context.status","userId":"$context.authorizer.userId","credentialId":"$context.authorizer.credentialId","authorizerError":"$context.authorizer.error","authorizerLatency":"$context.authorizer.latency"}`,
	}})
	return r
}

// send lets time pass, and sends a request with a credential.
func (r *recorded) send(t *testing.T, later time.Duration, credential string) {
	t.Helper()
	r.gateway.SkipAhead(later)
	r.ahead.Add(int64(later))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.api.Endpoint+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", credential)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if want := map[bool]int{true: http.StatusForbidden, false: http.StatusCreated}[credential == "bad"]; response.StatusCode != want {
		t.Fatalf("the status is %d, want %d", response.StatusCode, want)
	}
}

// TestPlanOfRecordedTraffic: what the plan of an access log says of the deployed TTL is
// what the gateway's own cache did, and so is what the model says of the traffic, both
// within 5 %: the gateway keeps an answer from when the authorizer has given it, the log has
// when the request came, and one TTL later one of them may be on the other side.
func TestPlanOfRecordedTraffic(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		planner.Traffic
		ttl time.Duration
	}{
		{"a few, all the time", planner.Traffic{Requests: 1200, Credentials: 3, Routes: 1}, time.Minute},
		{"many", planner.Traffic{Requests: 600, Credentials: 100, Routes: 1}, 15 * time.Minute},
		{"without a cache", planner.Traffic{Requests: 600, Credentials: 10, Routes: 1}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const requests = 2400
			r, random := record(t, test.ttl), rand.New(rand.NewPCG(1, 1))
			for range requests {
				r.send(t, time.Duration(random.ExpFloat64()*3600/test.Requests*float64(time.Second)), fmt.Sprint("token-", random.IntN(test.Credentials)))
			}
			const refused = 5
			for range refused { // of the cache, but for the first of them
				r.send(t, time.Second, "bad")
			}
			got := clitest.Run(t, r.env, "--log-group", logGroup, "--since", "48h", "--within", "1h", "--json")
			if got.Code != 0 {
				t.Fatalf("got %+v", got)
			}
			var plan struct {
				Requests    float64 `json:"requestsAnHour"`
				Credentials int
				Rows        []struct {
					TTL  float64 `json:"ttlSeconds"`
					Runs float64 `json:"runsAnHour"`
				}
				Notes []string
			}
			if err := json.Unmarshal([]byte(got.Stdout), &plan); err != nil {
				t.Fatal(err)
			}
			hours := (requests + refused) / plan.Requests
			ran := 0.0
			for _, row := range plan.Rows {
				if row.TTL == test.ttl.Seconds() {
					ran = row.Runs * hours
				}
			}
			expected := float64(r.runs)
			if test.ttl > 0 {
				expected += refused - 1 // which the plan takes to run each time
			}
			if math.Abs(ran-expected) > 0.05*expected || plan.Credentials != test.Credentials {
				t.Errorf("the plan says %.1f runs for %d credentials, the authorizer ran %d times", ran, plan.Credentials, r.runs)
			}
			if want := fmt.Sprintf("The log says that the authorizer ran for %d of %d requests.", r.runs, requests+refused); len(plan.Notes) < 2 || plan.Notes[1] != want {
				t.Errorf("the notes are %q, want %q", plan.Notes, want)
			}
			rows, err := planner.Model(test.Traffic, planner.DefaultAuthorizer(128), planner.DefaultPrices(), []time.Duration{test.ttl})
			if err != nil {
				t.Fatal(err)
			}
			if model := requests * (1 - rows[0].Hits); math.Abs(model-float64(r.runs)) > 0.05*float64(r.runs) {
				t.Errorf("the model says %.0f runs, the authorizer ran %d times", model, r.runs)
			}
		})
	}
}

// TestLogGroup: a group that is not there, and one without a line.
func TestLogGroup(t *testing.T) {
	t.Parallel()
	r := record(t, time.Minute)
	if got, want := clitest.Run(t, r.env, "--log-group", "/not/there"), clitest.UsageError("ttl", `there is no log group "/not/there" in this account and Region: see aws logs describe-log-groups, and AWS_REGION`); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, want := clitest.Run(t, r.env, "--log-group", logGroup), (clitest.Result{Code: 1, Stderr: "pha ttl: the access log is empty: take a longer time, or a group that has requests\n"}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
