package awsjson

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	client.config.Now = func() time.Time { return now }
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

func TestTarget(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, service, region, own, general, want string }{
		{"AWS", "ssm", "eu-central-1", "", "", "https://ssm.eu-central-1.amazonaws.com"},
		{"another service", "dynamodb", "eu-central-1", "", "", "https://dynamodb.eu-central-1.amazonaws.com"},
		{"AWS GovCloud", "ssm", "us-gov-west-1", "", "", "https://ssm.us-gov-west-1.amazonaws.com"},
		{"China", "dynamodb", "cn-north-1", "", "", "https://dynamodb.cn-north-1.amazonaws.com.cn"},
		{"AWS European Sovereign Cloud", "dynamodb", "eusc-de-east-1", "", "", "https://dynamodb.eusc-de-east-1.amazonaws.eu"},
		{"C2S", "dynamodb", "us-iso-east-1", "", "", "https://dynamodb.us-iso-east-1.c2s.ic.gov"},
		{"SC2S", "ssm", "us-isob-east-1", "", "", "https://ssm.us-isob-east-1.sc2s.sgov.gov"},
		{"ADC-E", "ssm", "eu-isoe-west-1", "", "", "https://ssm.eu-isoe-west-1.cloud.adc-e.uk"},
		{"HCI", "ssm", "us-isof-south-1", "", "", "https://ssm.us-isof-south-1.csp.hci.ic.gov"},
		{"general", "ssm", "eu-central-1", "", "http://127.0.0.1:4566", "http://127.0.0.1:4566"},
		{"of the service before general", "ssm", "eu-central-1", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1"},
		{"of another service", "dynamodb", "eu-central-1", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := New(Config{Service: tt.service, Getenv: environment("", envRegion, tt.region, "AWS_ENDPOINT_URL_SSM", tt.own, envEndpoint, tt.general)})
			got, err := client.target()
			if want := (target{tt.want, tt.region}); got != want || err != nil {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
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

func TestCallFails(t *testing.T) {
	t.Parallel()
	const value = "a value that no error may show, in any case at all"
	tests := []struct {
		name   string
		answer http.HandlerFunc
		calls  int
		want   error
		text   string
	}{
		{"denied", refuse(400, "AccessDeniedException", "User: u is not authorized"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "AccessDeniedException": "User: u is not authorized"`},
		{"type with a namespace", refuse(400, "com.amazonaws.dynamodb.v20120810#ValidationException", "bad name"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "ValidationException": "bad name"`},
		{"type in the header", respond(400, `{"message":"old"}`, "X-Amzn-Errortype", "ResourceNotFoundException:http://a.example/"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "old"`},
		{"long message and type", refuse(403, strings.Repeat("t", 9999), strings.Repeat("m", 9999)), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 403, "` + strings.Repeat("t", 100) + `": "` + strings.Repeat("m", 512) + `"`},
		{"not AWS", respond(403, "<html>blocked</html>"), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 403 without saying why`},
		{"redirect", respond(307, "", "Location", "/elsewhere"), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 307 without saying why`},
		{"throttled", refuse(400, "ThrottlingException", "Rate exceeded"), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 400, "ThrottlingException": "Rate exceeded"`},
		{"throughput", refuse(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", ""), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 400, "ProvisionedThroughputExceededException"`},
		{"too many requests", respond(429, ""), 3, authz.ErrUnavailable, `unavailable: DynamoDB answered status 429 without saying why`},
		{"no type", respond(400, `{"message":"no"}`), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 400, "no"`},
		{"internal error", refuse(500, "InternalServerError", "try again"), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 500, "InternalServerError": "try again"`},
		{"a proxy's page", respond(503, "<html>"), 3, authz.ErrUnavailable, `unavailable: DynamoDB answered status 503 without saying why`},
		{"null", respond(200, "null"), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"no JSON", respond(200, value), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"value of another type", respond(200, `{"Value":["`+value+`"]}`), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"too long", respond(200, strings.Repeat(" ", maxResponse+1)), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB is longer than 1048576 bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newService(t, tt.answer)
			client, waits := newClient(environment(server.URL))
			var out struct{ Value string }
			err := client.Call(t.Context(), "GetItem", input{value}, &out)
			if !errors.Is(err, tt.want) || text(err) != tt.text {
				t.Errorf("got error %q, want %q", text(err), tt.text)
			}
			if n := len(server.requests()); n != tt.calls || len(*waits) != tt.calls-1 {
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

// TestUnheard: what is refused for the caller's clock or session says nothing of
// what was asked for, and is not asked again.
func TestUnheard(t *testing.T) {
	t.Parallel()
	for kind := range unheard {
		server := newService(t, refuse(403, kind, "no"))
		client, _ := newClient(environment(server.URL))
		err := fmt.Errorf("calling: %w", client.Call(t.Context(), "GetItem", input{}, nil))
		if !errors.Is(err, authz.ErrUnavailable) || !Unheard(err) || len(server.requests()) != 1 {
			t.Errorf("%s: got %v after %d calls", kind, err, len(server.requests()))
		}
	}
	if Unheard(nil) || Unheard(&Error{Type: "AccessDeniedException"}) {
		t.Error("other errors are taken for such")
	}
}

// TestAnyAnswerIsNoWrite: where nobody reads the answer, it is one of AWS's all
// the same; a write that a proxy has kept back is not counted as done.
func TestAnyAnswerIsNoWrite(t *testing.T) {
	t.Parallel()
	const want = "unavailable: the answer of DynamoDB to PutItem is not as documented"
	for body, good := range map[string]bool{
		"{}": true, " \r\n\t{\"Attributes\":{}}\n": true,
		"": false, "null": false, "[]": false, `"{}"`: false, "{": false, "{}{}": false, "1": false, "\u00a0{}": false,
		"<html>log in to the hotel</html>": false,
	} {
		server := newService(t, respond(200, body))
		client, _ := newClient(environment(server.URL))
		err := client.Call(t.Context(), "PutItem", input{}, nil)
		if good && err != nil || !good && (!errors.Is(err, authz.ErrUnavailable) || text(err) != want) {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// TestThrottling: each refusal that passes by itself is tried again.
func TestThrottling(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
		"RequestThrottled", "RequestThrottledException", "SlowDown", "RequestTimeout", "RequestTimeoutException",
		"PriorRequestNotComplete", "ProvisionedThroughputExceededException", "BandwidthLimitExceeded",
		"LimitExceededException", "TransactionInProgressException", "TransactionConflictException",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := newService(t, refuse(400, kind, "later"))
			client, waits := newClient(environment(server.URL))
			err := client.Call(t.Context(), "UpdateItem", input{}, nil)
			if !errors.Is(err, authz.ErrUnavailable) || errors.Is(err, authz.ErrMisconfigured) || len(server.requests()) != 3 || len(*waits) != 2 {
				t.Errorf("got %v after %d calls", err, len(server.requests()))
			}
		})
	}
}

// TestConditionFails: no fault, and the item is there to look at, but not in
// the text.
func TestConditionFails(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed","Item":{"id":{"S":"x"}}}`))
	client, waits := newClient(environment(server.URL))
	err := client.Call(t.Context(), "PutItem", input{}, nil)
	if item, failed := ConditionFailed(fmt.Errorf("storing: %w", err)); !failed || item.Text("id") != "x" {
		t.Fatalf("got %v of %v", item, err)
	}
	if errors.Is(err, authz.ErrMisconfigured) || errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("it is taken for a fault: %v", err)
	}
	if want := `DynamoDB answered status 400, "ConditionalCheckFailedException": "The conditional request failed"`; text(err) != want || len(*waits) != 0 {
		t.Errorf("got %q after %v, want %q", text(err), *waits, want)
	}
	if want := `AWS answered status 400, "X"`; (&Error{Type: "X", Status: 400}).Error() != want {
		t.Errorf("an Error of a test's own is not %q", want)
	}
}

// TestRetries: throttled, failing and broken calls are repeated, with and
// without kept connections.
func TestRetries(t *testing.T) {
	t.Parallel()
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
	}
	for name, answer := range map[string]http.HandlerFunc{
		"throttled": refuse(400, "ThrottlingException", ""), "internal": refuse(500, "InternalServerError", ""),
		"connection lost": hangUp, "answer cut": cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newService(t, answer, answer, respond(200, `{"Value":"v"}`))
			client, _ := newClient(environment(server.URL))
			var out struct{ Value string }
			if err := client.Call(t.Context(), "GetItem", input{}, &out); err != nil || out.Value != "v" {
				t.Fatalf("got %+v, %v", out, err)
			}
			if n := len(server.requests()); n != 3 {
				t.Errorf("made %d calls, want 3", n)
			}
		})
	}
}

// TestNobodyThere: the address is refused.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(200, ""))
	server.Close()
	client, waits := newClient(environment(server.URL))
	err := client.Call(t.Context(), "GetItem", input{}, nil)
	if !errors.Is(err, authz.ErrUnavailable) || !strings.HasPrefix(text(err), "unavailable: calling DynamoDB: ") {
		t.Errorf("got %q", text(err))
	}
	if len(*waits) != DefaultMaxCalls-1 {
		t.Errorf("waited %v, want %d waits", *waits, DefaultMaxCalls-1)
	}
}

// TestHangs: a server that does not answer costs no more than the caller's
// context.
func TestHangs(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, DefaultMaxCalls), make(chan struct{})
	server := newService(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the server closes
	client, _ := newClient(environment(server.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	err := client.Call(ctx, "GetItem", input{}, nil)
	if !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(server.requests()); n != 1 {
		t.Errorf("made %d calls, want 1", n)
	}
}

// TestTimeouts: what is spent before and in the first invocation together
// stays below the 10 s that API Gateway gives an authorizer; and both limits
// end a call to a server that does not answer.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	if 2*DefaultTimeout >= 10*time.Second || DefaultCallTimeout >= DefaultTimeout {
		t.Errorf("an attempt may take %v, a call %v", DefaultTimeout, DefaultCallTimeout)
	}
	for name, config := range map[string]Config{"exchange": {CallTimeout: 10 * time.Millisecond}, "all": {Timeout: 30 * time.Millisecond, CallTimeout: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			server := newService(t, func(http.ResponseWriter, *http.Request) { <-release })
			t.Cleanup(func() { close(release) })
			config.Service, config.Version, config.Getenv = "dynamodb", "1.0", environment(server.URL)
			err := New(config).Call(t.Context(), "GetItem", input{}, nil)
			if !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
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
