package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	testPath    = "/events-api/jwt-secret"
	testChanged = 1_700_000_000 // when the parameter was last changed
	patience    = 30 * time.Second
)

// TestBinary runs the real binary against a Runtime API and a Systems Manager
// of the test's own: down at cold start, then there.
func TestBinary(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t)
	ssm.down.Store(true)
	f := start(t, anyTokens, contract.EnvSecretPath+"="+testPath, "AWS_ENDPOINT_URL_SSM="+ssm.URL)
	good, forged := sign(t, testSecret), sign(t, strings.ToUpper(testSecret))

	const fault = `{"errorMessage":"judging a request: reading parameter \"/events-api/jwt-secret\": misconfigured: Systems Manager answered status 400, \"AccessDeniedException\": \"no\"; `
	f.invoke(t, "Bearer "+good, "error", fault)
	f.invoke(t, "Bearer "+good, "error", fault)
	// One attempt at cold start; its failure is the answer for a second.
	failed := ssm.calls.Load()
	if failed < 1 || failed > 3 {
		t.Errorf("%d calls of Systems Manager, want one, or another a second", failed)
	}
	ssm.down.Store(false)
	time.Sleep(1100 * time.Millisecond)
	f.invoke(t, "Bearer "+good, "response", `{"isAuthorized":true,"context":{"credentialId":"sha256:`)
	for _, bad := range []string{
		"Bearer bad-token", "bearer " + forged, "Basic dTpw", "Bearer " + good + ",Bearer " + good,
		"Bearer " + good[:len(good)-4] + "AAAA", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
	} {
		f.invoke(t, bad, "response", `{"isAuthorized":false}`)
	}
	f.invoke(t, "", "response", `{"errorMessage":"Unauthorized"}`)
	f.invoke(t, "BEARER "+good, "response", `{"isAuthorized":true,"context":{"credentialId":"sha256:`)
	if n := ssm.calls.Load() - failed; n != 3 {
		t.Errorf("%d calls of Systems Manager after those that failed, want 3: one read the secret, and two looked for newer keys", n)
	}

	log := f.stop(t)
	for what, forbidden := range map[string]string{"the secret": testSecret, "a token": good, "a bad token": "bad-token"} {
		if strings.Contains(log, forbidden) {
			t.Errorf("%s is in the log", what)
		}
	}
	if n := strings.Count(log, `"msg":"reading secrets at cold start"`); n != 1 {
		t.Errorf("the failure at cold start is logged %d times", n)
	}
	if n := strings.Count(log, `"msg":"request not judged","reason":"misconfigured"`); n != 2 {
		t.Errorf("faults are logged %d times, want 2", n)
	}
	if n := strings.Count(log, `"msg":"request denied"`); n != 7 {
		t.Errorf("denials are logged %d times, want 7", n)
	}
	sum := sha256.Sum256([]byte(forged))
	if want := fmt.Sprintf(`"reason":"invalid signature","error":"invalid signature","method":"JWT","credentialId":"sha256:%x","requestId":"invocation-5","apiRequestId":"api-1","routeKey":"POST /events"}`, sum[:6]); !strings.Contains(log, want) {
		t.Errorf("the denial of invocation 5 is not logged as it should be:\n%s", log)
	}
}

// TestBinaryReadsAtColdStart: with Systems Manager there, the secret has been
// read before the first event is asked for, and is never read again.
func TestBinaryReadsAtColdStart(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t)
	f := start(t, anyTokens, contract.EnvSecretPath+"="+testPath, "AWS_ENDPOINT_URL_SSM="+ssm.URL)
	f.waitForNext(t)
	if n := ssm.calls.Load(); n != 1 {
		t.Errorf("%d calls of Systems Manager before the first event, want 1", n)
	}
	ssm.down.Store(true)
	for range 3 {
		f.invoke(t, "Bearer "+sign(t, testSecret), "response", `{"isAuthorized":true,`)
	}
	if n := ssm.calls.Load(); n != 1 {
		t.Errorf("%d calls of Systems Manager, want 1", n)
	}
	if log := f.stop(t); log != "" {
		t.Errorf("allows are logged: %s", log)
	}
}

