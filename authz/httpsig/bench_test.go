package httpsig

import "testing"

func BenchmarkSign(b *testing.B) {
	s := testSigner(b)
	r := newRequest(b, "GET", "https://"+testHost+"/events?limit=5", "")
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Sign(r); err != nil {
			b.Fatal(err)
		}
	}
}
