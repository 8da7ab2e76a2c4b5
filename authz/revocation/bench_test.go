package revocation

import (
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// BenchmarkCheck is what a decision costs beside the verification: the least there is,
// and everything that there can be an entry for, against the local DynamoDB over HTTP.
func BenchmarkCheck(b *testing.B) {
	c := newCloud(b)
	checker := New(Config{Getenv: withTable(c.Root()).Get, Timeout: time.Minute})
	for name, p := range map[string]authz.Principal{
		"one": {Identity: authz.Identity{Subject: "usr_abc"}}, "everything": principal(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := checker.Check(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
