package local

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

// told keeps what a deployment tells of its requests.
type told struct {
	mu        sync.Mutex
	decisions []live.Decision
	calls     map[string][]endpoint.Call // by the invocation
	logged    map[string]int             // events, by the log group
}

// listen has a deployment tell.
func listen(o Options) (*told, Options) {
	r := &told{calls: map[string][]endpoint.Call{}, logged: map[string]int{}}
	o.Decided = func(d live.Decision) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.decisions = append(r.decisions, d)
	}
	o.Called = func(c endpoint.Call) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls[c.RequestID] = append(r.calls[c.RequestID], c)
	}
	o.Logged = func(group string, events []logs.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logged[group] += len(events)
	}
	return r, o
}

// last is what was told of the last request, and of the calls of one of its functions.
func (r *told) last(run func(live.Decision) live.Invocation) (live.Decision, []endpoint.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.decisions[len(r.decisions)-1]
	return d, r.calls[run(d).RequestID]
}

func handlerOf(d live.Decision) live.Invocation { return d.Handler }

// checkTold: a request's functions are told with what they asked of AWS, also where a
// service is down.
func (d deployed) checkTold(t *testing.T, r *told) {
	t.Helper()
	table, _ := d.Outputs["tableName"].(string)
	d.expect(t, http.StatusCreated, "POST", "/events", with("Authorization", "Bearer "+d.sign(t, d.Secret, "usr_told", everything)))
	made, calls := r.last(handlerOf)
	if !made.Allowed || made.Status != http.StatusCreated || made.Handler.RequestID == "" || made.Authorizer.RequestID == "" || !made.Cache.Asked || made.Cache.Hit {
		t.Errorf("told was %+v", made)
	}
	wantCalls(t, calls, endpoint.Call{
		Function: made.Handler.Function, RequestID: made.Handler.RequestID, Service: "dynamodb", Action: "dynamodb:PutItem",
		Resource: d.AWS.Account.ARN("dynamodb", "table/"+table), Status: http.StatusOK,
	})
	api := d.APIs[0]
	if kept := d.AWS.CachedAnswers(api.ID, api.Stage)[made.AuthorizerID]; kept == 0 {
		t.Error("no answer of the authorizer is kept")
	}
	d.AWS.SkipAhead(made.Cache.TTL)
	if kept := d.AWS.CachedAnswers(api.ID, api.Stage); !maps.Equal(kept, map[string]int{made.AuthorizerID: 0}) {
		t.Errorf("after the TTL %v answers are kept", kept)
	}

	d.AWS.SetOutage("dynamodb", true)
	d.expect(t, http.StatusInternalServerError, "GET", "/events", nil)
	d.AWS.SetOutage("dynamodb", false)
	made, calls = r.last(handlerOf)
	if len(calls) == 0 {
		t.Fatalf("no call was told of %+v", made)
	}
	wantCalls(t, calls[:1], endpoint.Call{
		Function: made.Handler.Function, RequestID: made.Handler.RequestID, Service: "dynamodb", Action: "dynamodb:Query",
		Status: http.StatusServiceUnavailable, Error: "ServiceUnavailableException",
		Cure: "resume dynamodb, which was stopped here: the live page has a button for it, a test ends its outage",
	})

	_, name, _ := strings.Cut(made.Handler.Function, ":function:")
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.decisions[slices.IndexFunc(r.decisions, func(d live.Decision) bool { return d.Authorizer.Cold })]
	if !slices.ContainsFunc(r.calls[first.Authorizer.RequestID], func(c endpoint.Call) bool { return c.Action == "ssm:GetParameter" }) {
		t.Errorf("the start of the authorizer read no secret: told were %+v", r.calls[first.Authorizer.RequestID])
	}
	if r.logged["/aws/lambda/"+name] == 0 {
		t.Errorf("nothing was told of the log of %s: %v", name, r.logged)
	}
}

// wantCalls compares calls without their times.
func wantCalls(t *testing.T, got []endpoint.Call, want ...endpoint.Call) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("told were the calls %+v, want %+v", got, want)
	}
	for i := range got {
		if got[i].At.IsZero() || got[i].Duration <= 0 {
			t.Errorf("the call %d has no time: %+v", i, got[i])
		}
		if got[i].At, got[i].Duration = (time.Time{}), 0; got[i] != want[i] {
			t.Errorf("told was the call\n%+v\nwant\n%+v", got[i], want[i])
		}
	}
}
