package page

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

// TestPasted: the command line sends what the page has sent, whatever is in it.
func TestPasted(t *testing.T) {
	t.Parallel()
	const evil = "it's \"$(touch x)\" `touch y` \\ $HOME ! {a,b}[1-3] * é 💥 %41 &;|<>\n\tnext line ''"
	for name, in := range map[string]try{
		"plain":             {Route: "GET /open", Path: "/open"},
		"query":             {Route: "GET /open", Path: "/open?x[]=1&y={1,2}&z=it's&q=$(id)`id`&é=ü |&a b"},
		"path":              {Route: "ANY /any/{rest+}", Method: "DELETE", Path: "/any/it's/$(id)/`id`/é 💥/a%2Fb/[1-3]/..%20/./../x;y=1&z!"},
		"dots and slashes":  {Route: "$default", Method: "GET", Path: "//a/../b//"},
		"body":              {Route: "POST /things", Path: "/things", Body: evil},
		"body of a file":    {Route: "POST /things", Path: "/things", Body: "@/etc/passwd"},
		"body of an option": {Route: "POST /things", Path: "/things", Body: "--help"},
		"body of a form":    {Route: "POST /things", Path: "/things", Body: "a=%20&b=+", ContentType: "application/x-www-form-urlencoded"},
		"no body":           {Route: "POST /things", Path: "/things"},
		"only lines":        {Route: "POST /things", Path: "/things", Body: "\n\n"},
		"deleted body":      {Route: "ANY /any/{rest+}", Method: "DELETE", Path: "/any/1", Body: "{}"},
		"head":              {Route: "$default", Method: "HEAD", Path: "/x"},
		"header":            {Route: "GET /open", Path: "/open", Credential: callers.Own, Header: "X-Key:  it's \"$(touch x)\" `touch y`; é @ \\ "},
		"empty header":      {Route: "GET /open", Path: "/open", Credential: callers.Own, Header: "X-Empty:"},
		"token":             {Route: "GET /things/{id}", Path: "/things/it's", Credential: callers.Token},
		"bad signature":     {Route: "POST /signed/{id}", Path: "/signed/1", Credential: callers.Bad, Body: evil},
		"bad IAM":           {Route: "GET /iam/{id}", Path: "/iam/1", Credential: callers.Bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTryWorld(t)
			got, err := w.send(t, in)
			if err != nil {
				t.Fatal(err)
			}
			sent := w.last(t)
			if sent.Body != in.Body {
				t.Errorf("the body was %q", sent.Body)
			}
			paste(t, got.Curl)
			if pasted := w.last(t); !reflect.DeepEqual(pasted, sent) {
				t.Errorf("got  %+v\nwant %+v\nfrom %s", pasted, sent, got.Curl)
			}
		})
	}
}

