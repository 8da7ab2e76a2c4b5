package local

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	tokens "github.com/protected-http-api/protected-http-api/internal/events/token"
)

// BenchmarkRequests compares a request's way through the gateway to a real
// handler binary with an invocation of that handler alone and with a bare HTTP
// round trip, all of them in one run and with the same number of clients.
//
//	go test -run '^$' -bench Requests ./internal/local
func BenchmarkRequests(b *testing.B) {
	d := deploy(b, Options{Project: repository, Stack: "prod"})
	url, err := d.Output("apiUrl")
	if err != nil {
		b.Fatal(err)
	}
	token := d.token(b)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[],"cursor":null}`)
	}))
	defer bare.Close()
	handler := d.function(b, "get-event")
	event, err := json.Marshal(events.APIGatewayV2HTTPRequest{Version: "2.0", PathParameters: map[string]string{"id": "none"}})
	if err != nil {
		b.Fatal(err)
	}

	measure(b, "bare HTTP", func() error { return send(http.MethodGet, bare.URL, "", http.StatusOK) })
	measure(b, "handler alone", func() error {
		_, err := d.AWS.Invoke(b.Context(), handler, event)
		return err
	})
	measure(b, "public GET", func() error { return send(http.MethodGet, url+"/events/none", "", http.StatusNotFound) })
	measure(b, "cached POST", func() error { return send(http.MethodPost, url+"/events", token, http.StatusCreated) })
	var subjects atomic.Int64
	measure(b, "uncached POST", func() error { // a token of its own each: what each request is with a TTL of 0
		now := time.Now()
		signed, err := tokens.Sign(d.Secret, tokens.Claims{Subject: fmt.Sprint("usr_", subjects.Add(1)), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: everything})
		if err != nil {
			return err
		}
		return send(http.MethodPost, url+"/events", signed, http.StatusCreated)
	})
}

// BenchmarkRevocation compares a request that runs the authorizer where it asks the
// table of revocations with one where it does not, in turn, in two deployments that
// are alike otherwise.
//
//	go test -run '^$' -bench Revocation ./internal/local
func BenchmarkRevocation(b *testing.B) {
	var requests [2]func() error
	for i, asks := range []string{"false", "true"} {
		d := deploy(b, Options{Project: repository, Stack: "dev", Settings: map[string]string{"revocation": asks}})
		url, err := d.Output("apiUrl")
		if err != nil {
			b.Fatal(err)
		}
		token := d.token(b)
		requests[i] = func() error { return send(http.MethodPost, url+"/events", token, http.StatusCreated) }
		if err := requests[i](); err != nil {
			b.Fatal(err)
		}
	}
	var latencies [2][]time.Duration
	for b.Loop() {
		for i, request := range requests {
			start := time.Now()
			if err := request(); err != nil {
				b.Fatal(err)
			}
			latencies[i] = append(latencies[i], time.Since(start))
		}
	}
	var medians [2]float64
	for i, all := range latencies {
		slices.Sort(all)
		medians[i] = float64(all[len(all)/2].Microseconds())
	}
	b.ReportMetric(medians[0], "without-p50-µs")
	b.ReportMetric(medians[1], "with-p50-µs")
	b.ReportMetric(medians[1]/medians[0], "with/without")
}

// client keeps as many connections as there are clients.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// send sends a request and wants a status.
func send(method, url, token string, want int) error {
	req, err := http.NewRequest(method, url, strings.NewReader(`{"name":"load"}`))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // the body is read to its end
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != want {
		return &statusError{res.StatusCode, want}
	}
	return nil
}

type statusError struct{ got, want int }

func (e *statusError) Error() string {
	return http.StatusText(e.got) + " instead of " + http.StatusText(e.want)
}

// measure runs a benchmark with 8 clients and reports requests per second and
// the 50th and 99th percentile of their latency.
func measure(b *testing.B, name string, request func() error) {
	b.Run(name, func(b *testing.B) {
		if err := request(); err != nil {
			b.Fatal(err)
		}
		var mu sync.Mutex
		var latencies []time.Duration
		b.SetParallelism(max(1, 8/runtime.GOMAXPROCS(0)))
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			var own []time.Duration
			for pb.Next() {
				start := time.Now()
				if err := request(); err != nil {
					b.Error(err)
				}
				own = append(own, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, own...)
		})
		slices.Sort(latencies)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds()), "p99-µs")
	})
}
