// Package loopback is what all listeners of the local AWS have in common. They
// listen on 127.0.0.1, which every user and every web page of the machine can
// reach: so each serves only requests that were sent to a name of this machine,
// and a listener that knows no credentials takes only the developer's own
// processes.
package loopback

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// Listen listens on a port of 127.0.0.1; 0 is a free one.
func Listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

// Served tells whether a request that names host, with or without a port, is
// meant for this machine: its loopback addresses, localhost and the names below
// it, which no name server is asked for (RFC 6761 section 6.3), and
// host.docker.internal, which is what containers call their host.
//
// Whoever owns another name can make it resolve to 127.0.0.1. A page from there
// would then reach the listener with the developer's browser, and read the
// answers (DNS rebinding).
func Served(host string) bool {
	name := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if h, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		name = h
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().IsLoopback()
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "host.docker.internal"
}

// Handler serves the requests to this machine's names by h. Others get 403, as
// API Gateway answers to a name that is nobody's, and a line on the console.
func Handler(h http.Handler, console *console.Console) http.Handler {
	return HandlerOf(Served, h, console)
}

// HandlerOf is Handler for a listener that serves the hosts that served accepts.
func HandlerOf(served func(host string) bool, h http.Handler, console *console.Console) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served(r.Host) {
			h.ServeHTTP(w, r)
			return
		}
		refused(console, r.Host)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Connection", "close") // what else comes over it is for that name too
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"Forbidden"}`))
	})
}

func refused(console *console.Console, host string) {
	console.Refused(fmt.Sprintf("a request to the host %q, which is no name of this machine", host),
		"call the local AWS as 127.0.0.1 or localhost; have a proxy or tunnel before it send that as the Host header")
}
