package lambda

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// spawner starts all processes from one operating system thread that lives as
// long as the service: on Linux a process can be made to die with its parent,
// and for the kernel the parent is the thread that started it.
type spawner struct {
	starts chan func()
	ended  chan struct{}
}

func newSpawner() *spawner {
	p := &spawner{starts: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		runtime.LockOSThread()
		// Never unlocked: the thread ends with the goroutine.
		for start := range p.starts {
			start()
		}
	}()
	return p
}

func (p *spawner) start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	p.starts <- func() { result <- cmd.Start() }
	return <-result
}

// close ends the thread; no process may be left.
func (p *spawner) close() {
	close(p.starts)
	<-p.ended
}

// bootstrap is one process of a function with its Runtime API and its output.
type bootstrap struct {
	cmd *exec.Cmd
	api *runtimeAPI
	out *output
	// memory is closed with gone: whoever reads it later reads nothing.
	memory *memoryMeter
	// gone is closed when the process has ended.
	gone chan struct{}
	// ended is closed when, besides, all its output has been passed on.
	ended chan struct{}
	exit  error // how it ended; to be read after gone
}

// terminate asks the process to end and gives it some time.
func (b *bootstrap) terminate(limit time.Duration) {
	select {
	case <-b.gone:
		return
	default:
		_ = syscall.Kill(b.cmd.Process.Pid, syscall.SIGTERM)
	}
	patience := time.NewTimer(limit)
	defer patience.Stop()
	select {
	case <-b.gone:
	case <-patience.C:
	}
}

// kill ends the process and all processes that it started in its group.
func (b *bootstrap) kill() {
	select {
	case <-b.gone: // its number may be another's by now
	default:
		_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// wait reaps the process and tidies up after it.
func (b *bootstrap) wait() {
	b.exit = b.cmd.Wait()
	// What it started must not outlive it. The group's number is not given
	// away while one of the group is left.
	_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	close(b.gone)
	b.memory.close()
	b.out.drain()
	b.out.close()
	b.api.close()
	close(b.ended)
}

// exitText is how AWS tells of a process that ended by itself.
func (b *bootstrap) exitText() string {
	var exit *exec.ExitError
	if errors.As(b.exit, &exit) {
		return fmt.Sprintf("Runtime exited with error: %v", exit.ProcessState)
	}
	return "Runtime exited without providing a reason"
}
