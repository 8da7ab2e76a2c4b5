package live_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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

// BenchmarkRequest compares a request's way through the gateway, without the
// functions, to a bare HTTP round trip, in turn: a public route, one with an answer of
// the cache, and one whose authorizer runs each time.
//
//	go test -run '^$' -bench Request ./internal/local/aws/gateway/live
func BenchmarkRequest(b *testing.B) {
	g := live.New(live.Options{Account: account.Account{ID: testAccount, Region: testRegion, Partition: "aws"}, Invoker: instant{}, Console: console.New(io.Discard), Logs: nowhere{}})
	defer g.Close()
	source := must(live.ParseIdentitySource("$request.header.Authorization"))
	route := func(key, authorization string, authorizer *live.Authorizer) live.Route {
		return live.Route{Key: must(live.ParseRouteKey(key)), Function: functionARNOf(handlerName), Timeout: time.Second, Authorization: authorization, Authorizer: authorizer}
	}
	cached := &live.Authorizer{ID: "c", Function: functionARNOf(authorizerName), Sources: []live.IdentitySource{source}, Simple: true, TTL: time.Hour}
	uncached := &live.Authorizer{ID: "u", Function: functionARNOf(authorizerName), Sources: []live.IdentitySource{source}, Simple: true}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	api := g.Serve(listener, live.Deployment{
		APIID: "a", Endpoint: "http://" + listener.Addr().String(), ExecutionARN: "arn:aws:execute-api:" + testRegion + ":" + testAccount + ":a",
		Stages: []live.Stage{{Name: live.DefaultName, AccessLog: &live.AccessLog{
			Group:  "/g",
			Format: `{"requestId":"$context.requestId","route":"$context.routeKey","status":"$context.status","userId":"$context.authorizer.userId","method":"$context.authorizer.method","latency":"$context.responseLatency"}`,
		}}},
		Routes:      []live.Route{route("GET /public/{id}", live.AuthorizationNone, nil), route("GET /cached/{id}", live.AuthorizationCustom, cached), route("GET /uncached/{id}", live.AuthorizationCustom, uncached)},
		Authorizers: []*live.Authorizer{cached, uncached},
	})
	defer api.Shutdown(context.Background()) //nolint:errcheck // the benchmark is over
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"none"}`)
	}))
	defer bare.Close()
	send := func(url string) time.Duration {
		begin := time.Now()
		req := must(http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil))
		req.Header.Set("Authorization", "token")
		res := must(bare.Client().Do(req))
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			b.Fatal(res.Status)
		}
		return time.Since(begin)
	}
	for _, name := range []string{"public", "cached", "uncached"} {
		b.Run(name, func(b *testing.B) {
			var through, beside []time.Duration
			for b.Loop() {
				through = append(through, send(fmt.Sprintf("http://%s/%s/none", listener.Addr(), name)))
				beside = append(beside, send(bare.URL))
			}
			slices.Sort(through)
			slices.Sort(beside)
			p50, bare := through[len(through)/2], beside[len(beside)/2]
			b.ReportMetric(float64(p50.Microseconds()), "gateway-p50-µs")
			b.ReportMetric(float64(p50)/float64(bare), "gateway/bare")
		})
	}
}
