// Package gobuild runs the go command where it takes long, and tells how far
// it is.
package gobuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Build is one build of one package.
type Build struct {
	// Title names what is built, in messages.
	Title string
	// Dir is the folder that the go command runs in.
	Dir string
	// Package is what is built.
	Package string
	// Output is the file that is written. Without one the package and all that
	// it needs are compiled into Go's build cache, but nothing is linked.
	Output string
	// Flags are further flags of the go command.
	Flags []string
	// Env is added to the environment.
	Env []string
	// Progress is told now and then how far the build is.
	Progress io.Writer
}

// TempIn is an Env with which a build keeps its temporary files in a folder, or where
// the system has them if that is "".
func TempIn(folder string) []string {
	if folder == "" {
		return nil
	}
	return []string{"TMPDIR=" + folder}
}

// Run downloads what the package needs and compiles it.
func (b Build) Run(ctx context.Context) error {
	total, err := b.countPackages(ctx)
	if err != nil {
		return err
	}
	args := []string{"build", "-v", "-o", b.Output}
	if b.Output == "" {
		args = []string{"list", "-v", "-export", "-deps", "-f", ""}
	}
	cmd := b.command(ctx, append(append(args, b.Flags...), b.Package)...)
	meter := newMeter(b.Progress, b.Title, total)
	cmd.Stderr = meter
	err = cmd.Run()
	meter.stop()
	return b.failure(ctx, "compiling", err, meter.tail())
}

// countPackages downloads the modules and returns how many packages a build
// from nothing compiles.
func (b Build) countPackages(ctx context.Context) (int, error) {
	cmd := b.command(ctx, "list", "-deps", b.Package)
	var out bytes.Buffer
	cmd.Stdout = &out
	meter := newMeter(b.Progress, b.Title, 0)
	cmd.Stderr = meter
	err := cmd.Run()
	meter.stop()
	return strings.Count(out.String(), "\n"), b.failure(ctx, "finding the packages of", err, meter.tail())
}

func (b Build) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this project's own
	cmd.Dir = b.Dir
	cmd.Env = append(cmd.Environ(), b.Env...)
	// An interrupt lets the go command remove its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func (b Build) failure(ctx context.Context, doing string, err error, output string) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", doing, b.Title, context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s %s: the go command is not on PATH: install Go from https://go.dev/dl", doing, b.Title)
	default:
		return fmt.Errorf("%s %s: %w\n%s", doing, b.Title, err, output)
	}
}
