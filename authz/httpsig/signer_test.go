package httpsig

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestSign(t *testing.T) {
	t.Parallel()
	r := newRequest(t, "POST", "https://API.example.com:443/events?b=2&a=%20", "{}")
	r.Header.Set("Content-Digest", "sha-256=:AAAA:")
	for _, name := range []string{"content-digest", "SIGNATURE", "signature-input"} {
		r.Header[name] = []string{"of the caller"}
	}
	r.TransferEncoding = []string{"chunked"}
	if err := testSigner(t).Sign(r); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Content-Digest":  testDigest,
		"Signature-Input": "sig1=" + withDigest + parameters,
	}
	for name, value := range want {
		if got := r.Header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != "{}" || r.ContentLength != 2 || r.TransferEncoding != nil || len(r.Header) != 3 {
		t.Errorf("the body is now %q, %v, length %d, encoding %q; headers %v", body, err, r.ContentLength, r.TransferEncoding, r.Header)
	}
	again, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(again); err != nil || string(body) != "{}" {
		t.Errorf("GetBody gives %q, %v", body, err)
	}
}

// TestSignVector: a signature that OpenSSL made, of a base with the path in its
// canonical encoding and the query string as it is.
func TestSignVector(t *testing.T) {
	t.Parallel()
	r := signed(t, testSigner(t), "GET", "/caf%c3%a9/%61%20b%3Bv=1%2B2?q=%2F&r=+", "")
	if got := r.Headers["signature"]; got != "sig1=:n2otIPjNqgxfyF+NKP+Gnu/UwAO1dhLDTcNAaLCgeUA=:" {
		t.Errorf("got %q", got)
	}
}

// TestSignMessage: what is signed of requests that net/http completes.
func TestSignMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		change    func(*Signer, *http.Request)
		want      message
	}{
		{"host of the URL", "https://api.example.com/", nil, message{authority: "api.example.com"}},
		{"host of the request", "https://127.0.0.1:4000/", func(_ *Signer, r *http.Request) { r.Host = "API.example.com" }, message{authority: "api.example.com"}},
		{"host of the URL without the request's", "https://api.example.com/", func(_ *Signer, r *http.Request) { r.Host = "" }, message{authority: "api.example.com"}},
		{"default port", "https://api.example.com:443/", nil, message{authority: "api.example.com"}},
		{"default port of http", "http://api.example.com:80/", nil, message{authority: "api.example.com"}},
		{"the other's port", "http://api.example.com:443/", nil, message{authority: "api.example.com:443"}},
		{"authority", "http://127.0.0.1:4000/", func(s *Signer, _ *http.Request) { s.Authority = "API.example.com:443" }, message{authority: "api.example.com"}},
		{"authority with the port of http", "https://a.example/", func(s *Signer, _ *http.Request) { s.Authority = "proxy:80" }, message{authority: "proxy"}},
		{"no method", "https://x/", func(_ *Signer, r *http.Request) { r.Method = "" }, message{authority: "x"}},
		{"no headers", "https://x/", func(_ *Signer, r *http.Request) { r.Header = nil }, message{authority: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, r := testSigner(t), newRequest(t, "GET", tt.url, "")
			if tt.change != nil {
				tt.change(s, r)
			}
			if err := s.Sign(r); err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.method, want.path = "GET", "/"
			if signature := formatBytes(macOf(testSecret, signatureBase(components, want.value, covered+parameters))); r.Header.Get("Signature") != "sig1="+signature {
				t.Errorf("signed something else than %+v", want)
			}
		})
	}
}

// TestSignEmptyBody: no body, an empty one and a reader without content are the
// same to a server, and none has a digest.
func TestSignEmptyBody(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.Reader{"nil": nil, "NoBody": http.NoBody, "empty": strings.NewReader(""), "unknown length": io.MultiReader()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+testHost, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Digest", testDigest)
			if err := testSigner(t).Sign(r); err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get("Signature-Input"); got != "sig1="+covered+parameters || r.Header.Get("Content-Digest") != "" || r.ContentLength != 0 || r.URL.Path != "/" {
				t.Errorf("got %q, %+v", got, r)
			}
		})
	}
}

