package local

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

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
