package loopback

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// greeter listens for a user and says hello to whom it accepts.
func greeter(t *testing.T, user int) (address string, out *consoletest.Buffer) {
	t.Helper()
	l, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	out = &consoletest.Buffer{}
	o := Own(user, console.New(out))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, _, err := o.Clone().ServerHandshake(conn); err == nil {
				_, _ = conn.Write([]byte("hello"))
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), out
}

// greeting is what a connection of this process gets.
func greeting(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	got, _ := io.ReadAll(conn) // a refused connection may end with a reset
	return string(got)
}

func TestOwn(t *testing.T) {
	t.Parallel()
	address, out := greeter(t, os.Geteuid())
	for range 50 {
		if got := greeting(t, address); got != "hello" {
			t.Fatalf("the user's own process got %q: %s", got, out)
		}
	}
	if out.String() != "" {
		t.Errorf("the console says %s", out)
	}
	// The same process is a stranger to another user's listener.
	address, out = greeter(t, os.Geteuid()+1)
	if got := greeting(t, address); got != "" {
		t.Errorf("another user's process got %q", got)
	}
	if got := out.String(); !strings.Contains(got, "REFUSED a connection from 127.0.0.1:") {
		t.Errorf("the console says %s", got)
	}
}

// lsof, by which other systems are asked, tells the same where it is installed.
func TestOpenByLsof(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("lsof"); err != nil {
		return
	}
	l, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	peer, local := netip.MustParseAddrPort(client.LocalAddr().String()), netip.MustParseAddrPort(l.Addr().String())
	if err := openByLsof(os.Geteuid(), peer, local); err != nil {
		t.Errorf("the user's own: %v", err)
	}
	if err := openByLsof(os.Geteuid()+1, peer, local); !errors.Is(err, errNotFound) {
		t.Errorf("another user's: %v", err)
	}
	if err := openByLsof(os.Geteuid(), netip.AddrPortFrom(peer.Addr(), 1), local); !errors.Is(err, errNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}
