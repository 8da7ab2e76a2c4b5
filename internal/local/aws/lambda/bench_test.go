package lambda

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// BenchmarkInvoke compares an invocation of a warm function, which takes two
// round trips of HTTP and the log lines, with one bare round trip, in turn.
//
//	go test -run '^$' -bench Invoke ./internal/local/aws/lambda
func BenchmarkInvoke(b *testing.B) {
	b.Run("warm", func(b *testing.B) {
		f := newFixture(b)
		f.create()
		in := InvokeInput{Function: "fn", Payload: []byte(`{"mode":"echo","data":{"a":1}}`)}
		if _, err := f.Invoke(b.Context(), in); err != nil {
			b.Fatal(err)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}))
		defer server.Close()
		var through, beside []time.Duration
		for b.Loop() {
			begin := time.Now()
			if out, err := f.Invoke(b.Context(), in); err != nil || out.Cold {
				b.Fatal(out, err)
			}
			through = append(through, time.Since(begin))
			begin = time.Now()
			res, err := server.Client().Post(server.URL, "application/json", bytes.NewReader([]byte(`{"a":1}`)))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			beside = append(beside, time.Since(begin))
		}
		slices.Sort(through)
		slices.Sort(beside)
		p50, bare := through[len(through)/2], beside[len(beside)/2]
		b.ReportMetric(float64(p50.Microseconds()), "invoke-p50-µs")
		b.ReportMetric(float64(p50)/float64(bare), "invoke/bare")
	})
	b.Run("cold", func(b *testing.B) {
		f := newFixture(b)
		f.create()
		update := f.function(func(fn *Function) { fn.Code = nil })
		for b.Loop() {
			if out, err := f.Invoke(b.Context(), InvokeInput{Function: "fn", Payload: []byte(`{"mode":"pid"}`)}); err != nil || !out.Cold {
				b.Fatal(out, err)
			}
			b.StopTimer()
			if _, err := f.UpdateFunctionConfiguration(update); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}
