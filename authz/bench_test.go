package authz

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

// BenchmarkVerify reports, beside its own time, that of the HMAC-SHA256 of the
// same token, measured in the same run, and the ratio of the two.
func BenchmarkVerify(b *testing.B) {
	token := sign(testHeader, testClaims)
	signed := []byte(token[:strings.LastIndexByte(token, '.')])
	want := []byte(mac(testSecret, string(signed)))
	v := newJWT(b)
	credential := NewCredential(BearerScheme, token)
	ctx := b.Context()
	var verifying, hashing time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if _, err := v.Verify(ctx, Request{}, credential); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		h := hmac.New(sha256.New, testSecret)
		h.Write(signed)
		if !hmac.Equal(h.Sum(nil), want) {
			b.Fatal("the MAC is wrong")
		}
		verifying += middle.Sub(start)
		hashing += time.Since(middle)
	}
	b.ReportMetric(float64(verifying.Nanoseconds())/float64(b.N), "verify-ns/op")
	b.ReportMetric(float64(hashing.Nanoseconds())/float64(b.N), "hmac-ns/op")
	b.ReportMetric(float64(verifying)/float64(hashing), "verify/hmac")
}
