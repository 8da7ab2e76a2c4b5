package page

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// None of a request's credentials is in a document, however it is written there; what is
// no credential stays.
func TestRedact(t *testing.T) {
	t.Parallel()
	const (
		token   = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"
		cookie  = "9f8e7d6c5b4a"
		key     = `k"ey<with>&\é`
		inQuery = "s3cret+/with=signs"
		body    = "hunter2"
		short   = "pw1"
	)
	event := `{"headers":{"authorization":"Bearer ` + token + `","cookie":"theme=dark; sid=` + cookie + `","x-api-key":"k\"ey<with>&\\é","user-agent":"curl/8"},
"cookies":["theme=dark","sid=` + cookie + `"],"identitySource":["Bearer ` + token + `","POST /login"],"rawPath":"/login",
"rawQueryString":"page=2&access_token=` + url.QueryEscape(inQuery) + `","queryStringParameters":{"page":"2","access_token":"` + inQuery + `"},
"requestContext":{"authorizer":{"lambda":{"userId":"usr_1","credentialId":"sha256:1234"}}},
"body":"{\"user\":\"ann\",\"password\":\"` + body + `\",\"passwd2\":\"` + short + `\",\"pin\":\"pw123\"}"}`
	d := live.Decision{
		Sources: []live.IdentityValue{{Source: "$request.header.Authorization", Value: "Bearer " + token}, {Source: "$context.routeKey", Value: "POST /login"}},
		Handler: live.Invocation{Event: []byte(event), Answer: []byte(`{"statusCode":200,"body":"{\"token\":\"fresh-` + body + `\"}","headers":{"set-cookie":"sid=renewed-cookie; Path=/"}}`)},
	}
	r := redactorOf(d)
	got := r.document(d.Handler.Event) + r.document(d.Handler.Answer) + r.text("the function says "+token+" and "+cookie+"\n")
	for _, credential := range []string{token, cookie, `k\"ey`, "s3cret", body, `"` + short + `"`, `\"` + short + `\"`, "renewed-cookie"} {
		if strings.Contains(got, credential) {
			t.Errorf("%s is shown in %s", credential, got)
		}
	}
	for _, kept := range []string{`"user-agent": "curl/8"`, `"POST /login"`, "page=2", `"credentialId": "sha256:1234"`, `\"user\":\"ann\"`, `"rawPath": "/login"`, "pw123", "the function says [redacted, "} {
		if !strings.Contains(got, kept) {
			t.Errorf("%s is missing in %s", kept, got)
		}
	}
	if one, again := fingerprint(token), fingerprint(token); one != again || one == fingerprint(cookie) {
		t.Error("fingerprints do not tell credentials apart")
	}
}

// What is no JSON, or long, is shown as far as it goes.
func TestDocument(t *testing.T) {
	t.Parallel()
	r := redactorOf(live.Decision{Handler: live.Invocation{Event: []byte(`{"token":"abcdefgh"}`)}})
	if got := r.document([]byte("no JSON with abcdefgh")); strings.Contains(got, "abcdefgh") || !strings.HasPrefix(got, "no JSON with [redacted") {
		t.Errorf("got %q", got)
	}
	if got := r.document([]byte(`"` + strings.Repeat("é", mostShown) + `"`)); len(got) > mostShown+100 || !strings.HasSuffix(got, " more bytes") {
		t.Errorf("got %d bytes, ending %q", len(got), got[len(got)-30:])
	}
	if got := r.document(nil); got != "" {
		t.Errorf("got %q", got)
	}
}

// FuzzRedact: whatever stands around a credential, it is not shown.
func FuzzRedact(f *testing.F) {
	f.Add("Bearer abcdef.ghijkl", "x", "/path?a=b")
	f.Add(`quo"te\slash`, "<img>", "\x00")
	f.Fuzz(func(t *testing.T, credential, other, path string) {
		if len(credential) < shortest || !utf8.ValidString(credential+path+other) || strings.Contains(hidden(credential), credential) {
			t.Skip()
		}
		event := encode(map[string]any{"headers": map[string]string{"x-api-key": credential, "other": other}, "path": path + credential})
		r := redactorOf(live.Decision{Handler: live.Invocation{Event: event}})
		var got struct {
			Headers map[string]string
			Path    string
		}
		if err := json.Unmarshal([]byte(r.document(event)), &got); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{got.Headers["x-api-key"], got.Path} {
			if strings.Contains(strings.ReplaceAll(text, hidden(credential), ""), credential) {
				t.Errorf("%q is shown in %q", credential, text)
			}
		}
	})
}
