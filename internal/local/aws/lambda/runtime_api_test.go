package lambda

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

func TestRuntimeAPI(t *testing.T) {
	t.Parallel()
	a, err := newRuntimeAPI(FunctionInfo{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	e := &event{requestID: "r1", traceID: "Root=1-x", functionARN: "arn:f", deadline: time.UnixMilli(1234567), payload: []byte(`{"a":1}`), result: make(chan result, 1)}
	do := func(method, path, body string) (int, string, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.address+"/2018-06-01/runtime/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // it was only read
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text), res.Header
	}
	expect := func(method, path, body string, status int, answer string) {
		t.Helper()
		if gotStatus, got, _ := do(method, path, body); gotStatus != status || got != answer {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, gotStatus, got, status, answer)
		}
	}
	const ok = `{"status":"OK"}`
	const invalid = `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`

	expect("POST", "invocation/r1/response", "1", 400, invalid) // there is no event yet
	expect("POST", "init/error", `{"errorType":"X"}`, 202, ok)
	if r := <-a.initError; string(r.payload) != `{"errorType":"X"}` {
		t.Errorf("init error: %s", r.payload)
	}
	go func() {
		<-a.polled
		a.events <- e
	}()
	status, body, header := do("GET", "invocation/next", "")
	if status != 200 || body != `{"a":1}` {
		t.Errorf("next: %d %s", status, body)
	}
	for name, want := range map[string]string{
		"Lambda-Runtime-Aws-Request-Id": "r1", "Lambda-Runtime-Deadline-Ms": "1234567",
		"Lambda-Runtime-Invoked-Function-Arn": "arn:f", "Lambda-Runtime-Trace-Id": "Root=1-x", "Content-Type": "application/json",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	expect("POST", "init/error", `{}`, 403, `{"errorType":"InvalidStateTransition","errorMessage":"The runtime has already been initialised"}`)
	expect("POST", "invocation/r2/error", "1", 400, invalid)
	expect("POST", "invocation/r1/response", `"answer"`, 202, ok)
	expect("POST", "invocation/r1/response", `"again"`, 400, invalid)
	if r := <-e.result; string(r.payload) != `"answer"` || r.isError {
		t.Errorf("result: %+v", r)
	}
	expect("GET", "invocation/r1/response", "", 405, "Method Not Allowed\n")
}

func TestRuntimeAPIAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		path    string
		body    string
		trailer http.Header
		status  int
		want    result
	}{
		{"response", "response", `1`, nil, 202, result{payload: []byte(`1`)}},
		{"error", "error", `{"errorType":"E"}`, nil, 202, result{payload: []byte(`{"errorType":"E"}`), isError: true}},
		{"limit", "response", strings.Repeat("x", 6*1024*1024+100), nil, 202, result{payload: []byte(strings.Repeat("x", 6*1024*1024+100))}},
		{"over the limit", "response", strings.Repeat("x", 6*1024*1024+101), nil, 413, result{
			payload: []byte(`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`),
			isError: true, errorType: "Function.ResponseSizeTooLarge",
		}},
		{"error at the end", "response", `half of`, http.Header{
			"Lambda-Runtime-Function-Error-Type": {"E"}, "Lambda-Runtime-Function-Error-Body": {"eyJlIjoxfQ=="},
		}, 202, result{payload: []byte(`{"e":1}`), isError: true, errorType: "E"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := newRuntimeAPI(FunctionInfo{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(a.close)
			e := &event{requestID: "r1", result: make(chan result, 1)}
			a.current = e
			// Not a *strings.Reader: a trailer needs a body of unknown length.
			body := io.MultiReader(strings.NewReader(tt.body))
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+a.address+"/2018-06-01/runtime/invocation/r1/"+tt.path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Trailer = tt.trailer
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			got := <-e.result
			if res.StatusCode != tt.status || string(got.payload) != string(tt.want.payload) || got.isError != tt.want.isError || got.errorType != tt.want.errorType {
				t.Errorf("%d, %.100s, %v, %q", res.StatusCode, got.payload, got.isError, got.errorType)
			}
		})
	}
}

// Who does not know the path is refused, whatever it asks for, and answers no
// event.
func TestRuntimeAPIRefusesStrangers(t *testing.T) {
	t.Parallel()
	var out consoletest.Buffer
	a, err := newRuntimeAPI(FunctionInfo{}, console.New(&out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	e := &event{requestID: "r1", result: make(chan result, 1)}
	a.current = e
	host, secret, _ := strings.Cut(a.address, "/")
	const forged = `{"isAuthorized":true}`
	const response = "/2018-06-01/runtime/invocation/r1/response"
	send := func(path, name string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+host+path, strings.NewReader(forged))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	guesses := []string{
		"", "/", response, "//" + response, "/" + strings.Repeat("0", len(secret)) + response, "/" + secret[:len(secret)-1] + response,
		"/x/" + secret + response, "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/init/error", "/2020-01-01/extension/register",
	}
	for _, guess := range guesses {
		if got := send(guess, ""); got != 403 {
			t.Errorf("%s: %d, want 403", guess, got)
		}
	}
	if got := strings.Count(out.String(), "REFUSED a request to a function's Runtime API without the path"); got != len(guesses) {
		t.Errorf("the console tells of %d requests, want %d:\n%s", got, len(guesses), &out)
	}
	if got := send("/"+secret+response, "rebind.example"); got != 403 {
		t.Errorf("with another host's name: %d, want 403", got)
	}
	select {
	case r := <-e.result:
		t.Fatalf("a stranger answered %s", r.payload)
	default:
	}
	if got := send("/"+secret+response, ""); got != 202 {
		t.Errorf("the function itself got %d, want 202", got)
	}
	if strings.Contains(out.String(), secret) {
		t.Error("the console shows the path")
	}
}
