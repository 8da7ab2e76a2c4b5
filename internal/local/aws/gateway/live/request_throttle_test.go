package live_test

import (
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

const throttledBody = `{"message":"Too Many Requests"}`

func ptr[T any](value T) *T { return &value }

func (w *world) updateStage(stage management.Stage) {
	w.t.Helper()
	stage.Name, stage.AutoDeploy = "$default", true
	must(w.service.UpdateStage(w.api.ID, stage))
}

// statuses sends requests one after the other.
func (w *world) statuses(path string, n int) []int {
	w.t.Helper()
	var got []int
	for range n {
		reply := w.get(path, "Authorization: x")
		if reply.status == 429 {
			reply.want(w.t, 429, throttledBody)
		}
		got = append(got, reply.status)
	}
	return got
}

func (w *world) wantStatuses(path string, want ...int) {
	w.t.Helper()
	got := w.statuses(path, len(want))
	for i := range want {
		if got[i] != want[i] {
			w.t.Fatalf("statuses of %s %v, want %v", path, got, want)
		}
	}
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /p")
	w.updateStage(management.Stage{DefaultRouteSettings: &management.RouteSettings{ThrottlingRateLimit: ptr(2.0), ThrottlingBurstLimit: ptr(3)}})
	w.wantStatuses("/p", 200, 200, 200, 429, 429)
	w.wantLine("GET /p 429; throttled: over the route's limit, raise ThrottlingRateLimit and ThrottlingBurstLimit of the stage")
	if n := len(w.invoker.callsOf(handlerName)); n != 3 {
		t.Errorf("the handler ran %d times, want 3", n)
	}
	w.wantStatuses("/r/1", 200, 200, 200, 429) // every route has its own bucket
	w.wantRuns(1)                              // and is throttled before it is authorized

	w.clock.advance(500*time.Millisecond - 1)
	w.wantStatuses("/p", 429)
	w.clock.advance(1)
	w.wantStatuses("/p", 200, 429)
	w.clock.advance(time.Hour) // no more than the burst is saved
	w.wantStatuses("/p", 200, 200, 200, 429)

	w.public("GET /other") // a change elsewhere gives no new tokens
	w.wantStatuses("/p", 429)
	w.updateStage(management.Stage{DefaultRouteSettings: &management.RouteSettings{ThrottlingRateLimit: ptr(2.0), ThrottlingBurstLimit: ptr(1)}})
	w.wantStatuses("/p", 200, 429)
	w.updateStage(management.Stage{})
	w.wantStatuses("/p", 200, 200, 200, 200)
}

func TestThrottlingSettings(t *testing.T) {
	t.Parallel()
	defaults := &management.RouteSettings{ThrottlingRateLimit: ptr(1.0), ThrottlingBurstLimit: ptr(1)}
	tests := []struct {
		name     string
		defaults *management.RouteSettings
		route    *management.RouteSettings
		want     []int
	}{
		{"a route's settings override the defaults", defaults, &management.RouteSettings{ThrottlingRateLimit: ptr(1.0), ThrottlingBurstLimit: ptr(2)}, []int{200, 200, 429}},
		{"a route's settings override one by one", defaults, &management.RouteSettings{ThrottlingRateLimit: ptr(100.0)}, []int{200, 429}},
		{"a route's settings alone", nil, &management.RouteSettings{ThrottlingBurstLimit: ptr(1)}, []int{200, 429}},
		{"zeros, which the AWS provider sends", &management.RouteSettings{ThrottlingRateLimit: ptr(0.0), ThrottlingBurstLimit: ptr(0), DetailedMetricsEnabled: true}, nil, []int{429}},
		{"a rate of zero", &management.RouteSettings{ThrottlingRateLimit: ptr(0.0), ThrottlingBurstLimit: ptr(5)}, nil, []int{429}},
		{"nothing limited", &management.RouteSettings{DetailedMetricsEnabled: true}, nil, []int{200, 200, 200}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.public("GET /p")
			stage := management.Stage{DefaultRouteSettings: test.defaults}
			if test.route != nil {
				stage.RouteSettings = map[string]management.RouteSettings{"GET /p": *test.route}
			}
			w.updateStage(stage)
			w.wantStatuses("/p", test.want...)
			if test.want[0] == 429 {
				w.wantLine("is 0, which lets no request through: the AWS provider sends 0 for what a program leaves out, so set both")
			}
			if test.defaults != nil && test.defaults.DetailedMetricsEnabled {
				w.wantLine("stage $default: detailed metrics are enabled, but the local AWS has no CloudWatch metrics")
			}
		})
	}
}

func TestStagesHaveTheirOwnThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /p")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true, DefaultRouteSettings: &management.RouteSettings{ThrottlingRateLimit: ptr(1.0), ThrottlingBurstLimit: ptr(1)}}))
	w.wantStatuses("/dev/p", 200, 429)
	w.wantStatuses("/p", 200, 200)
}

func TestAccountLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.gateway.AccountTokens()
	if want := (live.Limit{Rate: 10_000, Burst: 5_000}); live.AccountLimit != want || *tokens != 5_000 {
		t.Errorf("account limit %+v, %v tokens", live.AccountLimit, *tokens)
	}
	*tokens = 1
	w.wantStatuses("/r/1", 200, 429)
	w.wantLine("GET /r/1 429; throttled: over the account's limit of 10000 requests a second with bursts of 5000")
	w.wantStatuses("/nowhere", 429)
	w.clock.advance(time.Millisecond)
	w.wantStatuses("/r/1", 200)
}
