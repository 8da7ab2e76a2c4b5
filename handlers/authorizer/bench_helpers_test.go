package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

// measured is a function that the benchmarks run, built as it is deployed but for the
// processor.
type measured struct {
	name, folder string // of this repository, below handlers
	methods      string // of an authorizer
	env          []string
	event        []byte

	binary, task string
	size         float64 // in MB
}

// Environment variables of the benchmarks.
const (
	// beside names a checkout of this repository, an older one for instance, whose
	// functions are measured in the same run: with "beside-" before their names.
	beside = "BENCHMARK_BESIDE"
	// only has the names of the functions to measure beside the empty one, with commas
	// between them. Defaults to all.
	only = "BENCHMARK_ONLY"
)

// functionsToMeasure builds an empty function, the authorizers and the handlers. None
// of them has another network than this process: the Runtime API, a Systems Manager
// and a DynamoDB, which answer at once.
func functionsToMeasure(b *testing.B) []*measured {
	b.Helper()
	aws := newAWS(b)
	secret, path := contract.EnvSecret+"="+testSecret, contract.EnvSecretPath+"="+testPath
	signed, err := token.Sign([]byte(testSecret), token.Claims{Subject: "usr_abc", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		b.Fatal(err)
	}
	authorize := eventOf(b, "../../authz/testdata/authorizer_event.json", func(event map[string]any) {
		event["headers"].(map[string]any)["authorization"] = "Bearer " + signed
		event["identitySource"] = []string{"Bearer " + signed}
	})
	request := func(name string) []byte {
		return eventOf(b, "../../internal/events/api/testdata/"+name+".json", func(event map[string]any) {
			if authorizer, ok := event["requestContext"].(map[string]any)["authorizer"].(map[string]any); ok {
				authorizer["lambda"].(map[string]any)["expiresAt"] = time.Now().Add(time.Hour).Unix()
			}
		})
	}
	three := []string{
		contract.EnvRoutePermissions + `={"POST /events":[]}`, contract.EnvAPIKeyTable + "=keys", contract.EnvStateTable + "=state",
		contract.EnvSigningKeysPath + "=" + keysPath,
	}
	functions := []*measured{
		{name: "empty", folder: "authorizer/testdata/empty", event: authorize},
		{name: "authorizer", folder: "authorizer", methods: anyTokens, env: []string{secret}, event: authorize},
		{name: "metrics", folder: "authorizer", methods: anyTokens, env: []string{secret, contract.EnvMetrics + "=Events"}, event: authorize},
		{name: "ssm", folder: "authorizer", methods: anyTokens, env: []string{path}, event: authorize},
		{name: "multiauthorizer", folder: "multiauthorizer", methods: `{"tokens":{},"apiKeys":{"tiers":{"trial":{"perDay":100}}},"signatures":{"permissions":["events:write"]}}`, env: append(three, path), event: authorize},
		{name: "createevent", folder: "createevent", env: []string{contract.EnvTableName + "=events"}, event: request("create")},
		{name: "getevent", folder: "getevent", env: []string{contract.EnvTableName + "=events"}, event: request("get")},
		{name: "listevents", folder: "listevents", env: []string{contract.EnvTableName + "=events"}, event: request("list")},
	}
	if names := os.Getenv(only); names != "" {
		functions = slices.DeleteFunc(functions, func(f *measured) bool {
			return f.name != "empty" && !slices.Contains(strings.Split(names, ","), f.name)
		})
	}
	if other := os.Getenv(beside); other != "" {
		for _, f := range slices.Clone(functions) {
			older := *f
			older.name, older.folder = "beside-"+f.name, filepath.Join(other, "handlers", f.folder)
			functions = append(functions, &older)
		}
	}
	for _, f := range functions {
		f.build(b)
		f.env = append(f.env, "LAMBDA_TASK_ROOT="+f.task, "AWS_LAMBDA_FUNCTION_NAME="+f.name, "AWS_REGION=eu-central-1",
			"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=example", "AWS_ENDPOINT_URL="+aws.URL, contract.EnvCacheTTL+"=0")
	}
	return functions
}

// build compiles the function and writes its methods beside it.
func (f *measured) build(b *testing.B) {
	b.Helper()
	f.binary, f.task = filepath.Join(b.TempDir(), f.name), b.TempDir()
	command := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", f.binary, ".")
	command.Dir = f.folder
	if !filepath.IsAbs(f.folder) {
		command.Dir = filepath.Join("..", f.folder)
	}
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v: %s", f.name, err, output)
	}
	info, err := os.Stat(f.binary)
	if err != nil {
		b.Fatal(err)
	}
	f.size = float64(info.Size()) / 1e6
	if err := os.WriteFile(filepath.Join(f.task, contract.MethodsFile), []byte(f.methods), 0o600); err != nil {
		b.Fatal(err)
	}
}

// run is a function that runs, and the Runtime API that it asks for work.
type run struct {
	process *exec.Cmd
	began   time.Time
	asked   chan time.Time // when it asked for an event
	events  chan []byte
	answers chan answer
}

