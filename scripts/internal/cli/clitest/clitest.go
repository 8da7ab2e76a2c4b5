// Package clitest runs a part of the command as a process of its own, from the part's
// own tests.
package clitest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// envRunMain makes the test binary run the command instead of the tests, so
// that each test has the real command with an environment of its own.
const envRunMain = "CLITEST_RUN_MAIN"

// part is the name of the part that the tests are about.
var part string

// Main is what TestMain of a part calls with the function that makes the part.
func Main(m *testing.M, newPart func() *cobra.Command) {
	cmd := newPart()
	if os.Getenv(envRunMain) != "" {
		cli.Main(cmd)
		return
	}
	part = cmd.Name()
	os.Exit(m.Run())
}

// Result is what a command answered.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// UsageError is what a part, or one below it, answers that was called wrongly, as text
// says.
func UsageError(name, text string) Result {
	return Result{Code: 2, Stderr: "pha " + name + ": " + text + "\n" + cli.Called + " " + name + " --help prints its usage\n"}
}

// Run runs the part with nothing of the machine's AWS environment and an empty
// standard input. A stack trace fails the test.
func Run(t *testing.T, env []string, args ...string) Result {
	t.Helper()
	return RunInput(t, "", env, args...)
}

// RunInput is Run with a standard input.
func RunInput(t *testing.T, stdin string, env []string, args ...string) Result {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], append([]string{part}, args...)...) //nolint:gosec // the test binary itself
	nothing := filepath.Join(t.TempDir(), "none")
	command.Env = append([]string{
		envRunMain + "=1", "HOME=" + nothing, "AWS_CONFIG_FILE=" + nothing + ".aws", "AWS_SHARED_CREDENTIALS_FILE=" + nothing + ".aws",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
	}, env...)
	command.Dir = t.TempDir() // where there is no Pulumi project
	command.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("stderr has a stack trace: %s", stderr.String())
	}
	return Result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
