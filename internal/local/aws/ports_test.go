package aws

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

func TestPorts(t *testing.T) {
	t.Parallel()
	free, err := loopback.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	wanted := free.Addr().(*net.TCPAddr).Port
	if _, err := Start(Config{Region: "eu-central-1", Port: wanted}); err == nil ||
		!strings.HasPrefix(err.Error(), fmt.Sprintf("listening for the HTTP API: listen tcp 127.0.0.1:%d: ", wanted)) ||
		!strings.HasSuffix(err.Error(), ": choose another port") {
		t.Errorf("the error is %v", err)
	}
	p := &ports{wanted: wanted, first: free}
	port := func(l net.Listener, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l.Addr().(*net.TCPAddr).Port
	}
	if got := port(p.listen("a")); got != wanted {
		t.Errorf("the first API has the port %d, want %d", got, wanted)
	}
	if got := port(p.listen("b")); got == wanted {
		t.Error("two APIs have one port")
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}
