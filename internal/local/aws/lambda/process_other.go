//go:build !linux

package lambda

import (
	"bytes"
	"os/exec"
	"strconv"
	"syscall"
)

// processAttributes puts a process into a group of its own. Where the local
// AWS is killed, a runtime ends because its Runtime API is gone.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// memoryMeter asks how much memory a process has.
type memoryMeter struct{ pid int }

func newMemoryMeter(pid int) *memoryMeter { return &memoryMeter{pid} }

func (m *memoryMeter) close() {}

// peak returns how much memory the running process has resident, in MB,
// rounded up; 0 where it cannot be told. There is no /proc to tell the peak, so
// it is the most of what was seen at the ends of the invocations.
func (m *memoryMeter) peak() int {
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(m.pid)).Output() //nolint:gosec // the only argument is a number
	if err != nil {
		return 0
	}
	kB, err := strconv.Atoi(string(bytes.TrimSpace(out)))
	if err != nil {
		return 0
	}
	return (kB + 1023) / 1024
}
