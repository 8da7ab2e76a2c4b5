package secret

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/authz"
)

// fakeSSM answers calls in turn, the last answer for ever, and records them.
type fakeSSM struct {
	*httptest.Server
	mu   sync.Mutex
	seen []recorded
}

type recorded struct {
	request *http.Request
	body    string
}

func newSSM(t *testing.T, answers ...http.HandlerFunc) *fakeSSM {
	t.Helper()
	f := &fakeSSM{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		f.seen = append(f.seen, recorded{r, string(body)})
		answer := answers[min(len(f.seen), len(answers))-1]
		f.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeSSM) requests() []recorded {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]recorded(nil), f.seen...)
}

func answerParameter(kind, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{
			"ARN": "arn:aws:ssm:eu-central-1:000000000000:parameter" + testPath, "Name": testPath, "Type": kind, "Value": value, "Version": 1,
		}})
	}
}

func answerError(status int, kind, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "Message": message})
	}
}

func answerText(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestGetParameterRequest signs the request that arrived anew, with AWS's own
// signer, and compares.
func TestGetParameterRequest(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, answerParameter("SecureString", testSecret))
	s, _ := newSource(ssmEnvironment(ssm.URL))
	now := time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)
	s.now = func() time.Time { return now }
	if _, err := s.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := ssm.requests()[0]
	if want := `{"Name":"/events-api/jwt-secret","WithDecryption":true}`; got.body != want {
		t.Errorf("got body %s, want %s", got.body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter",
		"X-Amz-Date": "20240905T193308Z", "X-Amz-Security-Token": "example-session-token",
	} {
		if v := got.request.Header.Get(name); v != want {
			t.Errorf("got header %s %q, want %q", name, v, want)
		}
	}
	again, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ssm.URL+"/", strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("Content-Type", got.request.Header.Get("Content-Type"))
	again.Header.Set("X-Amz-Target", got.request.Header.Get("X-Amz-Target"))
	sum := sha256.Sum256([]byte(got.body))
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example-secret-access-key", SessionToken: "example-session-token"}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(sum[:]), "ssm", "eu-central-1", now); err != nil {
		t.Fatal(err)
	}
	if got, want := got.request.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		t.Errorf("got signature %s, want %s", got, want)
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, region, ssm, general, want string }{
		{"AWS", "eu-central-1", "", "", "https://ssm.eu-central-1.amazonaws.com"},
		{"AWS GovCloud", "us-gov-west-1", "", "", "https://ssm.us-gov-west-1.amazonaws.com"},
		{"China", "cn-north-1", "", "", "https://ssm.cn-north-1.amazonaws.com.cn"},
		{"general", "eu-central-1", "", "http://127.0.0.1:4566", "http://127.0.0.1:4566"},
		{"of the service before general", "eu-central-1", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newSource(map[string]string{envRegion: tt.region, envEndpointSSM: tt.ssm, envEndpoint: tt.general})
			endpoint, region, err := s.endpoint()
			if endpoint != tt.want || region != tt.region || err != nil {
				t.Errorf("got %s, %s, %v; want %s", endpoint, region, err, tt.want)
			}
		})
	}
}

