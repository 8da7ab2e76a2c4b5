package page

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

func TestOwnHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		port int
		host string
		own  bool
	}{
		{80, "127.0.0.1", true}, {80, "LOCALHOST", true}, {80, "localhost:80", true}, {80, "rebind.example", false}, {80, "localhost:8080", false},
		{8080, "localhost:8080", true}, {8080, "localhost", false}, {8080, "127.0.0.1", false},
	} {
		if got := ownHost(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tt.port})(tt.host); got != tt.own {
			t.Errorf("%q at the port %d: %t", tt.host, tt.port, got)
		}
	}
}

// A page that closes ends what it tries.
func TestCloseEndsTries(t *testing.T) {
	t.Parallel()
	tried := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(tried)
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	p, err := New(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newTryWorld(t)
	w.api.URL = slow.URL
	p.current.callers, p.current.local = w.trier.callers, []local.API{w.api}
	ended := make(chan error, 1)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"try", strings.NewReader(`{"api":"a1","stage":"$default","route":"GET /open","path":"/open","credential":"none"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() {
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = res.Body.Close()
			err = errors.New(res.Status)
		}
		ended <- err
	}()
	select {
	case <-tried:
	case err := <-ended:
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err.Error() == "200 OK" { // and slow.Close waits for its request
		t.Error("the try was answered")
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	p, _ := newPage(t)
	at, _ := url.Parse(p.URL)
	port, _ := strconv.Atoi(at.Port())
	if _, err := New(port, nil); err == nil || !strings.HasPrefix(err.Error(), "listening for the live page: ") || !strings.HasSuffix(err.Error(), ": choose another port with --page-port") {
		t.Errorf("got %v", err)
	}
}
