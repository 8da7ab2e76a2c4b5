package loopback

import (
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestListedFor(t *testing.T) {
	t.Parallel()
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	peer, local := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:8080")
	from, to := hexAddress(peer), hexAddress(local)
	line := func(from, to, state, uid, inode string) string {
		return "   1: " + from + " " + to + " " + state + " 00000000:00000000 00:00000000 00000000 " + uid + " 0 " + inode + " 1 0 20 4 30 10 -1\n"
	}
	// The other end of the connection, which is the listener's own, and a
	// connection of the user's to another port.
	around := header + line(to, from, "01", "1000", "5") + line(from, hexAddress(netip.MustParseAddrPort("127.0.0.1:8081")), "01", "1000", "6")
	tests := []struct{ name, table, want string }{
		{"own", around + line(from, to, "01", "1000", "7"), ""},
		{"another's", around + line(from, to, "01", "1001", "7"), "it is the user 1001's, and the local AWS is the user 1000's"},
		{"root's", around + line(from, to, "01", "0", "7"), "it is the user 0's, and the local AWS is the user 1000's"},
		{"closing", around + line(from, to, "05", "1000", "7"), errNotFound.Error()},
		{"without a process", around + line(from, to, "01", "1000", "0"), errNotFound.Error()},
		{"none", around, errNotFound.Error()},
		{"empty", "", errNotFound.Error()},
		{"cut off", around + "   1: " + from + " " + to + " 01", errNotFound.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := listedFor(1000, []byte(tt.table), peer, local); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A process of another user connects and is refused. Only root can start one:
// for others TestOwn is the same from the other side.
func TestOwnRefusesAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	address, out := greeter(t, os.Geteuid())
	host, port, _ := strings.Cut(address, ":")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `exec 3<>"/dev/tcp/$0/$1"; cat <&3`, host, port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	got, _ := cmd.Output() // cat fails where the connection is reset
	if string(got) != "" {
		t.Errorf("another user's process got %q", got)
	}
	if got := out.String(); !strings.Contains(got, "it is the user 65534's, and the local AWS is the user 0's; cure: ") {
		t.Errorf("the console says %s", got)
	}
}
