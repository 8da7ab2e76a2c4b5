package httpsig

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

const (
	testKeyID  = "partner-1"
	testNonce  = "2Q7WJQZ5VY3XN4T6KDPMRB8CHS"
	testHost   = "abc123.execute-api.eu-central-1.amazonaws.com"
	testDigest = "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:" // of {}
)

// testCreated is when test signatures are created; testNow is a little later.
var (
	testCreated = time.Unix(1760000000, 0)
	testNow     = testCreated.Add(time.Minute)
	testSecret  = []byte("a secret of the tests, 32 bytes or more")
)

func newKey(t testing.TB, algorithm authz.Algorithm, id string, secret []byte) authz.Key {
	t.Helper()
	key, err := authz.NewHMACKey(algorithm, id, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testKey(t testing.TB) authz.Key {
	t.Helper()
	return newKey(t, authz.HS256, testKeyID, testSecret)
}

func testSigner(t testing.TB) *Signer {
	t.Helper()
	return &Signer{Key: testKey(t), Now: func() time.Time { return testCreated }, nonce: func() string { return testNonce }}
}

// memory is a replay store that records what it is asked.
type memory struct {
	mu   sync.Mutex
	used map[string]time.Time
	err  error
}

func (m *memory) Use(_ context.Context, keyID, nonce string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.used == nil {
		m.used = map[string]time.Time{}
	}
	if _, used := m.used[keyID+" "+nonce]; used {
		return authz.ErrReplayed
	}
	m.used[keyID+" "+nonce] = until
	return nil
}

// newVerifier returns a verifier of testKey with a store of its own, changed.
func newVerifier(t testing.TB, change func(*Config)) (*Verifier, *memory) {
	t.Helper()
	store := &memory{}
	cfg := Config{Keys: authz.StaticKeys{testKey(t)}, Replays: store, now: func() time.Time { return testNow }}
	if change != nil {
		change(&cfg)
	}
	v, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v, store
}

func newRequest(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err == nil && body != "" {
		r, err = http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// received is what an authorizer sees of a request.
func received(r *http.Request) authz.Request {
	out := authz.Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Host: r.URL.Host, Headers: map[string]string{"host": r.URL.Host}}
	for name, values := range r.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if r.ContentLength > 0 {
		out.Headers["content-length"] = fmt.Sprint(r.ContentLength)
	}
	return out
}

// signed signs a request to the test API and returns it as received.
func signed(t testing.TB, s *Signer, method, pathAndQuery, body string) authz.Request {
	t.Helper()
	r := newRequest(t, method, "https://"+testHost+pathAndQuery, body)
	if err := s.Sign(r); err != nil {
		t.Fatal(err)
	}
	return received(r)
}

// authenticate is what a chain with one method does.
func authenticate(ctx context.Context, v *Verifier, r authz.Request) (authz.Principal, error) {
	c, err := Extractor{}.Extract(r)
	if err != nil {
		return authz.Principal{}, err
	}
	return v.Verify(ctx, r, c)
}

var quotedNames = regexp.MustCompile(`"([^"]*)"`)

// resign gives a request the signature that a client would make which has the
// key but not this profile: any components and parameters.
func resign(r authz.Request, secret []byte, label, params string) authz.Request {
	list, _, _ := strings.Cut(params, ")")
	var names []string
	for _, match := range quotedNames.FindAllStringSubmatch(list, -1) {
		names = append(names, match[1])
	}
	m := message{method: r.Method, path: r.Path, query: r.RawQuery, authority: r.Host}
	value := func(component string) string {
		if !strings.HasPrefix(component, "@") {
			return r.Headers[component]
		}
		return m.value(component)
	}
	headers := map[string]string{}
	for name, v := range r.Headers {
		headers[name] = v
	}
	headers["signature-input"] = label + "=" + params
	headers["signature"] = label + "=" + formatBytes(macOf(secret, signatureBase(names, value, params)))
	r.Headers = headers
	return r
}

// Parts of a Signature-Input that the profile accepts.
const (
	covered    = `("@method" "@path" "@query" "@authority")`
	withDigest = `("@method" "@path" "@query" "@authority" "content-digest")`
	parameters = `;created=1760000000;keyid="partner-1";nonce="` + testNonce + `"`
)

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
