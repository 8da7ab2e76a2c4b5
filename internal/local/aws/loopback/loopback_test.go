package loopback

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

func TestServed(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8080": true, "127.1.2.3": true,
		"localhost": true, "localhost:8080": true, "LocalHost:8080": true, "localhost.:1": true, "api.localhost:8080": true,
		"::1": true, "[::1]": true, "[::1]:8080": true, "[::ffff:127.0.0.1]:1": true,
		"host.docker.internal:8080": true,

		"": false, ":8080": false, ".": false, "[": false, "]": false, "127.0.0.1:": false,
		"rebind.example": false, "rebind.example:8080": false, "localhost.example": false, "127.0.0.1.example:8080": false,
		"notlocalhost": false, "docker.internal": false, "x.host.docker.internal": false,
		"10.0.0.1:8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "[fe80::1]:8080": false,
		"127.0.0.1:8080@rebind.example": false, "localhost:80:80": false, "localhost rebind.example": false,
	}
	for host, want := range tests {
		if got := Served(host); got != want {
			t.Errorf("%q: %t, want %t", host, got, want)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	var out consoletest.Buffer
	served := 0
	server := httptest.NewServer(Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }), console.New(&out)))
	t.Cleanup(server.Close)
	for host, want := range map[string]int{"": 200, "localhost": 200, "rebind.example": 403} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want || want == 403 && string(body) != `{"message":"Forbidden"}` {
			t.Errorf("%q: %d %s, want %d", host, res.StatusCode, body, want)
		}
	}
	if served != 2 {
		t.Errorf("%d requests were served, want 2", served)
	}
	const line = `REFUSED a request to the host "rebind.example", which is no name of this machine; cure: call the local AWS as 127.0.0.1 or localhost; have a proxy or tunnel before it send that as the Host header`
	if got := out.String(); !strings.Contains(got, line) || strings.Count(got, "\n") != 1 {
		t.Errorf("the console says %s", got)
	}
}
