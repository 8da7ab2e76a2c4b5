package awsjson

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
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

// service answers calls in turn, the last answer for ever, and records them.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	seen []recorded
}

type recorded struct {
	request *http.Request
	body    string
}

func newService(t *testing.T, answers ...http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.seen = append(s.seen, recorded{r, string(body)})
		answer := answers[min(len(s.seen), len(answers))-1]
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) requests() []recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]recorded(nil), s.seen...)
}

// environment is what a function in front of endpoint sees, changed by pairs
// of name and value.
func environment(endpoint string, pairs ...string) func(string) string {
	env := map[string]string{
		envRegion: "eu-central-1", envAccessKeyID: "AKIDEXAMPLE", envSecretKey: "example-secret-access-key",
		envSessionToken: "example-session-token", "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
	}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

// newClient returns a client for DynamoDB in which every wait is over at once
// and recorded.
func newClient(getenv func(string) string) (*Client, *[]time.Duration) {
	waits := new([]time.Duration)
	return New(Config{
		Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", Getenv: getenv,
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
	}), waits
}

func respond(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func refuse(status int, kind, message string) http.HandlerFunc {
	body, _ := json.Marshal(map[string]string{"__type": kind, "Message": message}) // strings
	return respond(status, string(body))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type input struct{ Key string }

// TestRequest signs the request that arrived anew, with AWS's own signer, and
// compares.
func TestRequest(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(200, `{"Value":"v"}`))
	client, _ := newClient(environment(server.URL))
	now := time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)
	client.config.now = func() time.Time { return now }
	var out struct{ Value string }
	if err := client.Call(t.Context(), "GetItem", input{"k"}, &out); err != nil || out.Value != "v" {
		t.Fatalf("got %+v, %v", out, err)
	}
	got := server.requests()[0]
	if want := `{"Key":"k"}`; got.body != want {
		t.Errorf("got body %s, want %s", got.body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem",
		"X-Amz-Date": "20240905T193308Z", "X-Amz-Security-Token": "example-session-token",
	} {
		if v := got.request.Header.Get(name); v != want {
			t.Errorf("got header %s %q, want %q", name, v, want)
		}
	}
	again, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/", strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("Content-Type", got.request.Header.Get("Content-Type"))
	again.Header.Set("X-Amz-Target", got.request.Header.Get("X-Amz-Target"))
	sum := sha256.Sum256([]byte(got.body))
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example-secret-access-key", SessionToken: "example-session-token"}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(sum[:]), "dynamodb", "eu-central-1", now); err != nil {
		t.Fatal(err)
	}
	if got, want := got.request.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		t.Errorf("got signature %s, want %s", got, want)
	}
}

func TestMisconfigured(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		getenv func(string) string
		in     any
		text   string
	}{
		{"no Region", environment("", envRegion, ""), input{}, `misconfigured: AWS_REGION is "", which is no AWS Region; Lambda sets it, elsewhere set it to the Region of the deployment`},
		{"Region with a host in it", environment("", envRegion, "a.example/"), input{}, `misconfigured: AWS_REGION is "a.example/", which is no AWS Region; Lambda sets it, elsewhere set it to the Region of the deployment`},
		{"no credentials", environment("http://127.0.0.1:1", envSecretKey, ""), input{}, `misconfigured: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; Lambda sets them, elsewhere set them to credentials that may call DynamoDB`},
		{"endpoint without scheme", environment("127.0.0.1:1"), input{}, `misconfigured: AWS_ENDPOINT_URL_DYNAMODB is not an http or https URL`},
		{"general endpoint not HTTP", environment("", envEndpoint, "ftp://a.example"), input{}, `misconfigured: AWS_ENDPOINT_URL is not an http or https URL`},
		{"FIPS neither true nor false", environment("", envFIPS, "yes"), input{}, `misconfigured: AWS_USE_FIPS_ENDPOINT is "yes", neither true nor false`},
		{"dual stack neither true nor false", environment("", envDualStack, "1"), input{}, `misconfigured: AWS_USE_DUALSTACK_ENDPOINT is "1", neither true nor false`},
		{"FIPS of an endpoint of one's own", environment("http://127.0.0.1:1", envFIPS, "true"), input{}, `misconfigured: both AWS_ENDPOINT_URL_DYNAMODB and AWS_USE_FIPS_ENDPOINT are set; remove one of them`},
		{"dual stack of an endpoint of one's own", environment("", envEndpoint, "http://127.0.0.1:1", envDualStack, "true"), input{}, `misconfigured: both AWS_ENDPOINT_URL and AWS_USE_DUALSTACK_ENDPOINT are set; remove one of them`},
		{"no JSON", environment("http://127.0.0.1:1"), math.Inf(1), `misconfigured: the request to DynamoDB for GetItem is no JSON`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, waits := newClient(tt.getenv)
			err := client.Call(t.Context(), "GetItem", tt.in, nil)
			if !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got error %q, want %q", text(err), tt.text)
			}
			if len(*waits) != 0 {
				t.Errorf("a misconfiguration was retried after %v", *waits)
			}
		})
	}
}

// TestCredentials: those of the function are used, and its error is a fault.
func TestCredentials(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(200, `{}`))
	client, _ := newClient(environment(server.URL, envAccessKeyID, ""))
	client.config.Credentials = func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "other"}, nil
	}
	if err := client.Call(t.Context(), "GetItem", input{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := server.requests()[0].request.Header.Get("Authorization"); !strings.Contains(got, "AKIDOTHER/") {
		t.Errorf("got Authorization %s", got)
	}
	client.config.Credentials = func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("no role") }
	if err := client.Call(t.Context(), "GetItem", input{}, nil); !errors.Is(err, authz.ErrUnavailable) || text(err) != "unavailable: getting AWS credentials: no role" {
		t.Errorf("got %v", err)
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
