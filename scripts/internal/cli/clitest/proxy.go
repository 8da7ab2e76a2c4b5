package clitest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Hosts runs the command where every https request meets a proxy that refuses it,
// and returns the hosts that were asked for, each once.
func Hosts(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	var mu sync.Mutex
	var hosts []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		hosts = append(hosts, r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	env = append([]string{"HTTPS_PROXY=" + proxy.URL, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}, env...)
	if got := Run(t, env, args...); got.Code != 1 {
		t.Errorf("behind a proxy that refuses everything: %+v", got)
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Compact(hosts)
}

// Endpoints tests that the command's client of AWS keeps to the settings of AWS's
// tools for endpoints: by standard, FIPS and dual-stack, and that it refuses one by
// which secrets could be read on the way. service is the host's first label,
// dualStack the host with both in us-east-1.
func Endpoints(t *testing.T, service, dualStack string, args ...string) {
	t.Helper()
	const region = "AWS_REGION=us-east-1"
	for _, tt := range []struct {
		name string
		env  []string
		want string
	}{
		{"standard", nil, service + ".us-east-1.amazonaws.com:443"},
		{"FIPS", []string{"AWS_USE_FIPS_ENDPOINT=true"}, service + "-fips.us-east-1.amazonaws.com:443"},
		{"FIPS and dual-stack", []string{"AWS_USE_FIPS_ENDPOINT=true", "AWS_USE_DUALSTACK_ENDPOINT=true"}, dualStack + ":443"},
		{"one of its own", []string{"AWS_ENDPOINT_URL=https://aws.example"}, "aws.example:443"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Hosts(t, append(tt.env, region), args...); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("asked for %q, want %s", got, tt.want)
			}
		})
	}
	t.Run("clear text", func(t *testing.T) {
		t.Parallel()
		got := Run(t, []string{region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_ENDPOINT_URL=http://aws.example"}, args...)
		const want = `the endpoint of AWS (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… or endpoint_url of the profile) is refused: it is http to the host "aws.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`
		if got.Code != 1 || !strings.HasSuffix(got.Stderr, want+"\n") {
			t.Errorf("got %+v, want %s", got, want)
		}
	})
}
