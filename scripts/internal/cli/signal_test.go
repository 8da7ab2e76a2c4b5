package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
)

// TestMain lets the test binary be a command that waits for its end and cleans
// up.
func TestMain(m *testing.M) {
	if os.Getenv("CLI_TEST_COMMAND") == "" {
		os.Exit(m.Run())
	}
	os.Args = []string{"pha", "demo"}
	Main(&cobra.Command{Use: "demo", GroupID: GroupProject, RunE: func(cmd *cobra.Command, _ []string) error {
		fmt.Fprintln(cmd.OutOrStdout(), "ready")
		<-cmd.Context().Done()
		// Signals that belong to the first one must not cut this off.
		for range 3 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
				return err
			}
		}
		fmt.Fprintln(cmd.OutOrStdout(), "cleaned up")
		return context.Cause(cmd.Context())
	}})
}

func TestSignalsCleanUp(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "CLI_TEST_COMMAND=1")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			output := bufio.NewReader(stdout)
			if line, err := output.ReadString('\n'); line != "ready\n" {
				t.Fatalf("the command printed %q: %v", line, err)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(output)
			if err != nil || strings.TrimSpace(string(rest)) != "cleaned up" {
				t.Errorf("after %s the command printed %q: %v", signal, rest, err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("the exit code is %d, want %d", code, exitInterrupted)
			}
		})
	}
}
