package page

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func testRecorder() *recorder { return newRecorder(func() time.Time { return noon }) }

// refusal is a request that the authorizer has refused.
func refusal(id string) live.Decision {
	return live.Decision{
		RequestID: id, RouteKey: "POST /events", Authorization: live.AuthorizationCustom, Status: 403, Latency: 3 * time.Millisecond,
		Authorizer: live.Invocation{RequestID: "run-" + id, Function: "authorizer"},
	}
}

func denial(id, reason string) []logs.Event {
	return []logs.Event{{Message: "START"}, {Message: fmt.Sprintf(`{"reason":%q,"error":"%s: why","requestId":"run-%s"}`, reason, reason, id)}}
}

// What is known of a request is kept with it, whether it comes before or after its answer.
func TestEarlyAndLate(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.called(endpoint.Call{RequestID: "run-1", Action: "ssm:GetParameter"})
	r.called(endpoint.Call{Action: "the developer's own"})
	r.logged("group", denial("1", "expired"))
	r.decided(refusal("1"))
	r.decided(refusal("2"))
	start := position{head: 2}
	r.logged("group", denial("2", "revoked"))
	r.logged("group", denial("2", "expired")) // a second word
	r.logged("group", denial("2", "a word that authz does not have"))
	r.logged("group", []logs.Event{{Message: `{"reason":"no JSON of authz`}, {Message: `{"requestId":"run-2","reason":""}`}})

	for seq, want := range map[uint64]string{1: "expired", 2: "revoked"} {
		e, found := r.find(seq)
		if !found || e.reason != want || e.text != want+": why" {
			t.Errorf("%d: got %q and %q", seq, e.reason, e.text)
		}
	}
	if e, _ := r.find(1); len(e.calls) != 1 || e.calls[0].Action != "ssm:GetParameter" {
		t.Errorf("the calls are %v", e.calls)
	}
	found, dropped, next := r.since(start, 10, false)
	if len(found) != 1 || found[0].seq != 2 || dropped != 0 || next != (position{2, 1}) {
		t.Errorf("got %v, %d, %v", found, dropped, next)
	}
	want := []reasonCount{{"expired", 1}, {"revoked", 1}}
	if got := r.summary().Denials; !reflect.DeepEqual(got, want) {
		t.Errorf("the denials are %v", got)
	}
}

// What the cache refuses has the reason of the invocation that made its answer, whenever
// that is known, as long as a request that got it is kept.
func TestCachedReasons(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	hit := func(id string) live.Decision {
		d := refusal(id)
		d.Authorizer.RequestID, d.Cache = "", live.CacheUse{Asked: true, Hit: true, RequestID: "run-" + id}
		return d
	}
	want := func(reasons ...string) {
		t.Helper()
		for i, reason := range reasons {
			if e, _ := r.find(r.head - uint64(len(reasons)-1-i)); reasonOf(e) != reason || (e.text != "") != (reason != byAuthorizer && !e.decision.Cache.Hit) {
				t.Errorf("%d is refused for %q, %q, want %q", e.seq, reasonOf(e), e.text, reason)
			}
		}
	}
	r.decided(hit("1")) // while the first one's answer is on its way
	r.decided(refusal("1"))
	r.decided(hit("1"))
	want(byAuthorizer, byAuthorizer, byAuthorizer)
	before := position{head: 3}
	r.logged("", denial("1", "malformed"))
	if found, _, _ := r.since(before, 10, false); len(found) != 3 {
		t.Errorf("%d are told once more", len(found))
	}
	r.decided(hit("1"))
	want("malformed", "malformed", "malformed", "malformed")
	r.logged("", denial("2", "expired"))
	r.decided(hit("2"))
	r.decided(refusal("2"))
	want("expired", "expired")
	if got := r.summary().Denials; !reflect.DeepEqual(got, []reasonCount{{"malformed", 4}, {"expired", 2}}) {
		t.Errorf("the denials are %v", got)
	}
	for range keptRequests {
		r.decided(live.Decision{Status: 200, Allowed: true})
		if r.head == keptRequests { // all but the last hit is forgotten next
			r.decided(hit("2"))
		}
	}
	r.decided(hit("1")) // of which nothing is kept
	r.decided(hit("2"))
	want(byAuthorizer, "expired")
	if len(r.denials) != 2 || len(r.denials["run-2"]) != 2 {
		t.Errorf("kept are %v", r.denials)
	}
}

