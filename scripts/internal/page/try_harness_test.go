package page

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

const (
	trySecret = "tokens-0123456789abcdef0123456789abcdef"
	tryKey    = "signing-0123456789abcdef0123456789abcdef"
)

// tryWorld is an API that records what it is asked, and its callers.
type tryWorld struct {
	iam    *iam.Service
	trier  trier
	api    local.API
	answer http.HandlerFunc // after recording

	mu       sync.Mutex
	recorded []recordedRequest
}

// recordedRequest is what a client sent, without what differs between clients.
type recordedRequest struct {
	Method, Target, Host, Body string
	Header                     http.Header
}

func newTryWorld(t *testing.T) *tryWorld {
	t.Helper()
	w := &tryWorld{iam: iam.New(endpointtest.Account), answer: func(http.ResponseWriter, *http.Request) {}}
	w.trier = trier{callers.New(w)}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	custom := func(key, authorizer string) local.Route {
		return local.Route{Key: key, Authorization: "CUSTOM", Authorizer: authorizer}
	}
	w.api = local.API{Name: "shop", ID: "a1", Stage: "$default", URL: server.URL, Routes: []local.Route{
		{Key: "$default", Authorization: "NONE"}, {Key: "ANY /any/{rest+}", Authorization: "NONE"}, {Key: "GET /open", Authorization: "NONE"},
		{Key: "GET /iam/{id}", Authorization: "AWS_IAM"}, {Key: "PUT /iam/{id}", Authorization: "AWS_IAM"},
		custom("GET /things/mine", "staff"), custom("GET /things/{id}", "staff"), custom("POST /things", "staff"), custom("POST /signed/{id}", "partners"),
	}}
	return w
}

func (w *tryWorld) Functions() []lambda.FunctionInfo {
	all := make([]lambda.FunctionInfo, 2)
	all[0].Name, all[0].Environment = "partners", map[string]string{"SIGNING_KEYS_PATH": "/keys"}
	all[1].Name, all[1].Environment = "staff", map[string]string{"JWT_SECRET_PATH": "/secret"}
	return all
}

func (w *tryWorld) SecretValue(name string) (string, error) {
	return map[string]string{"/secret": trySecret, "/keys": `{"keys":{"mill":"` + tryKey + `"}}`}[name], nil
}

func (w *tryWorld) Environment() map[string]string {
	root := w.iam.Root()
	return map[string]string{"AWS_REGION": endpointtest.Account.Region, "AWS_ACCESS_KEY_ID": root.AccessKeyID, "AWS_SECRET_ACCESS_KEY": root.SecretAccessKey}
}

func (w *tryWorld) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	header := r.Header.Clone()
	for _, name := range []string{"Accept", "Connection", "Content-Length", "User-Agent"} {
		header.Del(name)
	}
	w.mu.Lock()
	w.recorded = append(w.recorded, recordedRequest{r.Method, r.RequestURI, r.Host, string(body), header})
	w.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	out.Header().Set("Apigw-Requestid", "id-1")
	w.answer(out, r)
}

// last takes what was recorded.
func (w *tryWorld) last(t *testing.T) recordedRequest {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.recorded) != 1 {
		t.Fatalf("%d requests were sent, not 1", len(w.recorded))
	}
	r := w.recorded[0]
	w.recorded = nil
	return r
}

// send tries what is complete but for the API.
func (w *tryWorld) send(t *testing.T, in try) (tried, error) {
	t.Helper()
	in.API, in.Stage = "a1", "$default"
	if in.Credential == "" {
		in.Credential = callers.None
	}
	return w.trier.send(t.Context(), []local.API{{ID: "other"}, w.api}, in)
}

// paste runs a command line as somebody does who pastes it.
func paste(t *testing.T, line string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl on this machine")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return string(out)
}

// nonceOnce takes a nonce once.
type nonceOnce struct{ used sync.Map }

func (n *nonceOnce) Use(_ context.Context, keyID, nonce string, _ time.Time) error {
	if _, used := n.used.LoadOrStore(keyID+" "+nonce, true); used {
		return authz.ErrReplayed
	}
	return nil
}

// judges says what becomes of a request's credential, as the API does.
func (w *tryWorld) judges(t *testing.T) func(*http.Request) error {
	t.Helper()
	token, err1 := authz.NewHMACKey(authz.HS256, "", []byte(trySecret))
	signing, err2 := authz.NewHMACKey(authz.HS256, "mill", []byte(tryKey))
	tokens, err3 := authz.NewJWT(authz.JWTConfig{Keys: authz.StaticKeys{token}, AnyIssuer: true, AnyAudience: true})
	signatures, err4 := httpsig.New(httpsig.Config{Keys: authz.StaticKeys{signing}, Replays: &nonceOnce{}})
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	chain := authz.Chain{{Extractor: httpsig.Extractor{}, Verifier: signatures}, {Verifier: tokens}}
	return func(r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if strings.HasPrefix(r.URL.Path, "/iam/") {
			_, err = w.iam.VerifyExecuteAPI(r, body, time.Now())
			return err
		}
		headers := map[string]string{}
		for name, values := range r.Header {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
		_, err = chain.Authenticate(r.Context(), authz.Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Host: r.Host, Headers: headers})
		return err
	}
}
