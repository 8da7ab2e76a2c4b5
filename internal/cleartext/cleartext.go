// Package cleartext keeps credentials off the network in clear: whatever sends one
// to an address that somebody typed asks here first.
package cleartext

import (
	"fmt"
	"net/netip"
	"net/url"
)

// Check refuses an http or https URL by which what is sent could be read on the
// way: http is for this machine only, which is localhost or a loopback address
// (RFC 9110 section 4.2.1, RFC 6761 section 6.3). It does not show the URL, which
// may have a password in it.
func Check(u *url.URL) error {
	if u.Scheme == "https" || Loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("it is %s to the host %q, so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without", u.Scheme, u.Hostname())
}

// Loopback reports whether a host, without a port, is this machine by its very
// name, whatever a resolver says. LOCALHOST is not: net/http would send what is for
// it to a proxy.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