// Somebody who reads too slowly misses the oldest, and is told how many.
func TestDropped(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	var start position
	for range 25 {
		r.decided(live.Decision{Status: 200, Allowed: true})
	}
	found, dropped, next := r.since(start, 10, false)
	if len(found) != 10 || found[0].seq != 16 || found[9].seq != 25 || dropped != 15 {
		t.Errorf("got %d from %d, %d dropped", len(found), found[0].seq, dropped)
	}
	if found, dropped, _ = r.since(next, 10, false); len(found) != 0 || dropped != 0 {
		t.Errorf("then %d, %d dropped", len(found), dropped)
	}
	if found, dropped, next := r.since(start, 10, true); len(found) != 10 || found[0].seq != 1 || dropped != 0 || next.head != 10 {
		t.Errorf("the oldest: %d, %d dropped, %v", len(found), dropped, next)
	}
	if _, _, next := r.since(position{1 << 60, 1 << 60}, 10, false); next.head != 25 {
		t.Errorf("after a number that nobody has given: %v", next)
	}
}

// What is kept has a limit, in requests and in bytes.
func TestKept(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	big := live.Decision{Status: 403, RequestID: "open", Authorizer: live.Invocation{RequestID: "run", Event: make([]byte, keptBytes/4)}}
	for range 6 {
		r.decided(big)
	}
	for seq, want := range map[uint64]int{1: 0, 2: 0, 3: keptBytes / 4, 6: keptBytes / 4} {
		if e, _ := r.find(seq); len(e.decision.Authorizer.Event) != want {
			t.Errorf("%d has %d bytes, want %d", seq, len(e.decision.Authorizer.Event), want)
		}
	}
	for i := range keptRequests + 5 {
		r.called(endpoint.Call{RequestID: fmt.Sprint("never answered ", i)})
		r.decided(live.Decision{Status: 200, Allowed: true, Handler: live.Invocation{Answer: make([]byte, 10)}})
	}
	if _, found := r.find(11); found {
		t.Error("too old a request is kept")
	}
	if _, found := r.find(12); !found {
		t.Error("the oldest that has room is not kept")
	}
	if r.bytes != 10*keptRequests || len(r.runs) != 0 || len(r.early) != keptEarly || len(r.ring) != keptRequests {
		t.Errorf("kept: %d bytes, %d runs, %d early, %d requests", r.bytes, len(r.runs), len(r.early), len(r.ring))
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	now := noon
	r := newRecorder(func() time.Time { return now })
	if got := r.summary(); got.Total != 0 || len(got.Buckets) != slots || got.P99 != 0 || len(got.Denials) != 0 {
		t.Errorf("nothing: %+v", got)
	}
	for i := range 100 {
		r.decided(live.Decision{Status: 201, Allowed: true, Latency: time.Duration(i+1) * time.Millisecond, Cache: live.CacheUse{Hit: i < 90}, Authorizer: live.Invocation{RequestID: []string{"", fmt.Sprint(i)}[i/90]}})
	}
	for _, status := range []int{200, 302, 401, 403, 404, 429, 500} {
		r.decided(live.Decision{Status: status, Latency: time.Millisecond})
	}
	now = now.Add(bucketSeconds * time.Second)
	r.decided(live.Decision{Status: 404, Allowed: true})
	got := r.summary()
	first, last := got.Buckets[slots-2], got.Buckets[slots-1]
	want := map[string]int{"2xx": 101, "3xx": 1, "401": 1, "403": 1, "4xx": 2, "5xx": 1}
	if first.Requests != 107 || first.Hits != 90 || first.Runs != 10 || !reflect.DeepEqual(first.Status, want) || first.At != noon.UnixMilli() {
		t.Errorf("the first bucket is %+v", first)
	}
	if last.Requests != 1 || last.Status["4xx"] != 1 || got.Total != 108 {
		t.Errorf("the last bucket is %+v of %d", last, got.Total)
	}
	for _, tt := range []struct{ got, want float64 }{{first.P50, 47}, {first.P99, 99}} {
		if math.Abs(tt.got-tt.want) > tt.want/16 {
			t.Errorf("got %v ms, want %v", tt.got, tt.want)
		}
	}
	now = now.Add(slots * bucketSeconds * time.Second)
	if got := r.summary(); got.Buckets[slots-1].Requests != 0 || got.P50 != 0 || got.Total != 108 {
		t.Errorf("later: %+v", got.Buckets[slots-1])
	}
}

// A histogram's quantile is within a sixteenth of the true one, at any size.
func TestHistogram(t *testing.T) {
	t.Parallel()
	for d := time.Microsecond; d < 10*time.Minute; d = d*21/20 + 1 {
		var h histogram
		h.add(d)
		if got, want := h.quantile(0.5), inMillis(d); d < 2*time.Minute && math.Abs(got-want) > want/16+0.0006 {
			t.Fatalf("%s: %v ms", d, got)
		}
	}
	var h histogram
	h.add(-time.Second)
	h.add(time.Duration(math.MaxInt64))
	if h.total != 2 {
		t.Error("not counted")
	}
}

// Requests, log lines and readers come at the same time.
func TestRecorderInParallel(t *testing.T) {
	t.Parallel()
	r := newRecorder(time.Now)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			var at position
			told := map[uint64]string{} // each request, once, or with its reason
			for i := range 3000 {
				id := fmt.Sprint(worker, "-", i)
				r.called(endpoint.Call{RequestID: "run-" + id})
				r.decided(refusal(id))
				r.logged("", denial(id, "expired"))
				found, dropped, next := r.since(at, keptRequests, false)
				at = next
				for _, e := range found {
					if reason, again := told[e.seq]; again && reason == e.reason {
						t.Errorf("%d comes again with %q", e.seq, reason)
					}
					told[e.seq] = e.reason
				}
				if dropped != 0 || uint64(len(told)) != at.head {
					t.Errorf("%d were told of %d, and %d dropped", len(told), at.head, dropped)
				}
				_ = r.summary()
			}
		})
	}
	all.Wait()
	if got := r.summary(); got.Total != 12_000 || got.Denials[0] != (reasonCount{"expired", 12_000}) {
		t.Errorf("got %d, %v", got.Total, got.Denials)
	}
}

