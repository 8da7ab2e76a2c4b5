package deploy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// commands measures the command as a developer starts it.
func commands(ctx context.Context, e *bench.Env, part *report.Part, projects []*project) error {
	var sides []bench.Side
	for _, p := range projects {
		sides = append(sides, bench.Single(figure(p.name, command), report.Seconds, func(ctx context.Context) (float64, error) {
			args := []string{"--project", p.dir}
			for name, value := range p.settings(few) {
				args = append(args, "--config", name+"="+value)
			}
			took, _, err := up(ctx, e, nil, args, "/things/0", fmt.Sprint("version ", p.versions))
			return took, err
		}))
	}
	e.Logf("deploy: from the command to serving")
	if err := e.Rounds(ctx, part, 1, e.Repeats(7, 1), sides...); err != nil {
		return err
	}
	if err := part.Limit(figure(own, command), report.AtMost(6)); err != nil {
		return err
	}
	return part.Compare(figure(own, command), figure(plain, command), nil)
}

// up runs the command until the API serves a version, ends it as Ctrl-C does, and returns
// how many seconds it took, and how long it was silent at the longest.
func up(ctx context.Context, e *bench.Env, env, args []string, path, version string) (took, silent float64, err error) {
	state := filepath.Join(e.Temp, "state.json")
	args = slices.Concat([]string{"run", "./scripts/pha", "up", "--stack", "dev", "--state-file", state}, args)
	if err := os.Remove(state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, err // it would say that this one serves
	}
	process := bench.Command(ctx, e.Root, append(env, "TMPDIR="+e.Temp), "go", args...)
	reader, writer := io.Pipe()
	process.Stdout, process.Stderr = writer, writer
	start := time.Now()
	if err := process.Start(); err != nil {
		return 0, 0, err
	}
	exited := make(chan error, 1)
	lines := make(chan string, 64)
	go func() {
		exited <- process.Wait()
		_ = writer.Close()
	}()
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(reader); scanner.Scan(); {
			lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, reader) // after a line that is too long
	}()
	spoke, last, serving, spoken := start, "", false, (<-chan string)(lines)
	for !serving {
		select {
		case line, more := <-spoken:
			if !more {
				spoken = nil
				continue
			}
			silent, spoke, last = max(silent, time.Since(spoke).Seconds()), time.Now(), line
		case err := <-exited:
			return 0, 0, fmt.Errorf("pha up ended (%w) with %s", err, last)
		case <-time.After(5 * time.Millisecond):
			_, err := os.Stat(state)
			serving = err == nil
		}
	}
	url, err := served(state)
	if err == nil && path != "" {
		err = serves(ctx, url+path, version)
	}
	took = time.Since(start).Seconds()
	go func() {
		for range lines { // what it says while it ends
		}
	}()
	_ = syscall.Kill(-process.Process.Pid, syscall.SIGINT)
	killed := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL) })
	ended := <-exited // by the interrupt
	killed.Stop()
	e.Logf("deploy: %.2f s; pha up: %v", took, ended)
	return took, max(silent, start.Add(time.Duration(took*float64(time.Second))).Sub(spoke).Seconds()), err
}

// served is where the API of a state file serves.
func served(file string) (string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // its own file
	if err != nil {
		return "", err
	}
	var state struct{ APIURL string }
	err = json.Unmarshal(content, &state)
	return state.APIURL, err
}

const first = "first run of the Events API, nothing built before"

// firstRun measures the first run on a machine that has Go and the modules' sources, and
// has built nothing.
func firstRun(ctx context.Context, e *bench.Env, part *report.Part) (err error) {
	cache, err := os.MkdirTemp(e.Temp, "first-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cache)) }()
	e.Logf("deploy: the first run on a bare machine, which takes minutes")
	took, silent, err := up(ctx, e, []string{"XDG_CACHE_HOME=" + cache, "GOCACHE=" + filepath.Join(cache, "go-build")}, nil, "", "")
	if err != nil {
		return err
	}
	part.Add(first, report.Seconds, []float64{took}, nil)
	part.Add(first+": longest silence", report.Seconds, []float64{silent}, nil)
	part.LimitOnce(first, report.AtMost(240))
	return nil
}
