package secret

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	testPath   = "/events-api/jwt-secret"
)

// newSource returns a source that sees the environment env, in which every
// wait is over at once and recorded.
func newSource(env map[string]string) (*Source, *[]time.Duration) {
	s := FromEnvironment(func(name string) string { return env[name] })
	waits := new([]time.Duration)
	s.sleep = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return s, waits
}

// ssmEnvironment is the environment of a function that reads testPath at
// endpoint, changed by pairs of name and value.
func ssmEnvironment(endpoint string, pairs ...string) map[string]string {
	env := map[string]string{
		contract.EnvSecretPath: testPath,
		envRegion:              "eu-central-1",
		envAccessKeyID:         "AKIDEXAMPLE",
		envSecretKey:           "example-secret-access-key",
		envSessionToken:        "example-session-token",
		envEndpointSSM:         endpoint,
	}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeysFromEnvironment(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"raw":    testSecret + "\n",
		"base64": "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newSource(map[string]string{contract.EnvSecret: value})
			keys, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkKeys(t, keys)
		})
	}
}

// checkKeys verifies with the keys a token that testSecret signed.
func checkKeys(t *testing.T, keys []authz.Key) {
	t.Helper()
	verifier, err := authz.NewHS256(authz.HS256Config{
		Keys: authz.StaticKeys(keys), AnyIssuer: true, AnyAudience: true,
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3JfYWJjIiwiZXhwIjoxNzAwMDAwMDYwfQ.H4WmcZSbiREPpvd6atBE3-l3XRLeq4-rzweUZZBH-J0"
	if _, err := verifier.Verify(t.Context(), authz.NewCredential(authz.BearerScheme, token)); err != nil {
		t.Errorf("the keys are not of the secret: %v", err)
	}
}

func TestKeysMisconfigured(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  map[string]string
		text string
	}{
		{"neither", nil, "misconfigured: neither JWT_SECRET_PATH nor JWT_SECRET is set; set the first to the name of the SSM parameter that holds the secret"},
		{"both", map[string]string{contract.EnvSecretPath: "/a", contract.EnvSecret: testSecret}, "misconfigured: both JWT_SECRET_PATH and JWT_SECRET are set; remove one of them"},
		{"short", map[string]string{contract.EnvSecret: testSecret[:31]}, "using environment variable JWT_SECRET: misconfigured: the secret has 31 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"newline only", map[string]string{contract.EnvSecret: "\n"}, "using environment variable JWT_SECRET: misconfigured: the secret has 0 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"bad base64", map[string]string{contract.EnvSecret: "base64:" + testSecret + "?"}, `using environment variable JWT_SECRET: misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`},
		{"path without slash", map[string]string{contract.EnvSecretPath: "jwt"}, `misconfigured: JWT_SECRET_PATH is "jwt", which does not begin with a slash; set it to the full name of the SSM parameter`},
		{"no Region", ssmEnvironment("", envRegion, ""), `reading parameter "/events-api/jwt-secret": misconfigured: AWS_REGION is "", which is no AWS Region; Lambda sets it, elsewhere set it to the parameter's Region`},
		{"Region with a host in it", ssmEnvironment("", envRegion, "a.example/"), `reading parameter "/events-api/jwt-secret": misconfigured: AWS_REGION is "a.example/", which is no AWS Region; Lambda sets it, elsewhere set it to the parameter's Region`},
		{"no credentials", ssmEnvironment("http://127.0.0.1:1", envSecretKey, ""), `reading parameter "/events-api/jwt-secret": misconfigured: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; Lambda sets them, elsewhere set them to credentials that may read the parameter`},
		{"endpoint without scheme", ssmEnvironment("127.0.0.1:1"), `reading parameter "/events-api/jwt-secret": misconfigured: AWS_ENDPOINT_URL_SSM is not an http or https URL`},
		{"general endpoint not HTTP", ssmEnvironment("", envEndpoint, "ftp://a.example"), `reading parameter "/events-api/jwt-secret": misconfigured: AWS_ENDPOINT_URL is not an http or https URL`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, waits := newSource(tt.env)
			keys, err := s.Keys(t.Context())
			if keys != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %v, error %q; want error %q", keys, text(err), tt.text)
			}
			if len(*waits) != 0 {
				t.Errorf("a misconfiguration was retried after %v", *waits)
			}
		})
	}
}

// TestKeysReadsOnce: many callers at once, and later ones, make one call.
func TestKeysReadsOnce(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, answerParameter("SecureString", testSecret))
	s, _ := newSource(ssmEnvironment(ssm.URL))
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if keys, err := s.Keys(t.Context()); err != nil || len(keys) != 1 {
				t.Errorf("got %v, %v", keys, err)
			}
		})
	}
	wait.Wait()
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkKeys(t, keys)
	if n := len(ssm.requests()); n != 1 {
		t.Errorf("made %d calls, want 1", n)
	}
}

// TestKeysRecovers: a failure is not kept, and each call makes one attempt.
func TestKeysRecovers(t *testing.T) {
	t.Parallel()
	denied := answerError(http.StatusBadRequest, "AccessDeniedException", "no")
	ssm := newSSM(t, denied, denied, answerParameter("SecureString", testSecret))
	s, _ := newSource(ssmEnvironment(ssm.URL))
	for i := 1; i <= 2; i++ {
		if _, err := s.Keys(t.Context()); !errors.Is(err, authz.ErrMisconfigured) {
			t.Fatalf("call %d: got %v", i, err)
		}
		if n := len(ssm.requests()); n != i {
			t.Fatalf("made %d calls, want %d", n, i)
		}
	}
	for range 2 {
		keys, err := s.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkKeys(t, keys)
	}
	if n := len(ssm.requests()); n != 3 {
		t.Errorf("made %d calls, want 3", n)
	}
}

// TestKeysWaitingEnds: a caller that waits for another's call does not wait
// longer than its own context.
func TestKeysWaitingEnds(t *testing.T) {
	t.Parallel()
	s, _ := newSource(nil)
	s.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Keys(ctx)
	if want := "unavailable: waiting for the secret: context canceled"; !errors.Is(err, authz.ErrUnavailable) || text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestSourceIsNotPrinted: the secret is not in what fmt prints of a source.
func TestSourceIsNotPrinted(t *testing.T) {
	t.Parallel()
	s, _ := newSource(map[string]string{contract.EnvSecret: testSecret})
	if _, err := s.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if out := fmt.Sprintf(verb, s); strings.Contains(out, testSecret) || strings.Contains(out, "48 49 50 51") || strings.Contains(out, fmt.Sprintf("%x", testSecret)) {
			t.Errorf("%s prints the secret", verb)
		}
	}
}
