package httpsig

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// host counts the requests that it gets, and redirects /go to a URL.
func host(t *testing.T, to *string) (url string, got *[]string) {
	t.Helper()
	got = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got = append(*got, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/go" {
			http.Redirect(w, r, *to, http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

// TestRedirect: nobody but the API says what is signed for it, neither by
// leading a client away, where the signature could be collected, nor by leading
// it back.
func TestRedirect(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"away", "back"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var target string
			from, gotFrom := host(t, &target)
			to, gotTo := host(t, &target)
			target = to + "/events/victim"
			client := &http.Client{Transport: &Signer{Key: testKey(t)}}
			if name == "away" { // signed for the API wherever it goes
				client.Transport = &Signer{Key: testKey(t), Authority: "api.example.com"}
			}
			response, err := client.Do(newRequest(t, "DELETE", from+"/go", ""))
			if err == nil {
				_ = response.Body.Close()
			}
			want := "signing a request: " + from + " redirects to " + to + "; only a redirect to the same scheme and host is signed"
			if !strings.HasSuffix(text(err), want) || len(*gotFrom) != 1 || len(*gotTo) != 0 {
				t.Errorf("got %q, requests %q and %q; want %q", text(err), *gotFrom, *gotTo, want)
			}
		})
	}
}

func TestCheckRedirect(t *testing.T) {
	t.Parallel()
	const other = "; only a redirect to the same scheme and host is signed"
	tests := []struct{ name, from, to, err string }{
		{"same host", "https://api.example.com/a", "https://api.example.com/b", ""},
		{"default port", "https://api.example.com/a", "https://API.example.com:443/b", ""},
		{"another port", "https://x/a", "https://x:8443/b", "signing a request: https://x redirects to https://x:8443" + other},
		{"without TLS", "https://x/a", "http://x/a", "signing a request: https://x redirects to http://x" + other},
		{"password", "https://u:hidden@x/a", "https://u:hidden@y/a", "signing a request: https://x redirects to https://y" + other},
		{"unknown", "", "https://x/", "signing a request: it is a redirect of an answer that does not tell its own request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			closed := false
			r := newRequest(t, "POST", tt.to, "")
			r.Body, r.Response = closing{strings.NewReader("{}"), &closed}, &http.Response{}
			if tt.from != "" {
				r.Response.Request = newRequest(t, "POST", tt.from, "")
			}
			response, err := (&Signer{Key: testKey(t), Base: silent{}}).RoundTrip(r)
			if err == nil {
				_ = response.Body.Close()
			}
			if text(err) != tt.err || !closed {
				t.Errorf("got %q, body closed: %t; want %q", text(err), closed, tt.err)
			}
		})
	}
}

// silent answers without sending.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}
