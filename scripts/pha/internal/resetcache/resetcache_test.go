package resetcache

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// deployment is an API of the local gateway behind the local endpoint, whose
// authorizer the test answers for.
type deployment struct {
	api management.API
	// root and stranger are environments that lead to the endpoint: one that
	// may do everything, one of a role that may do nothing.
	root, stranger []string

	mu   sync.Mutex
	runs int
	deny bool
}

// Invoke plays both functions: the authorizer and the handler.
func (d *deployment) Invoke(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
	if !strings.HasSuffix(in.Function, ":authorizer") {
		return lambda.InvokeOutput{Payload: []byte(`{"statusCode":201}`)}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.runs++
	if d.deny {
		return lambda.InvokeOutput{Payload: []byte(`{"isAuthorized":false}`)}, nil
	}
	return lambda.InvokeOutput{Payload: []byte(`{"isAuthorized":true}`)}, nil
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{}
	gate := management.New(live.New(live.Options{Account: endpointtest.Account, Invoker: d}), nil)
	t.Cleanup(func() { _ = gate.Close(context.Background()) }) // the test is over
	server := endpointtest.Start(t, endpoint.Options{Services: map[string]protocol.Service{"apigateway": gate.Handler()}})
	d.root, d.stranger = server.Root().Environ(), server.Role(t, "stranger").Environ()
	d.api = clitest.DeployAPI(t, gate, "$default", "prod")
	return d
}

// post sends a request with the token and wants its status, and that the
// authorizer has run so often by then.
func (d *deployment) post(t *testing.T, stage string, status, runs int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.api.Endpoint+stage+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer x")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if resp.StatusCode != status || d.runs != runs {
		t.Errorf("status %d after %d runs of the authorizer, want %d after %d", resp.StatusCode, d.runs, status, runs)
	}
}

// TestRefusedTokenStops: a token that the authorizer no longer accepts goes on
// working while its answer is cached, and stops with the reset; in the other
// stage it goes on.
func TestRefusedTokenStops(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.post(t, "", 201, 1)
	d.post(t, "/prod", 201, 2)
	d.mu.Lock()
	d.deny = true
	d.mu.Unlock()
	d.post(t, "", 201, 2)
	got := clitest.Run(t, d.root, "--api-id", d.api.ID)
	want := clitest.Result{Stdout: "authorizer cache reset: API " + d.api.ID + `, stage $default, Region eu-central-1
The next request with each token runs the authorizer again.
Not changed: the secret and the tokens. One that the authorizer still accepts goes on
working: first make the authorizer refuse it, then reset the cache.
`}
	if got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	d.post(t, "", 403, 3)
	d.post(t, "/prod", 201, 3)
	if got := clitest.Run(t, d.root, "--api-id", d.api.ID, "--stage", "prod"); got.Code != 0 {
		t.Fatalf("got %+v", got)
	}
	d.post(t, "/prod", 403, 4)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	prefix := `pha reset-cache: resetting the authorizer cache of API "` + d.api.ID + `", stage "$default": `
	for _, tc := range []struct {
		name string
		env  []string
		args []string
		text string
	}{
		{"unknown API", d.root, []string{"--api-id", "none"}, `pha reset-cache: resetting the authorizer cache of API "none", stage "$default": there is no such API or stage in eu-central-1 (Invalid API identifier specified 000000000000:none); see aws apigatewayv2 get-apis --region eu-central-1, and get-stages` + "\n"},
		{"unknown stage", d.root, []string{"--api-id", d.api.ID, "--stage", "none"}, strings.Replace(prefix, "$default", "none", 1) + "there is no such API or stage in eu-central-1 (Invalid stage identifier specified); see aws apigatewayv2 get-apis --region eu-central-1, and get-stages\n"},
		{"no Region", nil, []string{"--api-id", d.api.ID}, "pha reset-cache: no AWS Region is configured; set AWS_REGION to the API's Region\n"},
		{"no credentials", []string{"AWS_REGION=eu-central-1"}, []string{"--api-id", d.api.ID}, "pha reset-cache: no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: "},
		{"not allowed", d.stranger, []string{"--api-id", d.api.ID}, prefix + "operation error ApiGatewayV2: ResetAuthorizersCache, "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, tc.env, tc.args...)
			whole := strings.HasSuffix(tc.text, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, tc.text) || whole && got.Stderr != tc.text {
				t.Errorf("got %+v, want %q", got, tc.text)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		args       []string
	}{
		{"argument", `unexpected argument "b"`, []string{"--api-id", "a", "b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := clitest.UsageError("reset-cache", tc.text)
			if got := clitest.Run(t, nil, tc.args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "apigateway", "apigateway-fips.us-east-1.api.aws", "--api-id", "a1b2c3d4e5")
}
