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

// memoryMeter reads how much memory a process has used. The file stays open: to open
// it takes longer than to read it.
type memoryMeter struct {
	status *os.File
	buffer [4 << 10]byte
}

func newMemoryMeter(pid int) *memoryMeter {
	m := &memoryMeter{}
	m.status, _ = os.Open(fmt.Sprintf("/proc/%d/status", pid)) // without it nothing is told
	return m
}

func (m *memoryMeter) close() { _ = m.status.Close() }

// peak returns the most memory that the running process ever had resident,
// in MB, rounded up; 0 where it cannot be told (proc_pid_status(5), VmHWM).
//
// The number that wait(2) gives is no use: it includes the memory of the local
// AWS itself, from which the process was forked.
func (m *memoryMeter) peak() int {
	n, _ := m.status.ReadAt(m.buffer[:], 0)
	_, rest, _ := bytes.Cut(m.buffer[:n], []byte("\nVmHWM:"))
	number, _, _ := bytes.Cut(bytes.TrimLeft(rest, " \t"), []byte(" "))
	kB, err := strconv.Atoi(string(number))
	if err != nil {
		return 0
	}
	return (kB + 1023) / 1024
}
