package live

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

func FuzzInferResponse(f *testing.F) {
	for _, seed := range []string{``, `"x"`, `{"statusCode":200}`, `{"statusCode":200,"headers":{"a":"b"},"cookies":["c=d"],"body":"eA==","isBase64Encoded":true}`, `[`, `{"statusCode":1e400}`, `{"statusCode":200,"headers":{"content-length":"9"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := inferResponse(payload)
		if err != nil {
			return
		}
		if r.status < 200 || r.status > 599 {
			t.Fatalf("status %d", r.status)
		}
		for name, values := range r.header {
			if !httpguts.ValidHeaderFieldName(name) || name == http.CanonicalHeaderKey("content-length") || slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "\r\n\x00") }) {
				t.Fatalf("header %q: %q", name, values)
			}
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{``, `null`, `{"isAuthorized":true}`, `{"isAuthorized":true,"context":{"a":1}}`, `{"errorMessage":"Unauthorized"}`, `{"IsAuthorized":true}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if a, err := parseAnswer(payload, false); err == nil && a.policy == nil {
			t.Fatalf("no policy in %q", payload)
		}
		a, err := parseAnswer(payload, true)
		if err == nil && a.allowed && !strings.Contains(string(payload), "true") {
			t.Fatalf("allowed by %q", payload)
		}
	})
}