// TestBinaryMetrics: where the environment asks for metrics, each decision is a line,
// a denial too, with the age of the secret.
func TestBinaryMetrics(t *testing.T) {
	t.Parallel()
	f := start(t, anyTokens, contract.EnvSecretPath+"="+testPath, "AWS_ENDPOINT_URL_SSM="+newSSM(t).URL,
		contract.EnvMetrics+"=Events", "AWS_LAMBDA_FUNCTION_NAME=events-authorizer")
	good := "Bearer " + sign(t, testSecret)
	f.invoke(t, good, "response", `{"isAuthorized":true,`)
	f.invoke(t, "Bearer bad-token", "response", `{"isAuthorized":false}`)
	f.invoke(t, good, "response", `{"isAuthorized":true,`)

	type line struct {
		Function                                     string
		Requests, Allowed, Denied, Errors, ColdStart int
		Latency                                      *float64
		SecretAge                                    int64
		Reason                                       string
	}
	want := []line{
		{Function: "events-authorizer", Requests: 1, Allowed: 1, ColdStart: 1},
		{Function: "events-authorizer", Requests: 1, Denied: 1, Reason: "malformed"},
		{Function: "events-authorizer", Requests: 1, Allowed: 1},
	}
	var got []line
	age := time.Now().Unix() - testChanged
	for text := range strings.Lines(f.stop(t)) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if l.Latency == nil || *l.Latency <= 0 || l.SecretAge < age-60 || l.SecretAge > age+60 {
			t.Errorf("%s: want a latency and the age %d", text, age)
		}
		l.Latency, l.SecretAge = nil, 0
		got = append(got, l)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestBinarySecretInEnvironment: injected at deployment, no call is made.
func TestBinarySecretInEnvironment(t *testing.T) {
	t.Parallel()
	f := start(t, anyTokens, contract.EnvSecret+"="+testSecret+"\n")
	f.invoke(t, "Bearer "+sign(t, testSecret), "response", `{"isAuthorized":true,`)
	f.invoke(t, "Bearer bad-token", "response", `{"isAuthorized":false}`)
	f.stop(t)
}

// TestBinaryTokens: what the methods say of tokens holds: issuer, audience, leeway and
// permissions.
func TestBinaryTokens(t *testing.T) {
	t.Parallel()
	bearer := func(claims token.Claims) string {
		claims.Subject, claims.ExpiresAt = "usr_abc", time.Now().Add(time.Hour)
		signed, err := token.Sign([]byte(testSecret), claims)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + signed
	}
	ahead := func(d time.Duration) token.Claims { return token.Claims{IssuedAt: time.Now().Add(d)} }
	extra := func(claims map[string]any) token.Claims { return token.Claims{Extra: claims} }
	const allowed, denied = `{"isAuthorized":true,`, `{"isAuthorized":false}`
	const restricted = `{"tokens":{"issuer":"i","audience":"a","leewaySeconds":1,"permissionsClaim":"roles"}}`
	good := map[string]any{"iss": "i", "aud": "a", "roles": []string{"events:write"}}
	with := func(name string, value any) token.Claims {
		claims := maps.Clone(good)
		claims[name] = value
		return extra(claims)
	}
	early := with("iss", "i")
	early.IssuedAt = time.Now().Add(20 * time.Second)
	for _, tt := range []struct {
		name, methods string
		claims        token.Claims
		want          string
	}{
		{"an issuer's clock that is ahead", anyTokens, ahead(20 * time.Second), denied},
		{"one that is ahead, scopes", anyTokens, token.Claims{IssuedAt: time.Now().Add(20 * time.Second), Extra: map[string]any{"scope": "events:write"}}, allowed},
		{"too far ahead", anyTokens, token.Claims{IssuedAt: time.Now().Add(20 * time.Minute), Extra: map[string]any{"scope": "events:write"}}, denied},
		{"permissions", anyTokens, extra(map[string]any{"permissions": []string{"events:*"}}), allowed},
		{"as it should be", restricted, extra(good), allowed},
		{"permissions as words", restricted, with("roles", "x events:write"), allowed},
		{"permissions of another type", restricted, with("roles", 7), denied},
		{"another's permissions", restricted, with("roles", "events:read"), denied},
		{"permissions in another claim", restricted, extra(map[string]any{"iss": "i", "aud": "a", "permissions": []string{"events:write"}, "scope": "events:write"}), denied},
		{"another issuer", restricted, with("iss", "j"), denied},
		{"another audience", restricted, with("aud", "b"), denied},
		{"ahead by more than the leeway", restricted, early, denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := start(t, tt.methods, contract.EnvSecret+"="+testSecret, contract.EnvRoutePermissions+`={"POST /events":["events:write"]}`)
			f.invoke(t, bearer(tt.claims), "response", tt.want)
			f.stop(t)
		})
	}
}

// TestBinaryWithoutMethods: the function does not start where it is not told what it is
// to accept, or is told of more than it can.
func TestBinaryWithoutMethods(t *testing.T) {
	t.Parallel()
	for methods, want := range map[string]string{
		`{"tokens":{"Issuer":"i","issuer":"i"}}`: "reading what the authorizer accepts: authorizer-methods.json: it names a member twice; deploy it with the component, as an authorizer without a Function",
		`{"tokens":{},"apiKeys":{"tiers":{}}}`:   "this authorizer accepts tokens, and nothing else: handlers/multiauthorizer accepts API keys and signed requests too",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, contract.MethodsFile), []byte(methods), 0o600); err != nil {
			t.Fatal(err)
		}
		process := exec.CommandContext(t.Context(), buildBinary(t))
		process.Env = []string{"LAMBDA_TASK_ROOT=" + folder}
		out, err := process.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(string(out), `"msg":"configuring the authorizer","error":"`+want+`"`) {
			t.Errorf("%s: %v, %s", methods, err, out)
		}
	}
}

