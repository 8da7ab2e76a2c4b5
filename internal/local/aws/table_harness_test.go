package aws

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

// What clients get: okBody is what testdata/table returns where the
// authorizer's answer has no context, the others are API Gateway's own.
const (
	okBody           = `{"lambda":null}`
	unauthorizedBody = `{"message":"Unauthorized"}`
	forbiddenBody    = `{"message":"Forbidden"}`
	notFoundBody     = `{"message":"Not Found"}`
	serverErrorBody  = `{"message":"Internal Server Error"}`
)

// buildTable compiles testdata/table once for all tests.
var buildTable = sync.OnceValues(func() ([]byte, error) { return buildFunction("./testdata/table") })

// tableStack is the table's base case: GET /r/{id} and GET /other/{id}, a
// simple answer and a TTL of 300 s.
func tableStack(t *testing.T) stack {
	t.Helper()
	binary, err := buildTable()
	if err != nil {
		t.Fatal(err)
	}
	s := protectedAPI(zipped(t, "bootstrap", binary, 0o755)).without("table", "GET /open")
	s.find("GET /item")["routeKey"] = "GET /r/{id}"
	s.find("GET /list")["routeKey"] = "GET /other/{id}"
	s.find("gate")["authorizerResultTtlInSeconds"] = 300
	return s
}

// tableRow is a row's deployment and its client.
type tableRow struct {
	*deployment
	t         *testing.T
	delivered int // answers that came from the handler
}

func newTableRow(t *testing.T, s stack) *tableRow {
	t.Helper()
	w := &tableRow{deployment: newDeployment(t), t: t}
	w.add(s)
	return w
}

// add deploys more.
func (w *tableRow) add(s stack) {
	w.t.Helper()
	if err := w.deploy(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

// tableReply is what the client got.
type tableReply struct {
	w      *tableRow
	what   string
	status int
	header http.Header
	body   string
}

func (w *tableRow) get(path string, headers ...string) tableReply {
	w.t.Helper()
	return w.send(http.MethodGet, path, "", headers...)
}

// send sends a request with headers, whose names are sent as they are written,
// and reads the answer.
func (w *tableRow) send(method, path, body string, headers ...string) tableReply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header[name] = []string{value}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	content, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return tableReply{w, method + " " + path, res.StatusCode, res.Header, string(content)}
}

// want checks the answer, how often the authorizer has run by now, and that
// the handler ran for a 200 and for nothing else.
func (r tableReply) want(status int, body string, runs int) {
	r.w.t.Helper()
	if r.status != status || r.body != body {
		r.w.t.Errorf("%s is %d %s, want %d %s", r.what, r.status, r.body, status, body)
	}
	if got := r.header.Get("Content-Type"); body != "" && got != "application/json" {
		r.w.t.Errorf("%s has the content type %q", r.what, got)
	}
	if status == http.StatusOK {
		r.w.delivered++
	}
	for function, want := range map[string]int{"judge": runs, "reader": r.w.delivered} {
		if got := r.w.runs(function); got != want {
			r.w.t.Errorf("%s: %s has run %d times by now, want %d", r.what, function, got, want)
		}
	}
}

// wantCORS checks that these are all of the answer's CORS headers.
func (r tableReply) wantCORS(want map[string]string) {
	r.w.t.Helper()
	got := map[string]string{}
	for name := range r.header {
		if strings.HasPrefix(name, "Access-Control-") {
			got[name] = r.header.Get(name)
		}
	}
	if !maps.Equal(got, want) {
		r.w.t.Errorf("%s has the CORS headers %q, want %q", r.what, got, want)
	}
}

// messages are the log events of a function.
func (w *tableRow) messages(function string) []string {
	w.t.Helper()
	var messages []string
	for event, err := range w.logs.Since("/aws/lambda/"+function, 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		messages = append(messages, event.Message)
	}
	return messages
}

// runs is how often a function has been started, by the START lines of its
// log, which are written before the function gets its event.
func (w *tableRow) runs(function string) int {
	w.t.Helper()
	n := 0
	for _, message := range w.messages(function) {
		if strings.HasPrefix(message, "START RequestId: ") {
			n++
		}
	}
	return n
}

// event is the first event that a function has logged. What a function prints
// may reach its log after its answer has reached the client.
func (w *tableRow) event(function string) map[string]any {
	w.t.Helper()
	for range 1000 {
		for _, message := range w.messages(function) {
			var event map[string]any
			if json.Unmarshal([]byte(message), &event) == nil {
				return event
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("%s has logged no event: %q", function, w.messages(function))
	return nil
}

// output is a text output of a resource.
func (w *tableRow) output(resource, name string) string {
	return w.outputs[resource].Get(name).AsString()
}

// resetAuthorizersCache empties a stage's cache as any AWS client would.
func (w *tableRow) resetAuthorizersCache(stage string) {
	w.t.Helper()
	client := apigatewayv2.New(apigatewayv2.Options{
		Region:       w.Account.Region,
		BaseEndpoint: aws.String(w.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(w.Credentials.AccessKeyID, w.Credentials.SecretAccessKey, ""),
		Retryer:      aws.NopRetryer{},
	})
	_, err := client.ResetAuthorizersCache(w.t.Context(), &apigatewayv2.ResetAuthorizersCacheInput{
		ApiId: aws.String(w.output("api", "id")), StageName: aws.String(stage),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
