package authz

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// BenchmarkHandle is a whole answer to a request with a good token, without the
// decoding of the event: by an authorizer whose answers are not reused, and by one
// whose answers are.
func BenchmarkHandle(b *testing.B) {
	var event events.APIGatewayV2CustomAuthorizerV2Request
	if err := json.Unmarshal(readEvent(b, "Bearer "+sign(testHeader, testClaims)), &event); err != nil {
		b.Fatal(err)
	}
	for _, ttl := range []string{"0", "300"} {
		b.Run("TTL="+ttl, func(b *testing.B) {
			b.Setenv("AUTHORIZER_CACHE_TTL", ttl)
			b.Setenv("AUTHORIZER_IDENTITY_SOURCES", "$request.header.Authorization")
			h := Handler{Chain: chainOf(newJWT(b)), Logger: slog.New(slog.DiscardHandler)}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if answer, err := h.Handle(ctx, event); err != nil || !answer.IsAuthorized {
					b.Fatal(answer, err)
				}
			}
		})
	}
}

// BenchmarkInvoke is one call of an authorizer, from the event's bytes to those of the
// answer, and reports beside its time that of the same by way of Handle and
// encoding/json, measured in the same run, and the ratio of the two.
func BenchmarkInvoke(b *testing.B) {
	event := readEvent(b, "Bearer "+sign(testHeader, testClaims))
	h := Handler{Chain: chainOf(newJWT(b)), Getenv: uncached}
	ctx := b.Context()
	var times [2]time.Duration
	for b.Loop() {
		for i, handler := range []lambda.Handler{lambda.NewHandler(h), lambda.NewHandler(h.Handle)} {
			start := time.Now()
			if answer, err := handler.Invoke(ctx, event); err != nil || !bytes.HasPrefix(answer, []byte(`{"isAuthorized":true`)) {
				b.Fatal(string(answer), err)
			}
			times[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[0].Nanoseconds())/float64(b.N), "invoke-ns/op")
	b.ReportMetric(float64(times[1].Nanoseconds())/float64(b.N), "handle-ns/op")
	b.ReportMetric(float64(times[0])/float64(times[1]), "invoke/handle")
	for name, handler := range map[string]lambda.Handler{"invoke-allocs/op": lambda.NewHandler(h), "handle-allocs/op": lambda.NewHandler(h.Handle)} {
		b.ReportMetric(testing.AllocsPerRun(100, func() { _, _ = handler.Invoke(ctx, event) }), name)
	}
}

// BenchmarkMetrics reports, beside the time of an answer with metrics, that of one
// without, measured in the same run, and the ratio of the two.
func BenchmarkMetrics(b *testing.B) {
	var event events.APIGatewayV2CustomAuthorizerV2Request
	if err := json.Unmarshal(readEvent(b, "Bearer "+sign(testHeader, testClaims)), &event); err != nil {
		b.Fatal(err)
	}
	with := Handler{Chain: chainOf(newJWT(b)), Logger: slog.New(slog.DiscardHandler), Getenv: measured(), stdout: io.Discard}
	without := with
	without.Getenv = uncached
	ctx := b.Context()
	var times [2]time.Duration
	for b.Loop() {
		for i, h := range []Handler{without, with} {
			start := time.Now()
			if answer, err := h.Handle(ctx, event); err != nil || !answer.IsAuthorized {
				b.Fatal(answer, err)
			}
			times[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[0].Nanoseconds())/float64(b.N), "without-ns/op")
	b.ReportMetric(float64(times[1].Nanoseconds())/float64(b.N), "with-ns/op")
	b.ReportMetric(float64(times[1])/float64(times[0]), "with/without")
}
