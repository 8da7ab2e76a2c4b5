package verify

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// Payload {"sub":"usr_1"}; nobody checks its signature here.
const aToken = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		env   []string
		stdin string
		args  []string
		want  string
	}{
		{name: "no URL", want: "--api-url is missing"},
		{name: "a token as an argument", args: []string{"--token", aToken}, want: "unknown flag: --token"},
		{
			name: "clear text", env: []string{"EVENTS_API_TOKEN=" + aToken}, args: []string{"--api-url", "http://a.example"},
			want: `--api-url: the API's URL "http://a.example" takes a token: it is http to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		},
		{
			name: "two tokens", env: []string{"EVENTS_API_TOKEN=" + aToken}, stdin: aToken, args: []string{"--api-url", "https://a.example", "--token-stdin"},
			want: "--token-stdin and the environment variable EVENTS_API_TOKEN are both given",
		},
		{name: "an empty input", args: []string{"--api-url", "https://a.example", "--token-stdin"}, want: "--token-stdin is given, but standard input is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := clitest.RunInput(t, tt.stdin, tt.env, tt.args...); got != clitest.UsageError("verify", tt.want) {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

// The token comes from the environment or from standard input, and is printed
// nowhere, even where the API repeats it.
func TestToken(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]struct {
		env   []string
		stdin string
		args  []string
	}{
		"environment":    {env: []string{"EVENTS_API_TOKEN=" + aToken}},
		"standard input": {stdin: aToken + "\n", args: []string{"--token-stdin"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var seen []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, r.Header.Get("Authorization"))
				w.WriteHeader(http.StatusTeapot)
				_, _ = w.Write([]byte(r.Header.Get("Authorization")))
			}))
			defer server.Close()
			got := clitest.RunInput(t, given.stdin, given.env, append(given.args, "--api-url", server.URL)...)
			if !slices.Contains(seen, "Bearer "+aToken) {
				t.Errorf("the API was sent %q", seen)
			}
			if got.Code != 1 || got.Stderr != "pha verify: the deployment does not behave as it should\n" || strings.Contains(got.Stdout, aToken) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "ssm", "ssm-fips.us-east-1.api.aws", "--api-url", "https://a.example")
}
