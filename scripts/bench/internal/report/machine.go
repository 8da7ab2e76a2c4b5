package report

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine is where a run was made, and of what.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"` // operating system, architecture, kernel
	Go     string `json:"go"`
	Load   string `json:"load"`   // over 1, 5 and 15 minutes, before anything was measured
	Commit string `json:"commit"` // of the project, with a + where files have changed since
}

// Look looks at this machine, and at the project in a folder. What it cannot find out it
// calls unknown.
func Look(ctx context.Context, root string) Machine {
	say := func(name string, args ...string) string {
		command := exec.CommandContext(ctx, name, args...) //nolint:gosec // those below
		command.Dir = root
		out, err := command.Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	m := Machine{
		Cores: runtime.NumCPU(), Go: say("go", "env", "GOVERSION"),
		System: strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + say("uname", "-sr")),
		Commit: say("git", "rev-parse", "--short", "HEAD"),
	}
	if m.Commit != "" && say("git", "status", "--porcelain", "--untracked-files=no") != "" {
		m.Commit += "+"
	}
	if runtime.GOOS == "darwin" {
		m.CPU, m.Load = say("sysctl", "-n", "machdep.cpu.brand_string"), say("sysctl", "-n", "vm.loadavg")
	}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(load))[:3], " ")
	}
	for _, value := range []*string{&m.CPU, &m.Load, &m.Go, &m.Commit} {
		if *value == "" {
			*value = "unknown"
		}
	}
	return m
}