type answer struct {
	at   time.Time
	kind string
	body []byte
}

// start starts the function; stop ends it.
func (f *measured) start(b *testing.B) (r *run, stop func()) {
	b.Helper()
	r = &run{asked: make(chan time.Time, 1), events: make(chan []byte), answers: make(chan answer, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet {
			r.asked <- time.Now()
			select {
			case event := <-r.events:
				w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation-1")
				w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
				w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:000000000000:function:f")
				_, _ = w.Write(event)
			case <-q.Context().Done():
			}
			return
		}
		body, _ := io.ReadAll(q.Body)
		at := time.Now()
		w.WriteHeader(http.StatusAccepted)
		r.answers <- answer{at, q.URL.Path[strings.LastIndexByte(q.URL.Path, '/')+1:], body}
	}))
	r.process = exec.CommandContext(b.Context(), f.binary)
	r.process.Env = append(slices.Clone(f.env), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	r.process.Stderr = os.Stderr
	r.began = time.Now()
	if err := r.process.Start(); err != nil {
		b.Fatal(err)
	}
	return r, func() {
		_ = r.process.Process.Kill()
		_ = r.process.Wait() // the signal that ended it
		server.Close()
	}
}

// next returns when the function asked for an event.
func (r *run) next(b *testing.B) time.Time {
	b.Helper()
	select {
	case at := <-r.asked:
		return at
	case <-time.After(patience):
		b.Fatal("the function does not ask for an event")
		return time.Time{}
	}
}

// invoke gives an event to the function that has asked for one, and returns when it did
// that and when the answer was there.
func (r *run) invoke(b *testing.B, f *measured) (sent, answered time.Time) {
	b.Helper()
	sent = time.Now()
	r.events <- f.event
	select {
	case a := <-r.answers:
		good := f.folder == "authorizer/testdata/empty" || strings.Contains(f.folder, "testdata") || bytes.HasPrefix(a.body, []byte(`{"isAuthorized":true`)) || bytes.HasPrefix(a.body, []byte(`{"statusCode":20`))
		if a.kind != "response" || !good {
			b.Fatalf("%s answered %s: %s", f.name, a.kind, a.body)
		}
		return sent, a.at
	case <-time.After(patience):
		b.Fatal("the function does not answer")
		return sent, sent
	}
}

// keysPath is where the signing keys are.
const keysPath = "/events-api/signing-keys"

// newAWS is a Systems Manager that has the secrets, and a DynamoDB with one event in
// it, again and again.
func newAWS(b *testing.B) *httptest.Server {
	b.Helper()
	const item = `{"pk":{"S":"EVENT#01J7Z3NDEKTSV4RRFFQ69G5FAV"},"type":{"S":"EVENT"},"id":{"S":"01J7Z3NDEKTSV4RRFFQ69G5FAV"},"name":{"S":"Launch"},"createdBy":{"S":"usr_abc"},"createdAt":{"S":"2024-09-05T19:33:08.000Z"}}`
	answers := map[string]string{
		"DynamoDB_20120810.PutItem": `{}`,
		"DynamoDB_20120810.GetItem": `{"Item":` + item + `}`,
		"DynamoDB_20120810.Query":   `{"Count":10,"ScannedCount":10,"Items":[` + strings.Repeat(item+",", 9) + item + `]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := answers[r.Header.Get("X-Amz-Target")]
		if text == "" {
			var asked struct{ Name string }
			_ = json.Unmarshal(body, &asked)
			value := map[string]string{testPath: testSecret, keysPath: `{\"keys\":{\"partner\":\"` + testSecret + `\"}}`}[asked.Name]
			text = `{"Parameter":{"Name":"` + asked.Name + `","Type":"SecureString","LastModifiedDate":1.7E9,"Value":"` + value + `"}}`
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE([]byte(text))))
		_, _ = io.WriteString(w, text)
	}))
	b.Cleanup(server.Close)
	return server
}

// eventOf is the event of a file, changed.
func eventOf(b *testing.B, path string, change func(map[string]any)) []byte {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		b.Fatal(err)
	}
	change(event)
	if text, err = json.Marshal(event); err != nil {
		b.Fatal(err)
	}
	return text
}

// quantile is the value below which a part of the times is.
func quantile(times []time.Duration, part float64) time.Duration {
	slices.SortFunc(times, cmp.Compare)
	return times[int(part*float64(len(times)-1))]
}

// reportTimes reports a quantile of the times of each function, in the unit, and its
// ratio to that of the empty function.
func reportTimes(b *testing.B, functions []*measured, times [][]time.Duration, part float64, what string, unit time.Duration) {
	b.Helper()
	name := map[time.Duration]string{time.Millisecond: "ms", time.Microsecond: "µs"}[unit]
	for i, f := range functions {
		at := quantile(times[i], part)
		b.ReportMetric(float64(at)/float64(unit), f.name+what+"-"+name)
		if i > 0 {
			b.ReportMetric(float64(at)/float64(quantile(times[0], part)), f.name+what+"/empty")
		}
	}
}
