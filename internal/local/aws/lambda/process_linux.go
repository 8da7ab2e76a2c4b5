package lambda

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// processAttributes puts a process into a group of its own and has the kernel
// kill it when the local AWS ends, however it ends. See spawner.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// peakMemory returns the most memory that a running process ever had resident,
// in MB, rounded up; 0 where it cannot be told (proc_pid_status(5), VmHWM).
//
// The number that wait(2) gives is no use: it includes the memory of the local
// AWS itself, from which the process was forked.
func peakMemory(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kB, err := strconv.Atoi(string(fields[0]))
	if err != nil {
		return 0
	}
	return (kB + 1023) / 1024
}
