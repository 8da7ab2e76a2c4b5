package sign

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// nonces is a replay store in memory.
type nonces struct {
	mu   sync.Mutex
	used map[string]bool
}

func (n *nonces) Use(_ context.Context, keyID, nonce string, _ time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used[keyID+" "+nonce] {
		return authz.ErrReplayed
	}
	n.used[keyID+" "+nonce] = true
	return nil
}

// newAPI is an API that judges signatures as an authorizer and a handler would.
// It answers 200 with what it got, else 403.
func newAPI(t *testing.T) string {
	t.Helper()
	key, err := authz.NewHMACKey(authz.HS256, "partner-1", []byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := httpsig.New(httpsig.Config{Keys: authz.StaticKeys{key}, Replays: &nonces{used: map[string]bool{}}})
	if err != nil {
		t.Fatal(err)
	}
	chain := authz.Chain{{Extractor: httpsig.Extractor{}, Verifier: verifier}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers := map[string]string{}
		for name, values := range r.Header {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if len(body) > 0 {
			headers["content-length"] = "1"
		}
		_, err = chain.Authenticate(r.Context(), authz.Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Host: r.Host, Headers: headers})
		event := events.APIGatewayV2HTTPRequest{Headers: headers, Body: string(body)}
		event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"method": httpsig.Method}}
		if err == nil {
			err = httpsig.CheckContentDigest(event)
		}
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, err.Error())
			return
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// runLine runs a line in a POSIX shell. Where there is no curl, one is defined
// that takes the options that the command prints.
func runLine(t *testing.T, env []string, line string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		return sendAs(t, line)
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", "curl() { command curl --silent --show-error \"$@\"; }\n"+line)
	command.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return stdout.String()
}

// sendAs sends what the words of a line say, as a shell splits them.
func sendAs(t *testing.T, line string) string {
	t.Helper()
	words := split(t, line)
	method, url, body, header := "GET", "", "", http.Header{}
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "--request":
			method = words[i+1]
		case "--head":
			method = "HEAD"
		case "--header":
			name, value, _ := strings.Cut(words[i+1], ": ")
			header.Set(name, value)
		case "--url":
			url = words[i+1]
		case "--data-raw":
			body = words[i+1]
		case "--data-binary":
			content, err := os.ReadFile(strings.TrimPrefix(words[i+1], "@"))
			if err != nil {
				t.Fatal(err)
			}
			body = string(content)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// split returns the arguments that a POSIX shell gives to curl.
func split(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `curl() { printf '%s\0' "$@"; }`+"\n"+line).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(out), "\x00")
}

// newSSM has one parameter, and returns the environment that leads to it.
func newSSM(t *testing.T, path, value string) []string {
	t.Helper()
	store := ssm.New(endpointtest.Account, nil)
	if _, _, err := store.Put(ssm.Parameter{Name: path, Type: ssm.TypeSecureString, Value: value}); err != nil {
		t.Fatal(err)
	}
	return endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"ssm": store.Handler()}}).Root().Environ()
}