func TestGetParameterFails(t *testing.T) {
	t.Parallel()
	const prefix = `reading parameter "/events-api/jwt-secret": `
	const value = "a value that no error may show, in any case at all"
	tests := []struct {
		name   string
		answer http.HandlerFunc
		calls  int
		want   error
		text   string
	}{
		{"not found", answerError(400, "ParameterNotFound", ""), 1, authz.ErrMisconfigured,
			`misconfigured: Systems Manager answered status 400, "ParameterNotFound": ""; put the parameter: aws ssm put-parameter --type SecureString --name /events-api/jwt-secret --value …`},
		{"denied", answerError(400, "AccessDeniedException", "User: u is not authorized to perform: ssm:GetParameter"), 1, authz.ErrMisconfigured,
			`misconfigured: Systems Manager answered status 400, "AccessDeniedException": "User: u is not authorized to perform: ssm:GetParameter"; allow the function's role ssm:GetParameter on /events-api/jwt-secret, and kms:Decrypt if the parameter has a key of its own`},
		{"type with a namespace", answerError(400, "com.amazonaws.ssm#ValidationException", "bad name"), 1, authz.ErrMisconfigured,
			`misconfigured: Systems Manager answered status 400, "ValidationException": "bad name"`},
		{"type in the header", answerText(400, `{"message":"old"}`, "X-Amzn-Errortype", "ExpiredTokenException:http://a.example/"), 1, authz.ErrMisconfigured,
			`misconfigured: Systems Manager answered status 400, "ExpiredTokenException": "old"`},
		{"long message", answerError(403, "X", strings.Repeat("m", 9999)), 1, authz.ErrMisconfigured,
			`misconfigured: Systems Manager answered status 403, "X": "` + strings.Repeat("m", 512) + `"`},
		{"redirect", answerText(307, "", "Location", "/elsewhere"), 1, authz.ErrMisconfigured, `misconfigured: Systems Manager answered status 307, "": ""`},
		{"throttled", answerError(400, "ThrottlingException", "Rate exceeded"), 3, authz.ErrUnavailable,
			`unavailable: Systems Manager answered status 400, "ThrottlingException": "Rate exceeded"`},
		{"too many requests", answerText(429, ""), 3, authz.ErrUnavailable, `unavailable: Systems Manager answered status 429, "": ""`},
		{"internal error", answerError(500, "InternalServerError", "try again"), 3, authz.ErrUnavailable,
			`unavailable: Systems Manager answered status 500, "InternalServerError": "try again"`},
		{"a proxy's page", answerText(503, "<html>"), 3, authz.ErrUnavailable, `unavailable: Systems Manager answered status 503, "": ""`},
		{"no JSON", answerText(200, value), 1, authz.ErrUnavailable, `unavailable: the answer of Systems Manager has no parameter`},
		{"no parameter", answerText(200, `{}`), 1, authz.ErrUnavailable, `unavailable: the answer of Systems Manager has no parameter`},
		{"value of another type", answerText(200, `{"Parameter":{"Type":"SecureString","Value":["`+value+`"]}}`), 1, authz.ErrUnavailable, `unavailable: the answer of Systems Manager has no parameter`},
		{"too long", answerText(200, strings.Repeat(" ", maxResponse+1)), 1, authz.ErrUnavailable, `unavailable: the answer of Systems Manager is longer than 65536 bytes`},
		{"String", answerParameter("String", value), 1, authz.ErrMisconfigured,
			`misconfigured: its type is "String", but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name /events-api/jwt-secret --value …`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ssm := newSSM(t, tt.answer)
			s, waits := newSource(ssmEnvironment(ssm.URL))
			keys, err := s.Keys(t.Context())
			if keys != nil || !errors.Is(err, tt.want) || text(err) != prefix+tt.text {
				t.Errorf("got error %q, want %q", text(err), prefix+tt.text)
			}
			if n := len(ssm.requests()); n != tt.calls || len(*waits) != tt.calls-1 {
				t.Errorf("made %d calls and waited %v, want %d calls", n, *waits, tt.calls)
			}
			for i, wait := range *waits {
				if full := firstBackOff << i; wait < full/2 || wait >= full {
					t.Errorf("wait %d is %v, want %v to %v", i+1, wait, full/2, full)
				}
			}
		})
	}
}

// TestGetParameterSecretUnusable: the value is the parameter's own fault.
func TestGetParameterSecretUnusable(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, answerParameter("SecureString", "hunter2"))
	s, _ := newSource(ssmEnvironment(ssm.URL))
	_, err := s.Keys(t.Context())
	const want = `using parameter "/events-api/jwt-secret": misconfigured: the secret has 7 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32`
	if !errors.Is(err, authz.ErrMisconfigured) || text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

// TestGetParameterRetries: throttled, failing and broken calls are repeated.
func TestGetParameterRetries(t *testing.T) {
	t.Parallel()
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
	}
	for name, answer := range map[string]http.HandlerFunc{
		"throttled": answerError(400, "ThrottlingException", ""), "internal": answerError(500, "InternalServerError", ""),
		"connection lost": hangUp, "answer cut": cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ssm := newSSM(t, answer, answer, answerParameter("SecureString", testSecret))
			s, _ := newSource(ssmEnvironment(ssm.URL))
			keys, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkKeys(t, keys)
			if n := len(ssm.requests()); n != 3 {
				t.Errorf("made %d calls, want 3", n)
			}
		})
	}
}

// TestGetParameterNobodyThere: the address is refused.
func TestGetParameterNobodyThere(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, answerText(200, ""))
	ssm.Close()
	s, waits := newSource(ssmEnvironment(ssm.URL))
	_, err := s.Keys(t.Context())
	if !errors.Is(err, authz.ErrUnavailable) || !strings.HasPrefix(text(err), `reading parameter "/events-api/jwt-secret": unavailable: calling Systems Manager: `) {
		t.Errorf("got %q", text(err))
	}
	if len(*waits) != maxCalls-1 {
		t.Errorf("waited %v, want %d waits", *waits, maxCalls-1)
	}
}

// TestGetParameterHangs: a server that does not answer costs no more than the
// caller's context.
func TestGetParameterHangs(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, maxCalls), make(chan struct{})
	ssm := newSSM(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the server closes
	s, _ := newSource(ssmEnvironment(ssm.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := s.Keys(ctx)
	if !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(ssm.requests()); n != 1 {
		t.Errorf("made %d calls, want 1", n)
	}
}

// TestGetParameterTimeouts: what is spent before and in the first invocation
// together stays below the 10 s that API Gateway gives an authorizer.
func TestGetParameterTimeouts(t *testing.T) {
	t.Parallel()
	if 2*readTimeout >= 10*time.Second || callTimeout >= readTimeout {
		t.Errorf("an attempt may take %v, a call %v", readTimeout, callTimeout)
	}
}