// oddPaths are paths as they stand in a URL, with the path that API Gateway
// hands over and the one that is signed.
var oddPaths = []struct{ name, url, decoded, canonical string }{
	{"plain", "/events/01HQ", "/events/01HQ", "/events/01HQ"},
	{"root", "/", "/", "/"},
	{"slash at the end", "/events/", "/events/", "/events/"},
	{"two slashes", "/a//b", "/a//b", "/a//b"},
	{"space", "/a%20b", "/a b", "/a%20b"},
	{"plus", "/a+b", "/a+b", "/a+b"},
	{"encoded plus", "/a%2Bb", "/a+b", "/a+b"},
	{"semicolon", "/a;v=1", "/a;v=1", "/a;v=1"},
	{"encoded semicolon", "/a%3bv", "/a;v", "/a;v"},
	{"number sign", "/a%23b", "/a#b", "/a%23b"},
	{"unicode", "/caf%C3%A9/日本", "/café/日本", "/caf%C3%A9/%E6%97%A5%E6%9C%AC"},
	{"sub-delimiters", "/$&+,:;=@!'()*", "/$&+,:;=@!'()*", "/$&+,:;=@%21%27%28%29%2A"},
	{"unreserved, encoded", "/%7E%2D%5F%41", "/~-_A", "/~-_A"},
	{"line break", "/a%0A%22@query%22:%20", "/a\n\"@query\": ", "/a%0A%22@query%22:%20"},
	{"NUL", "/%00", "/\x00", "/%00"},
	{"dots", "/a.b/...", "/a.b/...", "/a.b/..."},
}

