package provider

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// maxMessage is the largest message that is taken: what the engine and its own
// plugins take, 400 MB.
const maxMessage = 400 << 20

// Server is a provider that waits for an engine.
type Server struct {
	server *grpc.Server
	port   int
	ended  chan error
}

// Serve starts a provider on a free port of the loopback interface, for one
// deployment. Whoever may call it can run code as the developer, and the engine
// sends it no secret: it dials 127.0.0.1 by a port number and nothing else. So
// the provider takes connections of the developer's own processes only.
func Serve(services Services, console *console.Console) (*Server, error) {
	return serve(services, console, os.Geteuid())
}

// serve starts a provider for the processes of a user.
func serve(services Services, console *console.Console, user int) (*Server, error) {
	raw, err := p.RawServer("aws", version, New(services))(nil)
	if err != nil {
		return nil, fmt.Errorf("making the local AWS provider: %w", err)
	}
	listener, err := loopback.Listen(0)
	if err != nil {
		return nil, fmt.Errorf("starting the local AWS provider: %w", err)
	}
	s := &Server{
		server: grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.Creds(loopback.Own(user, console)), grpc.UnaryInterceptor(loopback.Unary(console))),
		port:   listener.Addr().(*net.TCPAddr).Port,
		ended:  make(chan error, 1),
	}
	rpc.RegisterResourceProviderServer(s.server, raw)
	go func() { s.ended <- s.server.Serve(listener) }()
	return s, nil
}

// DebugProviders is the value of PULUMI_DEBUG_PROVIDERS with which the engine
// attaches to this provider instead of starting a plugin.
func (s *Server) DebugProviders() string { return fmt.Sprintf("aws:%d", s.port) }

// closeGrace is how long a call under way may take when the provider closes.
const closeGrace = 5 * time.Second

// Close stops the provider.
func (s *Server) Close() error {
	cut := time.AfterFunc(closeGrace, s.server.Stop)
	defer cut.Stop()
	s.server.GracefulStop()
	if err := <-s.ended; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("stopping the local AWS provider: %w", err)
	}
	return nil
}
