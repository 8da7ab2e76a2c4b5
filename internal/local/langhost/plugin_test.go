package langhost

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// A plugin that is sources runs in the folder that the engine names; what it prints and
// how it ends arrive there.
func TestRunPlugin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, program, stdout, stderr, failure string
		exit                                   int32
	}{
		{
			name: "runs", exit: 3, stdout: "in PWD with one of NAME=value\n", stderr: "talk\n",
			program: header + `func main() {
	dir, _ := os.Getwd()
	fmt.Println("in", dir, "with", os.Args[1], "of", "NAME="+os.Getenv("NAME"))
	fmt.Fprintln(os.Stderr, "talk")
	os.Exit(3)
}
`,
		},
		{name: "a compile error", program: "package main\n\nfunc main() { missing() }\n", failure: "compiling the plugin in DIR: exit status 1\n# example.com/shop\n./main.go:3:15: undefined: missing\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, pwd := t.TempDir(), t.TempDir()
			for name, content := range map[string]string{"go.mod": "module example.com/shop\n\ngo 1.26\n", "main.go": tt.program} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, host, _ := start(t)
			_, address, _ := strings.Cut(host.DebugLanguages(), ":")
			conn, err := grpc.NewClient("passthrough:///127.0.0.1:"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			stream, err := rpc.NewLanguageRuntimeClient(conn).RunPlugin(t.Context(), &rpc.RunPluginRequest{
				Pwd: pwd, Args: []string{"one"}, Env: append(os.Environ(), "NAME=value"), Info: &rpc.ProgramInfo{ProgramDirectory: dir},
			})
			if err != nil {
				t.Fatal(err)
			}
			stdout, stderr, exit, err := receive(stream)
			if failure := strings.ReplaceAll(status.Convert(err).Message(), dir, "DIR"); failure != tt.failure {
				t.Errorf("the error is %q, want %q", failure, tt.failure)
			}
			if stdout = strings.ReplaceAll(stdout, pwd, "PWD"); stdout != tt.stdout || stderr != tt.stderr || exit != tt.exit {
				t.Errorf("the plugin printed %q and %q and ended with %d", stdout, stderr, exit)
			}
		})
	}
}

// receive reads what a plugin gives to its end.
func receive(stream rpc.LanguageRuntime_RunPluginClient) (stdout, stderr string, exit int32, err error) {
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stdout, stderr, exit, nil
		} else if err != nil {
			return stdout, stderr, exit, err
		}
		stdout += string(answer.GetStdout())
		stderr += string(answer.GetStderr())
		exit = answer.GetExitcode()
	}
}
