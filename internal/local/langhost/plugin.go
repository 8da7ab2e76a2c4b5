package langhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"sync"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunPlugin compiles a plugin and runs it, in the folder of the program, until the engine
// needs it no more.
func (s *Server) RunPlugin(req *rpc.RunPluginRequest, stream rpc.LanguageRuntime_RunPluginServer) error {
	ctx := stream.Context()
	source := req.GetInfo().GetProgramDirectory()
	sum := sha256.Sum256([]byte(source))
	binary := s.opts.Program.Binary + "-plugin-" + hex.EncodeToString(sum[:8])
	if out, err := s.opts.Program.command(ctx, source, "go", "build", "-buildvcs=false", "-o", binary, ".").CombinedOutput(); err != nil {
		return status.Errorf(codes.FailedPrecondition, "compiling the plugin in %s: %v\n%s", source, err, out)
	}
	cmd := s.opts.Program.command(ctx, req.GetPwd(), binary, req.GetArgs()...)
	cmd.Env = append(req.GetEnv(), "PWD="+req.GetPwd())
	out := &output{stream: stream}
	cmd.Stdout = sender(func(text []byte) error {
		return out.send(&rpc.RunPluginResponse{Output: &rpc.RunPluginResponse_Stdout{Stdout: text}})
	})
	cmd.Stderr = sender(func(text []byte) error {
		return out.send(&rpc.RunPluginResponse{Output: &rpc.RunPluginResponse_Stderr{Stderr: text}})
	})
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running the plugin in %s: %w", source, err)
	}
	return stream.Send(&rpc.RunPluginResponse{Output: &rpc.RunPluginResponse_Exitcode{Exitcode: int32(cmd.ProcessState.ExitCode())}}) //nolint:gosec // of a process
}

// output is what the engine is sent of a plugin: one message at a time.
type output struct {
	mu     sync.Mutex
	stream rpc.LanguageRuntime_RunPluginServer
}

func (o *output) send(message *rpc.RunPluginResponse) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stream.Send(message)
}

// sender sends what a plugin prints.
type sender func([]byte) error

// Write implements io.Writer.
func (s sender) Write(text []byte) (int, error) {
	if err := s(text); err != nil {
		return 0, err
	}
	return len(text), nil
}