// TestTarget: what a path cannot have as it is is encoded, and nothing else.
func TestTarget(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	for path, want := range map[string]string{
		"/any/é x/a%2Fb%C3%A9/[1]/{/../?é={x}&y=%20&z=a b": "/any/%C3%A9%20x/a%2Fb%C3%A9/[1]/%7B/../?%C3%A9=%7Bx%7D&y=%20&z=a%20b",
		"/any/a%61;b=c,d@e:f!$&'()*+~?":                    "/any/a%61;b=c,d@e:f!$&'()*+~?",
	} {
		if _, err := w.send(t, try{Route: "ANY /any/{rest+}", Method: "PATCH", Path: path}); err != nil {
			t.Fatal(err)
		}
		if got := w.last(t).Target; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestTriedCredentials: each credential is good, or bad, as it is sent and as it is
// pasted.
func TestTriedCredentials(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	judge := w.judges(t)
	w.answer = func(out http.ResponseWriter, r *http.Request) {
		if err := judge(r); err != nil {
			http.Error(out, err.Error(), http.StatusForbidden)
		}
	}
	lines := map[string]int{}
	for _, tt := range []struct {
		in   try
		want string
	}{
		{try{Route: "GET /things/{id}", Path: "/things/1", Credential: callers.None}, "no credential"},
		{try{Route: "GET /things/{id}", Path: "/things/1", Credential: callers.Bad}, "invalid signature"},
		{try{Route: "GET /things/{id}", Path: "/things/1", Credential: callers.Expired}, "expired"},
		{try{Route: "GET /things/{id}", Path: "/things/1", Credential: callers.Token}, ""},
		{try{Route: "POST /signed/{id}", Path: "/signed/1", Body: "x", Credential: callers.Bad}, "invalid signature"},
		{try{Route: "POST /signed/{id}", Path: "/signed/a b?c=d&é", Body: "é@", Credential: callers.Signature}, ""},
		{try{Route: "GET /iam/{id}", Path: "/iam/1", Credential: callers.None}, "Request is missing Authentication Token"},
		{try{Route: "GET /iam/{id}", Path: "/iam/1", Credential: callers.Bad}, "The request signature we calculated does not match"},
		{try{Route: "GET /iam/{id}", Path: "/iam/1", Credential: callers.IAM}, ""},
		{try{Route: "GET /iam/{id}", Path: "/iam/é x?b=2&a=1&c", Credential: callers.IAM}, ""},
		{try{Route: "PUT /iam/{id}", Path: "/iam/1", Body: "it's", Credential: callers.IAM}, ""},
	} {
		got, err := w.send(t, tt.in)
		if err != nil {
			t.Fatalf("%s %s: %v", tt.in.Route, tt.in.Credential, err)
		}
		want := http.StatusOK
		if tt.want != "" {
			want = http.StatusForbidden
		}
		if got.Status != want || !strings.Contains(got.Answer, tt.want) {
			t.Errorf("%s %s: got %s, want %d %s", tt.in.Route, tt.in.Credential, got.Answer, want, tt.want)
		}
		lines[got.Curl] = want
	}
	t.Run("pasted", func(t *testing.T) {
		for line, want := range lines {
			if answer := paste(t, line); !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", want)) {
				t.Errorf("%s: got %s, want %d", line, answer, want)
			}
		}
	})
}

// TestIAMLine: curl signs itself with the developer's credentials, where all versions do
// so as AWS does.
func TestIAMLine(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	for path, byCurl := range map[string]bool{"/iam/1": true, "/iam/1?a=b": false, "/iam/é": false} {
		got, err := w.send(t, try{Route: "GET /iam/{id}", Path: path, Credential: callers.IAM})
		if err != nil {
			t.Fatal(err)
		}
		root := w.iam.Root()
		options := fmt.Sprintf("--include --aws-sigv4 'aws:amz:eu-central-1:execute-api' --user '%s:%s' --url", root.AccessKeyID, root.SecretAccessKey)
		if strings.Contains(got.Curl, options) != byCurl || strings.Contains(got.Curl, "Authorization: AWS4-HMAC-SHA256 ") == byCurl {
			t.Errorf("%s: got %s", path, got.Curl)
		}
	}
}

// TestExchange: request and answer are shown as they were sent.
func TestExchange(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	w.answer = func(out http.ResponseWriter, _ *http.Request) {
		out.Header()["Date"] = nil
		out.Header().Set("Location", "/elsewhere")
		out.Header().Set("Content-Type", "text/plain")
		out.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(out, "<b>é</b>\r\n")
	}
	got, err := w.send(t, try{Route: "POST /things", Path: "/things?a=b", Body: "{\n}", Credential: callers.Token})
	if err != nil {
		t.Fatal(err)
	}
	sent := w.last(t)
	host := strings.TrimPrefix(w.api.URL, "http://")
	want := tried{
		RequestID: "id-1", Status: http.StatusFound, Millis: got.Millis,
		Request: "POST /things?a=b HTTP/1.1\nHost: " + host + "\nUser-Agent: Go-http-client/1.1\nConnection: close\nContent-Length: 3\nAuthorization: " + sent.Header.Get("Authorization") +
			"\nContent-Type: application/json\n\n{\n}",
		Answer: "HTTP/1.1 302 Found\nApigw-Requestid: id-1\nContent-Length: 11\nContent-Type: text/plain\nLocation: /elsewhere\n\n<b>é</b>\r\n",
		Curl: "curl --globoff --path-as-is --request 'POST' --header 'Authorization: " + sent.Header.Get("Authorization") + "' --header 'Content-Type: application/json' --include --data-raw '{\n}' --url '" +
			w.api.URL + "/things?a=b'",
	}
	if got != want || got.Millis <= 0 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestLongAnswer: not all of it is shown, and no half of a character.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, want string }{
		{strings.Repeat("é", shownAnswer/2), strings.Repeat("é", shownAnswer/2)},
		{"x" + strings.Repeat("é", shownAnswer), "x" + strings.Repeat("é", shownAnswer/2-1) + "\n[these are the first 65535 of 131073 bytes]"},
		{"\x89PNG\x00", "[5 bytes that are no text]"},
		{strings.Repeat("\xff", shownAnswer+1), "[65537 bytes that are no text]"},
		{"", ""},
	} {
		w := newTryWorld(t)
		w.answer = func(out http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(out, tt.body) }
		got, err := w.send(t, try{Route: "GET /open", Path: "/open"})
		if err != nil {
			t.Fatal(err)
		}
		if _, body, _ := strings.Cut(got.Answer, "\n\n"); body != tt.want {
			t.Errorf("got %d bytes, ending with %q", len(body), body[max(0, len(body)-60):])
		}
	}
}

// TestTriedByDomain: an API without an endpoint of its own is called by its domain.
func TestTriedByDomain(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	w.api.EndpointDisabled = true
	w.api.Domains = []local.Domain{{Host: "closed.example.com", MutualTLS: true}, {Host: "api.example.com", URL: w.api.URL + "/v1"}}
	w.api.URL = "http://127.0.0.1:1"
	judge := w.judges(t)
	w.answer = func(out http.ResponseWriter, r *http.Request) {
		if err := judge(r); strings.HasPrefix(r.URL.Path, "/v1/signed") && err != nil {
			http.Error(out, err.Error(), http.StatusForbidden)
		}
	}
	for _, in := range []try{{Route: "GET /open", Path: "/open"}, {Route: "POST /signed/{id}", Path: "/signed/1", Credential: callers.Signature}} {
		got, err := w.send(t, in)
		if err != nil || got.Status != http.StatusOK {
			t.Fatalf("got %+v, %v", got, err)
		}
		if sent := w.last(t); sent.Host != "api.example.com" || sent.Target != "/v1"+in.Path {
			t.Errorf("got %+v", sent)
		}
		if answer := paste(t, got.Curl); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("got %s", answer)
		}
		if pasted := w.last(t); pasted.Host != "api.example.com" || pasted.Target != "/v1"+in.Path {
			t.Errorf("got %+v", pasted)
		}
	}
}
