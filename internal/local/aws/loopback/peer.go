package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// own takes connections of one user's processes.
type own struct {
	credentials.TransportCredentials
	user    int
	console *console.Console
}

// Own are the credentials of a gRPC server that takes connections of one user's
// processes only. They are for callers that can show nothing else.
func Own(user int, console *console.Console) credentials.TransportCredentials {
	return own{TransportCredentials: insecure.NewCredentials(), user: user, console: console}
}

// Clone implements credentials.TransportCredentials.
func (o own) Clone() credentials.TransportCredentials { return o }

// ServerHandshake fails for a connection of another user's process: gRPC then
// closes it, before it has read anything.
func (o own) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if err := o.check(conn); err != nil {
		o.console.Refused(fmt.Sprintf("a connection from %s to %s: %v", conn.RemoteAddr(), conn.LocalAddr(), err),
			"none, if you did not make it: this port is for Pulumi, started by you, alone")
		return nil, nil, err
	}
	return o.TransportCredentials.ServerHandshake(conn)
}

// Looking for a connection reads a table that others change meanwhile, and so
// can miss it.
const (
	lookups       = 5
	betweenLookup = 20 * time.Millisecond
)

var errNotFound = errors.New("it is not among the machine's open connections")

func (o own) check(conn net.Conn) error {
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return err
	}
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return err
	}
	for i := range lookups {
		if i > 0 {
			time.Sleep(betweenLookup)
		}
		if err = openedBy(o.user, peer, local); !errors.Is(err, errNotFound) {
			break
		}
	}
	return err
}

// Unary refuses gRPC calls to a name that is not this machine's.
func Unary(console *console.Console) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		for _, host := range md.Get(":authority") {
			if !Served(host) {
				refused(console, host)
				return nil, status.Errorf(codes.PermissionDenied, "the host %q is no name of this machine", host)
			}
		}
		return handle(ctx, req)
	}
}
