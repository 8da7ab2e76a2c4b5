package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestRelease: a plugin that is linked as releases are says its version, and has the
// schema of the file.
func TestRelease(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "plugin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-ldflags", "-X main.version=1.2.3", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client := rpc.NewResourceProviderClient(dial(t, "127.0.0.1:"+start(t, binary)))
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Errorf("the plugin is %v, %v", info, err)
	}
	answer, err := client.GetSchema(t.Context(), &rpc.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(string(filed(t)), "{", "{\n    \"version\": \"1.2.3\",", 1); answer.GetSchema() != want {
		t.Errorf("the plugin's schema is not that of %s with the version:\n%.300s", schemaFile, answer.GetSchema())
	}
}

// start runs a plugin to which an engine attaches, and returns its port.
func start(t *testing.T, binary string) (port string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended it
	port, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(port)
}

// dial connects to a server of the test's.
func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
