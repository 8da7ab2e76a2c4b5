package loopback

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
)

// openedBy returns nil where a process of the user has the connection from peer
// to local open, by the kernel's table of connections (proc_pid_net(5)).
func openedBy(user int, peer, local netip.AddrPort) error {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return fmt.Errorf("whose it is cannot be told: %w", err)
	}
	return listedFor(user, table, peer, local)
}

// established is the state of an open connection (include/net/tcp_states.h).
const established = "01"

// listedFor looks for the peer's end of the connection. One that no process has
// any more has no inode, and shows as root's: it is nobody's.
func listedFor(user int, table []byte, peer, local netip.AddrPort) error {
	from, to := hexAddress(peer), hexAddress(local)
	for line := range bytes.Lines(table) {
		// sl local_address rem_address st queues timer retransmits uid timeout inode
		f := bytes.Fields(line)
		if len(f) < 10 || string(f[1]) != from || string(f[2]) != to || string(f[3]) != established || string(f[9]) == "0" {
			continue
		}
		uid, err := strconv.Atoi(string(f[7]))
		if err != nil {
			return fmt.Errorf("whose it is cannot be told: %w", err)
		}
		if uid != user {
			return fmt.Errorf("it is the user %d's, and the local AWS is the user %d's", uid, user)
		}
		return nil
	}
	return errNotFound
}

// hexAddress is how the table writes an IPv4 address and a port: the address's
// four bytes as a number of this machine.
func hexAddress(a netip.AddrPort) string {
	ip := a.Addr().Unmap().As4()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.NativeEndian.Uint32(ip[:]))
	return fmt.Sprintf("%X:%04X", b, a.Port())
}
