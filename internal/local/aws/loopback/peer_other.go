//go:build !linux

package loopback

import "net/netip"

// openedBy returns nil where a process of the user has the connection from peer
// to local open.
func openedBy(user int, peer, local netip.AddrPort) error { return openByLsof(user, peer, local) }