// TestBinaryMisconfigured: the function answers, each time with the cause.
func TestBinaryMisconfigured(t *testing.T) {
	t.Parallel()
	f := start(t, anyTokens)
	for range 2 {
		f.invoke(t, "Bearer bad-token", "error", `{"errorMessage":"judging a request: misconfigured: neither JWT_SECRET_PATH nor JWT_SECRET is set; set the first to the name of the SSM parameter that holds the secret, or to the ARN of a secret of Secrets Manager",`)
	}
	f.stop(t)
}

var buildOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "bootstrap")
	command := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", path, ".")
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

var buildDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if buildDir, err = os.MkdirTemp("", "authorizer"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(buildDir) }()
		return m.Run()
	}())
}

// buildBinary compiles the function for this machine, once for all tests.
func buildBinary(t *testing.T) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func sign(t *testing.T, secret string) string {
	t.Helper()
	signed, err := token.Sign([]byte(secret), token.Claims{Subject: "usr_abc", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// fakeSSM holds the parameter, or denies access to it while it is down.
type fakeSSM struct {
	*httptest.Server
	down  atomic.Bool
	calls atomic.Int64
}

func newSSM(t *testing.T) *fakeSSM {
	t.Helper()
	f := &fakeSSM{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		if want := `{"Name":"` + testPath + `","WithDecryption":true}`; string(body) != want {
			t.Errorf("Systems Manager was asked for %s, want %s", body, want)
		}
		if f.down.Load() {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","Message":"no"}`)
			return
		}
		_, _ = io.WriteString(w, `{"Parameter":{"Name":"`+testPath+`","Type":"SecureString","LastModifiedDate":1.7E9,"Value":"`+testSecret+`"}}`)
	}))
	t.Cleanup(f.Close)
	return f
}

// function is a running bootstrap and its Runtime API.
type function struct {
	process *exec.Cmd
	log     *bytes.Buffer
	next    chan struct{} // the function asked for an event
	events  chan []byte   // the answers to that
	posts   chan post
	count   int
}

type post struct{ path, body string }

// anyTokens are the methods of an authorizer that is told of a secret alone.
const anyTokens = `{"tokens":{}}`

// start runs the binary with the methods, and with the environment that Lambda gives a
// function and env.
func start(t *testing.T, methods string, env ...string) *function {
	t.Helper()
	f := &function{log: new(bytes.Buffer), next: make(chan struct{}, 1), events: make(chan []byte), posts: make(chan post, 1)}
	sent := 0 // the function asks for one event after the other
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		f.next <- struct{}{}
		select {
		case event := <-f.events:
			sent++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("invocation-%d", sent))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:000000000000:function:authorizer")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		f.posts <- post{r.PathValue("id") + "/" + r.PathValue("kind"), string(body)}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, contract.MethodsFile), []byte(methods), 0o600); err != nil {
		t.Fatal(err)
	}
	f.process = exec.CommandContext(t.Context(), buildBinary(t))
	f.process.Stdout, f.process.Stderr = f.log, f.log
	f.process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"), "AWS_REGION=eu-central-1", "LAMBDA_TASK_ROOT=" + folder,
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=example",
	}, env...)
	if err := f.process.Start(); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *function) waitForNext(t *testing.T) {
	t.Helper()
	select {
	case <-f.next:
		f.next <- struct{}{} // still to be answered
	case <-time.After(patience):
		t.Fatal("the function does not ask for an event")
	}
}

// invoke sends an event with the header Authorization, none if it is empty,
// and checks where the function posts its answer and how that begins.
func (f *function) invoke(t *testing.T, authorization, kind, prefix string) {
	t.Helper()
	headers := map[string]string{"host": "a.example"}
	if authorization != "" {
		headers["authorization"] = authorization
	}
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "type": "REQUEST", "routeKey": "POST /events", "headers": headers,
		"requestContext": map[string]any{"requestId": "api-1", "routeKey": "POST /events"},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.waitForNext(t)
	<-f.next
	f.events <- event
	f.count++
	select {
	case got := <-f.posts:
		if want := fmt.Sprintf("invocation-%d/%s", f.count, kind); got.path != want || !strings.HasPrefix(got.body, prefix) {
			t.Errorf("the function posted to %s: %s\nwant %s: %s…", got.path, got.body, want, prefix)
		}
	case <-time.After(patience):
		t.Fatal("the function does not answer")
	}
}

// stop ends the function, which must be waiting for an event, and returns what
// it wrote.
func (f *function) stop(t *testing.T) string {
	t.Helper()
	f.waitForNext(t)
	if err := f.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = f.process.Wait() // the signal that ended it
	return f.log.String()
}
