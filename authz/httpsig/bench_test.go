package httpsig

import "testing"

// BenchmarkVerify is what a good request costs beside its MAC, which
// BenchmarkMAC computes over the same bytes.
func BenchmarkVerify(b *testing.B) {
	r := signed(b, testSigner(b), "POST", "/events?limit=5", "{}")
	v, store := newVerifier(b, nil)
	c, err := Extractor{}.Extract(r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), r, c); err != nil {
			b.Fatal(err)
		}
		clear(store.used)
	}
}

func BenchmarkMAC(b *testing.B) {
	r := signed(b, testSigner(b), "POST", "/events?limit=5", "{}")
	in, err := parseInput(r.Headers["signature-input"])
	if err != nil {
		b.Fatal(err)
	}
	m := message{method: r.Method, path: r.Path, query: r.RawQuery, authority: r.Host, digest: r.Headers["content-digest"]}
	base := signatureBase(in.components, m.value, in.params)
	b.ReportAllocs()
	for b.Loop() {
		macOf(testSecret, base)
	}
}

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
