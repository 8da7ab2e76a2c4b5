// Package langhost runs the Go program of a deployment for the Pulumi engine, in the
// place of Pulumi's own language host, a process of its own that has to be found or
// built first.
//
// The engine attaches to it. It compiles the program, starts it in its folder and
// tells the engine what it prints and how it ends. So it does with plugins that are
// there as Go sources, for programs of any language. It names no plugin to install:
// the local AWS is the only provider of a Go program. Between program and engine it answers for
// stacks that the program refers to (see StackReferences).
package langhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// maxMessage is how large a message may be, as the engine has it.
const maxMessage = 400 << 20

// Options are what runs, and how.
type Options struct {
	// Program is what is compiled.
	Program *Program
	// References are the stacks that the program may refer to.
	References StackReferences
	// Console is told of connections that are refused. Defaults to none.
	Console *console.Console
}

// Server waits for an engine.
type Server struct {
	rpc.UnimplementedLanguageRuntimeServer
	opts   Options
	server *grpc.Server
	port   int
	ended  chan error

	mu      sync.Mutex
	engine  string             // its address
	running context.CancelFunc // of the program that runs, else nil
}

// Serve starts a language host on a free port of the loopback interface, for one
// deployment. Whoever may call it can run the program: it takes connections of the
// developer's own processes only.
func Serve(opts Options) (*Server, error) {
	listener, err := loopback.Listen(0)
	if err != nil {
		return nil, fmt.Errorf("starting the language host: %w", err)
	}
	s := &Server{
		opts: opts,
		server: grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.Creds(loopback.Own(os.Geteuid(), opts.Console)),
			grpc.UnaryInterceptor(loopback.Unary(opts.Console))),
		port:  listener.Addr().(*net.TCPAddr).Port,
		ended: make(chan error, 1),
	}
	rpc.RegisterLanguageRuntimeServer(s.server, s)
	go func() { s.ended <- s.server.Serve(listener) }()
	return s, nil
}

// DebugLanguages is the value of PULUMI_DEBUG_LANGUAGES with which the engine attaches
// to this language host instead of starting one.
func (s *Server) DebugLanguages() string { return fmt.Sprintf("go:%d", s.port) }

// Close stops the language host, and a program that still runs.
func (s *Server) Close() error {
	s.server.Stop()
	if err := <-s.ended; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("stopping the language host: %w", err)
	}
	return nil
}

// Handshake learns where the engine is.
func (s *Server) Handshake(_ context.Context, req *rpc.LanguageHandshakeRequest) (*rpc.LanguageHandshakeResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine = req.GetEngineAddress()
	return &rpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo says nothing of versions: this one is the command's own.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{}, nil
}

// GetRequiredPackages names no plugin.
func (s *Server) GetRequiredPackages(context.Context, *rpc.GetRequiredPackagesRequest) (*rpc.GetRequiredPackagesResponse, error) {
	return &rpc.GetRequiredPackagesResponse{}, nil
}

// Cancel ends the program that runs.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running()
	}
	return &emptypb.Empty{}, nil
}

// Run compiles the program and runs it to its end.
func (s *Server) Run(ctx context.Context, req *rpc.RunRequest) (*rpc.RunResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	engine := s.engine
	s.running = cancel
	s.mu.Unlock()
	conn, err := dial(engine)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // only read
	program := req.GetInfo().GetProgramDirectory()
	binary, failure := s.opts.Program.binary(ctx, program, req.GetInfo().GetOptions().AsMap())
	if failure != "" {
		return &rpc.RunResponse{Error: failure}, nil
	}
	monitor, err := serveMonitor(req.GetMonitorAddress(), req.GetProject(), s.opts)
	if err != nil {
		return nil, err
	}
	defer monitor.Stop()
	env, err := environment(req, engine, monitor.address)
	if err != nil {
		return nil, err
	}
	printed := &lines{ctx: ctx, engine: rpc.NewEngineClient(conn)}
	cmd := s.opts.Program.command(ctx, program, binary)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = printed, printed
	err = cmd.Run()
	printed.flush()
	return outcome(ctx, err)
}

// outcome is how a program ended, in the engine's words.
func outcome(ctx context.Context, err error) (*rpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		return &rpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == constant.ExitStatusLoggedError:
		return &rpc.RunResponse{Bail: true}, nil // it has told the engine why
	case errors.As(err, &exit):
		return &rpc.RunResponse{Error: "the program ended with " + exit.String()}, nil
	}
	return &rpc.RunResponse{Error: fmt.Sprintf("running the program: %v", err)}, nil
}

// killDelay is how long a program may take to end when the engine has gone.
const killDelay = 2 * time.Second

// environment is what Pulumi's SDK reads: the stack, its configuration, and where the
// engine is.
func environment(req *rpc.RunRequest, engine, monitor string) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("handing over the configuration: %w", err)
	}
	secret, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("handing over the configuration: %w", err)
	}
	var env []string
	for name, value := range map[string]string{
		pulumi.EnvOrganization:        req.GetOrganization(),
		pulumi.EnvProject:             req.GetProject(),
		pulumi.EnvPulumiRootDirectory: req.GetInfo().GetRootDirectory(),
		pulumi.EnvStack:               req.GetStack(),
		pulumi.EnvConfig:              string(config),
		pulumi.EnvConfigSecretKeys:    string(secret),
		pulumi.EnvDryRun:              strconv.FormatBool(req.GetDryRun()),
		pulumi.EnvParallel:            strconv.Itoa(int(req.GetParallel())),
		pulumi.EnvMonitor:             monitor,
		pulumi.EnvEngine:              engine,
	} {
		env = append(env, name+"="+value)
	}
	return env, nil
}

// dial connects to a gRPC server of the engine, which has no credentials.
func dial(address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine: %w", err)
	}
	return conn, nil
}
