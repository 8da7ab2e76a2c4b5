// Package bench is what the parts of the benchmark share: where they work, how sides are
// measured in turn, and how a peer that is not there is left out.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// Env is what a part works with.
type Env struct {
	// Root is the project's folder. Temp is removed when the command ends; Cache has the
	// peers, and stays.
	Root, Temp, Cache string
	// Quick asks for few repeats.
	Quick bool
	// FirstRun asks for the first run on a bare machine as well, which takes minutes.
	FirstRun bool
	// Progress takes what happens, a line each.
	Progress io.Writer
}

// Logf tells the progress.
func (e *Env) Logf(format string, args ...any) {
	_, _ = fmt.Fprintf(e.Progress, format+"\n", args...)
}

// Repeats is how many rounds there are: few of a quick run.
func (e *Env) Repeats(all, quick int) int {
	if e.Quick {
		return quick
	}
	return all
}

// Side is one of those that are measured in turn.
type Side struct {
	Name, Unit string
	// Run measures once.
	Run func(context.Context) (float64, error)
}

// Rounds measures the sides in turn, A B C A B C, and adds them to the part. What disturbs
// the machine for a while then disturbs neighbours alike. A first round, in which files
// and caches become warm, does not count.
func (e *Env) Rounds(ctx context.Context, part *report.Part, rounds int, sides ...Side) error {
	samples := make([][]float64, len(sides))
	for round := range rounds + 1 {
		for i, side := range sides {
			value, err := side.Run(ctx)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", side.Name, err)
			}
			if round > 0 {
				samples[i] = append(samples[i], value)
			}
		}
	}
	for i, side := range sides {
		part.Add(side.Name, side.Unit, samples[i], nil)
	}
	return nil
}

// Timed is a Run that measures how many seconds something takes.
func Timed(run func(context.Context) error) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		start := time.Now()
		err := run(ctx)
		return time.Since(start).Seconds(), err
	}
}

// Command is a command in a process group of its own, which is killed with all that it
// has started when the context ends.
func Command(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // the benchmark's own commands
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
	return command
}

// Run runs a command to its end and returns what it prints on the standard output.
func Run(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	command := Command(ctx, dir, env, name, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, tail(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// tail is the end of what a command has printed.
func tail(text []byte) string {
	const most = 2000
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// Missing is the error of a peer that is not there.
type Missing report.Skipped

func (m *Missing) Error() string { return m.Peer + ": " + m.Why }

// Skip notes the peer of an error that says that it is not there, and reports whether it
// was one.
func (e *Env) Skip(part *report.Part, err error) bool {
	var missing *Missing
	if !errors.As(err, &missing) {
		return false
	}
	e.Logf("skipped: %s: %s", missing.Peer, missing.Why)
	part.Skipped = append(part.Skipped, report.Skipped(*missing))
	return true
}
