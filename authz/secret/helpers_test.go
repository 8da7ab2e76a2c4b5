package secret

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
	thirdSecret = "00112233445566778899aabbccddeeff"
	testPath    = "/events-api/jwt-secret"
	testChanged = 1_690_000_000.25 // when all parameters were last changed
)

// fakeSSM holds parameters, answers with failure while it is set, and records
// the calls.
type fakeSSM struct {
	*httptest.Server
	mu         sync.Mutex
	parameters map[string]string
	changed    map[string]float64 // where it is not testChanged
	kind       string
	failure    http.HandlerFunc
	bodies     []string
}

func newSSM(t *testing.T, value string) *fakeSSM {
	t.Helper()
	f := &fakeSSM{kind: secureString, parameters: map[string]string{testPath: value}, changed: map[string]float64{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		f.bodies = append(f.bodies, string(body))
		failure := f.failure
		f.mu.Unlock()
		var input struct{ Name string }
		if err := json.Unmarshal(body, &input); err != nil {
			t.Error(err)
		}
		if failure != nil {
			failure(w, r)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		value, ok := f.parameters[input.Name]
		if !ok {
			refuse("ParameterNotFound")(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": parameter{input.Name, f.kind, value, cmp.Or(f.changed[input.Name], testChanged)}})
	}))
	t.Cleanup(f.Close)
	return f
}

// set changes what the parameter says, and ends a failure.
func (f *fakeSSM) set(path, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parameters[path], f.failure = value, nil
}

// touch says when a parameter was last changed.
func (f *fakeSSM) touch(path string, at float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed[path] = at
}

func (f *fakeSSM) fail(failure http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = failure
}

func (f *fakeSSM) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.bodies)
}

func refuse(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, kind)
	}
}

// down is an error that passes by itself: it is retried, three calls in all.
func down(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

// environment is that of a function that reads testPath at endpoint, changed
// by pairs of name and value.
func environment(endpoint string, pairs ...string) func(string) string {
	env := map[string]string{
		contract.EnvSecretPath: testPath, "AWS_ENDPOINT_URL_SSM": endpoint, "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example-secret-access-key",
	}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

// testClient is a client that waits for nothing.
func testClient(getenv func(string) string) *Client {
	return newClient(awsjson.Config{Getenv: getenv, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_700_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testSource returns a source of the parameters, testPath if there are none.
func testSource(t *testing.T, ssm *fakeSSM, paths ...string) (*Source, *clock) {
	t.Helper()
	return testSourceWith(t, ssm, Config{Paths: paths, Logger: slog.New(slog.DiscardHandler)})
}

func testSourceWith(t *testing.T, ssm *fakeSSM, config Config) (*Source, *clock) {
	t.Helper()
	if config.Paths == nil {
		config.Paths = []string{testPath}
	}
	clock := newClock()
	config.Getenv, config.now = environment(ssm.URL), clock.Now
	s, err := newSource(config, testClient, "")
	if err != nil {
		t.Fatal(err)
	}
	return s, clock
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// names are the secrets of keys by which test constant they are, with their
// ids, without printing one that no constant is.
func names(keys []authz.Key) string {
	var out []string
	for _, key := range keys {
		name := "unknown"
		secret, _ := key.HMACSecret()
		for constant, value := range map[string]string{"test": testSecret, "other": otherSecret, "third": thirdSecret} {
			if string(secret) == value {
				name = constant
			}
		}
		if key.ID() != "" {
			name = key.ID() + "=" + name
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// wantKeys asks for the keys.
func wantKeys(t *testing.T, s *Source, want string) {
	t.Helper()
	keys, err := s.Keys(t.Context())
	if err != nil || names(keys) != want {
		t.Errorf("got the keys %q, error %v; want %q", names(keys), err, want)
	}
}

// wantRefresh refreshes.
func wantRefresh(t *testing.T, s *Source, want string, wantChanged bool) {
	t.Helper()
	keys, changed, err := s.Refresh(t.Context())
	if err != nil || names(keys) != want || changed != wantChanged {
		t.Errorf("a refresh gives %q, changed %v, error %v; want %q, %v", names(keys), changed, err, want, wantChanged)
	}
}

func wantCalls(t *testing.T, ssm *fakeSSM, want int) {
	t.Helper()
	if n := ssm.calls(); n != want {
		t.Errorf("%d calls of Systems Manager, want %d", n, want)
	}
}
