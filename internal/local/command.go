package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/blang/semver"

	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
)

// command runs Pulumi for its automation API, whose own would first ask Pulumi for its
// version: a process of a quarter of a second.
type command struct{ path string }

// Version implements auto.PulumiCommand. One on PATH may be a little older or newer; the
// automation API makes no difference between these.
func (c command) Version() semver.Version { return semver.MustParse(pulumicli.Version) }

// endDelay is how long Pulumi may take to end after an interrupt.
const endDelay = 10 * time.Second

// Run implements auto.PulumiCommand.
func (c command) Run(ctx context.Context, dir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string, args ...string) (string, string, int, error) {
	cmd := exec.CommandContext(ctx, c.path, append([]string{"--non-interactive"}, args...)...) //nolint:gosec // Pulumi, as pulumicli has found it
	cmd.Dir, cmd.Stdin = dir, stdin
	// The language hosts are beside it.
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(c.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, "PULUMI_AUTOMATION_API=true")
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(append(stdouts, &stdout)...), io.MultiWriter(append(stderrs, &stderr)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endDelay
	err := cmd.Run()
	code := -1
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		code = cmd.ProcessState.ExitCode()
	}
	return stdout.String(), stderr.String(), code, err
}
