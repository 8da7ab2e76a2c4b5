package langhost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
)

// Program is a compiled program, over several deployments.
type Program struct {
	// Binary is the file that it is compiled to. The go command does not link it again
	// where what it finds there has not changed.
	Binary string
	// Env is added to the environment of this process, for the program and for the go
	// command.
	Env map[string]string

	mu sync.Mutex
	// snapshot is what Binary was compiled from, where that is known.
	snapshot *gobuild.Snapshot
}

// Compiled says what the binary was compiled from.
func (p *Program) Compiled(from *gobuild.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snapshot = from
}

// Snapshot is what the binary is known to be compiled from, or nil.
func (p *Program) Snapshot() *gobuild.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snapshot
}

// Current reports whether the binary is what the program in a folder is compiled to.
func (p *Program) Current(ctx context.Context, dir string) bool {
	snapshot := p.Snapshot()
	return snapshot != nil && snapshot.Package.Folder == dir && snapshot.Current(ctx)
}

// Compile compiles the program in a folder, unless that is known to have no use.
// output is what the go command has said where it failed.
func (p *Program) Compile(ctx context.Context, dir string) (output []byte, err error) {
	if p.Current(ctx, dir) {
		return nil, nil
	}
	p.Compiled(nil)
	return p.command(ctx, dir, "go", "build", "-buildvcs=false", "-o", p.Binary, ".").CombinedOutput()
}

// Look finds out what the program in a folder is compiled from, so that it is compiled
// again only when that changes. The go command looks between two snapshots that are the
// same: what it leaves is what they are compiled to.
func (p *Program) Look(ctx context.Context, dir string) error {
	snapshot, err := gobuild.TakeSnapshot(ctx, gobuild.Package{Folder: dir})
	if err != nil {
		return err
	}
	if output, err := p.Compile(ctx, dir); err != nil {
		return fmt.Errorf("compiling the program: %w\n%s", err, output)
	}
	if snapshot.Current(ctx) {
		p.Compiled(snapshot)
	}
	return nil
}

// binary compiles the program, unless the option binary of the project's runtime names
// one that is compiled already. failure is what the developer is told.
func (p *Program) binary(ctx context.Context, dir string, options map[string]any) (binary, failure string) {
	if given, _ := options["binary"].(string); given != "" {
		if !filepath.IsAbs(given) {
			given = filepath.Join(dir, given)
		}
		if _, err := os.Stat(given); err != nil {
			return "", fmt.Sprintf("the option binary of the project's runtime: %v", err)
		}
		return given, ""
	}
	if output, err := p.Compile(ctx, dir); err != nil {
		return "", fmt.Sprintf("compiling the program: %v\n%s", err, output)
	}
	return p.Binary, ""
}

// command is a process in the program's folder. With ctx ends whatever it has started.
func (p *Program) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the developer's own program and the go command
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir)
	for name, value := range p.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killDelay
	return cmd
}