func TestCanonicalPath(t *testing.T) {
	t.Parallel()
	for _, tt := range oddPaths {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRequest(t, "GET", "https://"+testHost+tt.url, "")
			if r.URL.Path != tt.decoded || canonicalPath(tt.decoded) != tt.canonical {
				t.Fatalf("decoded %q, signed %q; want %q, %q", r.URL.Path, canonicalPath(tt.decoded), tt.decoded, tt.canonical)
			}
			if err := testSigner(t).Sign(r); err != nil {
				t.Fatal(err)
			}
			if got := r.URL.EscapedPath(); got != tt.canonical {
				t.Errorf("sent as %q, want %q", got, tt.canonical)
			}
			v, _ := newVerifier(t, nil)
			if _, err := authenticate(t.Context(), v, received(r)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCanonicalPathBytes pins the encoding of every byte: it is part of the
// protocol.
func TestCanonicalPathBytes(t *testing.T) {
	t.Parallel()
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~$&+,/:;=@"
	const hex = "0123456789ABCDEF"
	for c := range 256 {
		want := "/x%" + hex[c>>4:][:1] + hex[c&15:][:1]
		if strings.IndexByte(plain, byte(c)) >= 0 {
			want = "/x" + string(rune(c))
		}
		if got := canonicalPath("/x" + string([]byte{byte(c)})); got != want {
			t.Errorf("byte %#x: got %q, want %q", c, got, want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	const decodedTwice = "the path has an encoded percent sign or question mark; API Gateway decodes twice and cuts the path at a question mark"
	tests := []struct {
		name   string
		change func(*Signer, *http.Request)
		err    string
	}{
		{"no key", func(s *Signer, _ *http.Request) { s.Key = authz.Key{} }, "the key is not one of HS256 with an id"},
		{"key without id", func(s *Signer, _ *http.Request) { s.Key = newKey(t, authz.HS256, "", testSecret) }, "the key is not one of HS256 with an id"},
		{"HS512", func(s *Signer, _ *http.Request) {
			s.Key = newKey(t, authz.HS512, "k", []byte(strings.Repeat("k", 64)))
		}, "the key is not one of HS256 with an id"},
		{"encoded slash", func(_ *Signer, r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b", "/a%2fb" }, "the path has an encoded slash, which API Gateway decodes"},
		{"percent", func(_ *Signer, r *http.Request) { r.URL.Path = "/100%" }, decodedTwice},
		{"encoded twice", func(_ *Signer, r *http.Request) { r.URL.Path = "/%41" }, decodedTwice},
		{"question mark", func(_ *Signer, r *http.Request) { r.URL.Path = "/a?b" }, decodedTwice},
		{"dot segment", func(_ *Signer, r *http.Request) { r.URL.Path = "/a/./b" }, "the path has a segment . or .., which clients and proxies resolve; resolve it"},
		{"dot segments", func(_ *Signer, r *http.Request) { r.URL.Path = "/a/../b" }, "the path has a segment . or .., which clients and proxies resolve; resolve it"},
		{"not UTF-8", func(_ *Signer, r *http.Request) { r.URL.Path = "/\xff" }, "the path is not UTF-8"},
		{"relative path", func(_ *Signer, r *http.Request) { r.URL.Path = "a" }, "the path does not begin with a slash"},
		{"no URL", func(_ *Signer, r *http.Request) { r.URL = nil }, "the request has no URL"},
		{"opaque", func(_ *Signer, r *http.Request) { r.URL = &url.URL{Scheme: "https", Opaque: "x"} }, "the URL has no path"},
		{"query with a space", func(_ *Signer, r *http.Request) { r.URL.RawQuery = "a=b c" }, "the query string has a character outside visible ASCII; percent-encode it"},
		{"query in UTF-8", func(_ *Signer, r *http.Request) { r.URL.RawQuery = "a=é" }, "the query string has a character outside visible ASCII; percent-encode it"},
		{"method in lower case", func(_ *Signer, r *http.Request) { r.Method = "get" }, "the method is not in upper-case letters"},
		{"authority", func(s *Signer, _ *http.Request) { s.Authority = "https://x" }, "the authority is not a host name or address with an optional port"},
		{"lifetime", func(s *Signer, _ *http.Request) { s.Lifetime = time.Millisecond }, "the lifetime is 1ms; allowed is 1s and more"},
		{"body fails", func(_ *Signer, r *http.Request) { r.Body = io.NopCloser(failing{}) }, "reading the body: broken"},
		{"body too long", func(_ *Signer, r *http.Request) { r.Body = io.NopCloser(io.LimitReader(zeros{}, 10_000_001)) }, "the body is longer than 10000000 bytes, which API Gateway refuses"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, r := testSigner(t), newRequest(t, "POST", "https://"+testHost+"/", "{}")
			tt.change(s, r)
			if err := s.Sign(r); text(err) != "signing a request: "+tt.err || r.Header.Get("Signature") != "" {
				t.Errorf("got %q, want %q", text(err), tt.err)
			}
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestRoundTrip: a client with the signer is accepted at every hop, each time
// with a nonce of its own, and its request is left as it was.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	v, store := newVerifier(t, func(c *Config) { c.now = nil })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := received(r)
		in.Host = r.Host
		if _, err := authenticate(r.Context(), v, in); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "{}" || contentDigest(body) != r.Header.Get("Content-Digest") {
			t.Errorf("%s %s: body %q, %v", r.Method, r.URL, body, err)
		}
		if r.URL.Path == "/first" {
			http.Redirect(w, r, "/second?a=b", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &Signer{Key: testKey(t), Base: server.Client().Transport}}
	r := newRequest(t, "POST", server.URL+"/first", "{}")
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != 200 || len(store.used) != 2 {
		t.Errorf("got status %d, %v, %d nonces", response.StatusCode, err, len(store.used))
	}
	if len(r.Header) != 0 {
		t.Errorf("the caller's request has the headers %v", r.Header)
	}
	closed := false
	r.Body, r.URL.RawQuery = closing{strings.NewReader("{}"), &closed}, "a b"
	if _, err := (&Signer{Key: testKey(t)}).RoundTrip(r); err == nil || !closed { //nolint:bodyclose // there is no response
		t.Errorf("got %v; body closed: %t", err, closed)
	}
}

type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error { *c.closed = true; return nil }
