// Package bench is what the parts of the benchmark share: where they work, how sides are
// measured in turn, and how a peer that is not there is left out.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// Side is one of those that are measured in turn. One run of it may give several
// figures, each of which has a name in the report and a unit.
type Side struct {
	Name    string
	Figures []Figure
	// Run measures all figures once.
	Run func(context.Context) ([]float64, error)
}

// Figure is what a run of a side gives.
type Figure struct{ Name, Unit string }

// Single is a side with one figure, of its own name.
func Single(name, unit string, run func(context.Context) (float64, error)) Side {
	return Side{Name: name, Figures: []Figure{{name, unit}}, Run: func(ctx context.Context) ([]float64, error) {
		value, err := run(ctx)
		return []float64{value}, err
	}}
}

// Rounds measures the sides in turn and adds them to the part. Each round has every side
// once, so that what disturbs the machine for a while disturbs neighbours alike; in an
// order of its own, so that none is always the one after what leaves caches full of
// something else. The first rounds, warmUp many, do not count.
func (e *Env) Rounds(ctx context.Context, part *report.Part, warmUp, rounds int, sides ...Side) error {
	samples := make([][][]float64, len(sides))
	for i, side := range sides {
		samples[i] = make([][]float64, len(side.Figures))
	}
	order := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same order each time
	for round := range warmUp + rounds {
		for _, i := range order.Perm(len(sides)) {
			values, err := sides[i].Run(ctx)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", sides[i].Name, err)
			}
			for j, value := range values {
				if round >= warmUp {
					samples[i][j] = append(samples[i][j], value)
				}
			}
		}
	}
	for i, side := range sides {
		for j, figure := range side.Figures {
			part.Add(figure.Name, figure.Unit, samples[i][j], nil)
		}
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

// ProcessorTime is what this process has had of the processors, in seconds: unlike time, it
// does not grow while others have them. Garbage collection counts.
func ProcessorTime() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0 // it does not fail for the process itself
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// Allocations counts those of a run in Go's heap: the fewest of some counts, since what else
// runs in the process allocates too.
func Allocations(run func()) float64 {
	const counts, runs = 5, 50
	fewest := math.Inf(1)
	var before, after runtime.MemStats
	for range counts {
		runtime.ReadMemStats(&before)
		for range runs {
			run()
		}
		runtime.ReadMemStats(&after)
		fewest = min(fewest, math.Floor(float64(after.Mallocs-before.Mallocs)/runs))
	}
	return fewest
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

// Background starts a command that serves until stop is called or the context ends. What
// it prints goes nowhere.
func (e *Env) Background(ctx context.Context, dir string, env []string, name string, args ...string) (stop func(), err error) {
	command := Command(ctx, dir, env, name, args...)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(name), err)
	}
	return func() {
		_ = command.Cancel()
		_ = command.Wait() // the signal that ended it
	}, nil
}
