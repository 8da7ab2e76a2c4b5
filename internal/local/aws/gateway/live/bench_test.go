package live_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// instant is functions that answer at once: the authorizer yes, the handler 404.
type instant struct{}

func (instant) Invoke(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
	out := lambda.InvokeOutput{RequestID: "r-1", Duration: time.Millisecond}
	out.Payload = []byte(`{"statusCode":404,"headers":{"content-type":"application/json"},"body":"{\"error\":\"none\"}"}`)
	if in.Function == functionARNOf(authorizerName) {
		out.Payload = []byte(`{"isAuthorized":true,"context":{"userId":"usr_1","method":"JWT","expiresAt":"1725564788"}}`)
	}
	return out, nil
}

// nowhere drops access logs.
type nowhere struct{}

func (nowhere) Append(string, string, time.Time, string) error { return nil }
func (nowhere) File(string) string                             { return "" }

// serveBench serves the benchmark's API, and returns where.
func serveBench(b *testing.B, decided func(live.Decision)) string {
	b.Helper()
	g := live.New(live.Options{Account: account.Account{ID: testAccount, Region: testRegion, Partition: "aws"}, Invoker: instant{}, Console: console.New(io.Discard), Logs: nowhere{}, Decided: decided})
	b.Cleanup(g.Close)
	source := must(live.ParseIdentitySource("$request.header.Authorization"))
	route := func(key, authorization string, authorizer *live.Authorizer) live.Route {
		return live.Route{Key: must(live.ParseRouteKey(key)), Function: functionARNOf(handlerName), Timeout: time.Second, Authorization: authorization, Authorizer: authorizer}
	}
	cached := &live.Authorizer{ID: "c", Function: functionARNOf(authorizerName), Sources: []live.IdentitySource{source}, Simple: true, TTL: time.Hour}
	uncached := &live.Authorizer{ID: "u", Function: functionARNOf(authorizerName), Sources: []live.IdentitySource{source}, Simple: true}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	endpoint := "http://" + listener.Addr().String()
	api := g.Serve(listener, live.Deployment{
		APIID: "a", Endpoint: endpoint, ExecutionARN: "arn:aws:execute-api:" + testRegion + ":" + testAccount + ":a",
		Stages: []live.Stage{{Name: live.DefaultName, AccessLog: &live.AccessLog{
			Group:  "/g",
			Format: `{"requestId":"$context.requestId","route":"$context.routeKey","status":"$context.status","userId":"$context.authorizer.userId","method":"$context.authorizer.method","latency":"$context.responseLatency"}`,
		}}},
		Routes:      []live.Route{route("GET /public/{id}", live.AuthorizationNone, nil), route("GET /cached/{id}", live.AuthorizationCustom, cached), route("GET /uncached/{id}", live.AuthorizationCustom, uncached)},
		Authorizers: []*live.Authorizer{cached, uncached},
	})
	b.Cleanup(func() { _ = api.Shutdown(context.Background()) })
	return endpoint
}

// BenchmarkRequest compares a request's way through the gateway, without the
// functions, to a bare HTTP round trip, in turn: a public route, one with an answer of
// the cache, one whose authorizer runs each time, and one that nobody's credential comes
// with; and the same where somebody is told of each decision to where nobody is.
//
//	go test -run '^$' -bench Request ./internal/local/aws/gateway/live
func BenchmarkRequest(b *testing.B) {
	var told atomic.Int64
	quiet, telling := serveBench(b, nil), serveBench(b, func(d live.Decision) { told.Add(int64(d.Status)) })
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"none"}`)
	}))
	defer bare.Close()
	for _, bench := range []struct {
		name, path, token string
		status            int
	}{
		{"public", "/public/none", "token", http.StatusNotFound},
		{"cached", "/cached/none", "token", http.StatusNotFound},
		{"uncached", "/uncached/none", "token", http.StatusNotFound},
		{"refused", "/cached/none", "", http.StatusUnauthorized},
	} {
		send := func(url string, status int) time.Duration {
			begin := time.Now()
			req := must(http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil))
			req.Header.Set("Authorization", bench.token)
			res := must(bare.Client().Do(req))
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != status {
				b.Fatal(res.Status)
			}
			return time.Since(begin)
		}
		b.Run(bench.name, func(b *testing.B) {
			var took [3][]time.Duration
			for b.Loop() {
				took[0] = append(took[0], send(bare.URL, http.StatusNotFound))
				took[1] = append(took[1], send(quiet+bench.path, bench.status))
				took[2] = append(took[2], send(telling+bench.path, bench.status))
			}
			var p50 [3]time.Duration
			for i, all := range took {
				slices.Sort(all)
				p50[i] = all[len(all)/2]
			}
			b.ReportMetric(float64(p50[1].Microseconds()), "gateway-p50-µs")
			b.ReportMetric(float64(p50[1])/float64(p50[0]), "gateway/bare")
			b.ReportMetric(float64(p50[2])/float64(p50[1]), "told/untold")
		})
	}
	if told.Load() == 0 {
		b.Fatal("nobody was told")
	}
}
