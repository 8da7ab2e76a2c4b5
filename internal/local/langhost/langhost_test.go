package langhost

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// engine is what a program and a language host see of Pulumi's engine.
type engine struct {
	rpc.UnimplementedEngineServer
	rpc.UnimplementedResourceMonitorServer
	mu      sync.Mutex
	printed []string
}

func (e *engine) Log(_ context.Context, req *rpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.printed = append(e.printed, req.GetMessage())
	return &emptypb.Empty{}, nil
}

// start starts an engine and a language host that knows it.
func start(t *testing.T) (*engine, *Server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e, server := &engine{}, grpc.NewServer()
	rpc.RegisterEngineServer(server, e)
	rpc.RegisterResourceMonitorServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	host, err := Serve(Options{Program: &Program{Binary: filepath.Join(t.TempDir(), "program"), Env: map[string]string{"ADDED": "by the workspace"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	address := listener.Addr().String()
	if _, err := host.Handshake(t.Context(), &rpc.LanguageHandshakeRequest{EngineAddress: address}); err != nil {
		t.Fatal(err)
	}
	return e, host, address
}

const (
	header  = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\n"
	printer = header + `func main() {
	dir, _ := os.Getwd()
	fmt.Println("in", dir)
	for _, name := range []string{"ADDED", "PULUMI_ORGANIZATION", "PULUMI_PROJECT", "PULUMI_ROOT_DIRECTORY", "PULUMI_STACK", "PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_DRY_RUN", "PULUMI_PARALLEL"} {
		fmt.Println(name, os.Getenv(name))
	}
	fmt.Fprint(os.Stderr, "no end of a line")
}
`
)

// How a program ends, and what it prints, arrives at the engine.
func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, program string
		options       map[string]any
		want          *rpc.RunResponse
		printed       []string
	}{
		{
			name: "environment", program: printer, want: &rpc.RunResponse{},
			printed: []string{
				"in DIR", "ADDED by the workspace", "PULUMI_ORGANIZATION acme", "PULUMI_PROJECT shop", "PULUMI_ROOT_DIRECTORY /root", "PULUMI_STACK dev",
				`PULUMI_CONFIG {"shop:a":"b"}`, `PULUMI_CONFIG_SECRET_KEYS ["shop:a"]`, "PULUMI_DRY_RUN true", "PULUMI_PARALLEL 4", "no end of a line",
			},
		},
		{name: "told", program: header + "func main() { fmt.Print(); os.Exit(32) }\n", want: &rpc.RunResponse{Bail: true}},
		{name: "failed", program: header + "func main() { fmt.Print(); os.Exit(3) }\n", want: &rpc.RunResponse{Error: "the program ended with exit status 3"}},
		{name: "no binary", program: printer, options: map[string]any{"binary": "none"}, want: &rpc.RunResponse{Error: "the option binary of the project's runtime: stat DIR/none: no such file or directory"}},
		{name: "a compile error", program: "package main\n\nfunc main() { missing() }\n", want: &rpc.RunResponse{Error: "compiling the program: exit status 1\n# example.com/shop\n./main.go:3:15: undefined: missing\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range map[string]string{"go.mod": "module example.com/shop\n\ngo 1.26\n", "main.go": tt.program} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			options, err := structpb.NewStruct(tt.options)
			if err != nil {
				t.Fatal(err)
			}
			e, host, address := start(t)
			got, err := host.Run(t.Context(), &rpc.RunRequest{
				MonitorAddress: address, Organization: "acme", Project: "shop", Stack: "dev", DryRun: true, Parallel: 4,
				Config: map[string]string{"shop:a": "b"}, ConfigSecretKeys: []string{"shop:a"},
				Info: &rpc.ProgramInfo{RootDirectory: "/root", ProgramDirectory: dir, Options: options},
			})
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.ReplaceAll(got.GetError(), dir, "DIR"); text != tt.want.GetError() || got.GetBail() != tt.want.GetBail() {
				t.Errorf("the answer is %q, %t", text, got.GetBail())
			}
			for i, line := range e.printed {
				e.printed[i] = strings.ReplaceAll(line, dir, "DIR")
			}
			slices.Sort(e.printed) // two outputs at once
			slices.Sort(tt.printed)
			if !slices.Equal(e.printed, tt.printed) {
				t.Errorf("printed %q, want %q", e.printed, tt.printed)
			}
		})
	}
}

// A program that is cancelled ends, with what it has started.
func TestCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := "#!/bin/sh\necho started\nsleep 1000\n"
	if err := os.WriteFile(filepath.Join(dir, "program"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	options, err := structpb.NewStruct(map[string]any{"binary": "program"})
	if err != nil {
		t.Fatal(err)
	}
	e, host, address := start(t)
	ended := make(chan error, 1)
	go func() {
		_, err := host.Run(t.Context(), &rpc.RunRequest{MonitorAddress: address, Info: &rpc.ProgramInfo{ProgramDirectory: dir, Options: options}})
		ended <- err
	}()
	for {
		e.mu.Lock()
		started := slices.Contains(e.printed, "started")
		e.mu.Unlock()
		if time.Sleep(10 * time.Millisecond); started {
			break
		}
	}
	if _, err := host.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || err.Error() != "context canceled" {
		t.Errorf("the error is %v", err)
	}
}
