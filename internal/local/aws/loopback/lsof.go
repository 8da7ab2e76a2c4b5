package loopback

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
)

// openByLsof asks lsof(8), which macOS has, for the open connections of the
// user's processes.
func openByLsof(user int, peer, local netip.AddrPort) error {
	//nolint:gosec // the only arguments are numbers and addresses
	out, err := exec.Command("lsof", "-n", "-P", "-w", "-a", "-u", strconv.Itoa(user),
		"-i", "TCP@"+peer.String(), "-s", "TCP:ESTABLISHED", "-F", "n").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // it exits with 1 where it finds none
		return fmt.Errorf("whose it is cannot be told: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.TrimRight(line, "\n") == fmt.Sprintf("n%s->%s", peer, local) {
			return nil
		}
	}
	return errNotFound
}