// Who speaks of another's request is not heard, nor is what is said of one that was let
// through.
func TestForgedReasons(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	allowed := live.Decision{
		RequestID: "1", RouteKey: "GET /events", Authorization: live.AuthorizationCustom, Status: 200, Allowed: true,
		Authorizer: live.Invocation{RequestID: "run-1"}, Handler: live.Invocation{RequestID: "handler-1"},
	}
	r.logged("", denial("1", "expired"))
	r.decided(allowed)
	r.logged("", denial("1", "expired"))
	r.decided(refusal("2"))
	forged := []logs.Event{{Message: `{"reason":"expired","error":"x","requestId":"2","apiRequestId":"2"}`}}
	r.logged("", forged)
	r.logged("", []logs.Event{{Message: `{"reason":"expired","error":"x","requestId":"handler-1","apiRequestId":"2"}`}})
	for seq := uint64(1); seq <= 2; seq++ {
		if e, _ := r.find(seq); e.reason != "" || e.text != "" {
			t.Errorf("%d: %q, %q", seq, e.reason, e.text)
		}
	}
	if got := reasonOf(entry{decision: allowed, known: known{reason: "expired"}}); got != "" {
		t.Errorf("got %q", got)
	}
	r.logged("", []logs.Event{{Message: `{"reason":"expired","error":"` + strings.Repeat("é", keptText) + `","requestId":"run-2"}`}})
	if e, _ := r.find(2); e.reason != "expired" || len(e.text) > keptText || !utf8.ValidString(e.text) {
		t.Errorf("got %q and %d bytes", e.reason, len(e.text))
	}
}

// Calls that end after the answer are their request's, and not more are kept than some.
func TestLateCalls(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.called(endpoint.Call{RequestID: "handler", Action: "early"})
	r.decided(live.Decision{Status: 503, Allowed: true, Handler: live.Invocation{RequestID: "handler"}})
	before := position{head: 1}
	for range keptCalls + 10 {
		r.called(endpoint.Call{RequestID: "handler", Action: "late"})
	}
	found, _, _ := r.since(before, 1000, false)
	e := found[len(found)-1]
	if len(e.calls) != keptCalls || e.further != 11 || e.calls[0].Action != "early" || e.calls[1].Action != "late" || len(r.early) != 0 {
		t.Errorf("%d calls and %d more, %d early", len(e.calls), e.further, len(r.early))
	}
}
