package page

import (
	"strconv"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// BenchmarkDecided is what the page costs a request while nobody looks: one of three runs
// its authorizer, and each handler calls AWS once.
//
//	go test -run '^$' -bench Decided ./scripts/internal/page
func BenchmarkDecided(b *testing.B) {
	r := newRecorder(time.Now)
	event, answer := make([]byte, 2000), make([]byte, 300)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		id := strconv.Itoa(n)
		handler := live.Invocation{Function: "arn", RequestID: "run-" + id, Duration: time.Millisecond, Event: event, Answer: answer}
		d := live.Decision{
			RequestID: id, Method: "POST", Path: "/events", RouteKey: "POST /events", Status: 201, Latency: time.Millisecond, Allowed: true,
			Authorization: live.AuthorizationCustom, Cache: live.CacheUse{Asked: true, Hit: true}, Handler: handler,
		}
		if n%3 == 0 {
			d.Cache.Hit, d.Authorizer = false, live.Invocation{Function: "arn", RequestID: "judge-" + id, Event: event, Answer: answer}
		}
		r.called(endpoint.Call{RequestID: handler.RequestID, Action: "dynamodb:PutItem"})
		r.decided(d)
	}
}

// BenchmarkRows is what a page costs that looks, ten times a second, where a thousand
// requests come in a second.
func BenchmarkRows(b *testing.B) {
	p := &Page{recorder: newRecorder(time.Now)}
	p.recorder.serves([]api{{ID: "a", Name: "events"}})
	for i := range 20_000 {
		p.recorder.decided(live.Decision{
			RequestID: strconv.Itoa(i), APIID: "a", Method: "POST", Path: "/events", RouteKey: "POST /events", Status: 201, Allowed: true,
			Authorization: live.AuthorizationCustom,
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if news := p.news(&subscriber{at: position{head: 19_900}, caughtUp: true}, 1); len(news) < 100*100 {
			b.Fatalf("%s", news)
		}
	}
}
