package apikey

import (
	"crypto/sha256"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// BenchmarkVerify is a request with a good key, against a store in memory,
// beside the least that any implementation does: a digest and a look-up.
func BenchmarkVerify(b *testing.B) {
	key, err := Parse("pha", exampleKey)
	if err != nil {
		b.Fatal(err)
	}
	records := map[Digest]Record{key.Digest(): {Digest: key.Digest(), Subject: "usr_abc", Tier: "free", Permissions: []string{"events:delete"}}}
	b.Run("sha256 and map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := records[sha256.Sum256([]byte(exampleKey))]; !ok {
				b.Fatal("not found")
			}
		}
	})
	v := newVerifier(b, Config{Store: storeFunc(func(d Digest) (Record, error) { return records[d], nil })})
	chain := authz.Chain{{Extractor: Header{}, Verifier: v}}
	request := authz.Request{Headers: map[string]string{"x-api-key": exampleKey}}
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		credential := authz.NewCredential(Scheme, exampleKey)
		for b.Loop() {
			if _, err := v.Verify(b.Context(), request, credential); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("chain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := chain.Authenticate(b.Context(), request); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("refused by its checksum", func(b *testing.B) {
		b.ReportAllocs()
		credential := authz.NewCredential(Scheme, exampleKey[:52]+"0")
		for b.Loop() {
			if _, err := v.Verify(b.Context(), request, credential); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}
