package localtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// cleaner is a program for sh. It waits until this process is gone, then ends the
// processes that have the folder in their environment, as all have that a deployment
// starts, and removes the folder.
const cleaner = `
trap '' HUP INT TERM
read -r nothing
while processes=$(grep -lF -- "$1" /proc/[0-9]*/environ 2>/dev/null); [ -n "$processes" ]; do
	for process in $processes; do
		process=${process#/proc/}
		kill -KILL "${process%/environ}" 2>/dev/null
	done
	sleep 0.1
done
until rm -rf -- "$1"; do sleep 0.1; done
`

// lifeline is an end of the cleaner's standard input. Nobody else has it, so that it
// closes with this process.
var lifeline *os.File //nolint:unused // it is kept, so that it is not closed

// watchedFolder is the folder for all that this process deploys. It is removed when
// the process has ended: a test process has no other moment, since tests end before
// one another, it may have no TestMain, and nothing runs after a panic or a signal.
var watchedFolder = sync.OnceValues(func() (folder string, err error) {
	if folder, err = safepath.Temp("protected-http-api-test-"); err != nil {
		return "", err
	}
	end, held, err := os.Pipe()
	lifeline = held
	if err == nil {
		cmd := exec.Command("/bin/sh", "-c", cleaner, "sh", folder) //nolint:gosec // the folder is an argument, no part of the program
		cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{"PATH=/usr/bin:/bin"}, end
		// Not what the terminal interrupts.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		err = errors.Join(cmd.Start(), end.Close())
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("starting what cleans up after the tests: %w", err), os.Remove(folder))
	}
	return folder, nil
})
