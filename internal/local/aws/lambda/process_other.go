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

// peakMemory returns how much memory a running process has resident, in MB,
// rounded up; 0 where it cannot be told. There is no /proc to tell the peak, so
// it is the most of what was seen at the ends of the invocations.
func peakMemory(pid int) int {
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // the only argument is a number
	if err != nil {
		return 0
	}
	kB, err := strconv.Atoi(string(bytes.TrimSpace(out)))
	if err != nil {
		return 0
	}
	return (kB + 1023) / 1024
}
