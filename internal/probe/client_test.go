package probe

import (
	"bufio"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestDialTLS: an API on AWS is reached by HTTP/1.1 over TLS, and nobody in its place.
func TestDialTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.RequestURI)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t.Context(), address, nil); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("a stranger's certificate: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	connection, err := dial(t.Context(), address, roots)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close() //nolint:errcheck // it was read
	text, err := Request{Target: "//a/%2e"}.wire(address.Host)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "HTTP/1.1 //a/%2e" {
		t.Errorf("got %q, %v", body, err)
	}
}
