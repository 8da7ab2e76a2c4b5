package aws

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A function's process that is killed in the middle of an invocation costs
// this client its answer and the next one nothing.
func TestKilledFunction(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	s := protectedAPI(probe(t))
	s.find("reader")["timeout"] = 30
	s.find("GET /item")["routeKey"] = "GET /slow"
	if err := d.deploy(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	answer := make(chan int, 1)
	go func() {
		status, err := d.request(t.Context(), "GET", "/slow", map[string]string{"Authorization": "good"})
		if err != nil {
			t.Error(err)
		}
		answer <- status
	}()
	for !strings.Contains(d.out.String(), "reader | START") {
		time.Sleep(10 * time.Millisecond)
	}
	if killed := d.kill(t, "reader"); killed != 1 {
		t.Errorf("%d processes were killed, want 1", killed)
	}
	if got := <-answer; got != 500 {
		t.Errorf("the client whose function was killed got %d, want 500", got)
	}
	if got, err := d.request(t.Context(), "GET", "/open", nil); got != 200 {
		t.Errorf("the next client got %d, want 200 (%v)", got, err)
	}
}

// kill kills the processes of a function.
func (d *deployment) kill(t *testing.T, function string) int {
	t.Helper()
	killed := 0
	for pid, command := range processes(t) {
		if !strings.Contains(command, d.dir) || !strings.Contains(environment(t, pid), "AWS_LAMBDA_FUNCTION_NAME="+function) {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		killed++
	}
	return killed
}

// processes are the command lines of all processes of this machine.
func processes(t *testing.T) map[int]string {
	t.Helper()
	commands := map[int]string{}
	if files, _ := filepath.Glob("/proc/[0-9]*/cmdline"); len(files) > 0 {
		for _, file := range files {
			content, err := os.ReadFile(file)
			pid, convErr := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err == nil && convErr == nil {
				commands[pid] = string(content)
			}
		}
		return commands
	}
	out, err := exec.CommandContext(t.Context(), "ps", "-axo", "pid=,command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		text, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(text); err == nil {
			commands[pid] = command
		}
	}
	return commands
}

// environment is a process's environment.
func environment(t *testing.T, pid int) string {
	t.Helper()
	if content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ")); err == nil {
		return string(content)
	}
	out, err := exec.CommandContext(t.Context(), "ps", "-wwE", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
