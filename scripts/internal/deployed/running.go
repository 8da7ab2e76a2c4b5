package deployed

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// Running is a local deployment that serves now.
type Running struct {
	// Project is the folder of the project's file, Stack the stack.
	Project string `json:"project"`
	Stack   string `json:"stack"`
	// PID is the process that serves.
	PID int `json:"pid"`
	// Dir and Backend are where Pulumi finds its state.
	Dir     string `json:"dir"`
	Backend string `json:"backend"`
	// Env makes AWS clients talk to the local AWS.
	Env map[string]string `json:"env"`
}

// Register has the command find a local deployment as long as it serves: by a file in the
// user's cache folder that only the user can read.
func Register(d *local.Deployment, project, stack string) (remove func(), err error) {
	r := Running{Stack: stack, PID: os.Getpid(), Env: d.AWS.Environment()}
	r.Dir, r.Backend = d.Workspace()
	if r.Project, err = projectOf(project); err != nil {
		return nil, err
	}
	folder, err := safepath.Cache("running")
	if err != nil {
		return nil, err
	}
	return r.register(folder)
}

// register writes the file and holds a lock on it, which ends with the process however
// that ends.
func (r Running) register(folder string) (remove func(), err error) {
	path := filepath.Join(folder, fmt.Sprintf("%d-%s.json", r.PID, rand.Text()))
	file, err := write(path, r)
	if err != nil {
		return nil, fmt.Errorf("writing which local deployment serves: %w", err)
	}
	return func() { _ = errors.Join(os.Remove(path), file.Close()) }, nil
}

// WriteFile writes a value as JSON, in one piece, readable by its owner only: the
// credentials in it may do everything in the local AWS.
func WriteFile(path string, value any) error {
	file, err := write(path, value)
	if err != nil {
		return err
	}
	return file.Close()
}

// write is WriteFile, with a lock on the file for as long as it is open.
func write(path string, value any) (*os.File, error) {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return nil, err
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	_, err = partial.Write(append(content, '\n'))
	if err == nil {
		err = syscall.Flock(int(partial.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, partial.Close(), os.Remove(partial.Name()))
	}
	return partial, nil
}

// running are the local deployments that serve now.
func running() ([]Running, error) {
	folder, err := safepath.Cache("running")
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	var found []Running
	for _, path := range files {
		r, serves, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("reading which local deployments serve: %s: %w; remove that file", path, err)
		}
		if serves {
			found = append(found, r)
		}
	}
	return found, nil
}

// read reads a file that a process holds a lock on, and removes any other: its process
// was killed.
func read(path string) (r Running, serves bool, err error) {
	file, err := os.Open(path) //nolint:gosec // a file of the user's own
	if errors.Is(err, os.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, errors.Unwrap(err) // without the path
	}
	defer file.Close() //nolint:errcheck // nothing was written
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		_ = os.Remove(path)
		return r, false, nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return r, false, err
	}
	return r, true, json.NewDecoder(file).Decode(&r)
}

// projectOf is the folder of the Pulumi project that a folder belongs to, whatever links
// lead there.
func projectOf(folder string) (string, error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("finding the project: %w", err)
	}
	path, err := workspace.DetectProjectPathFrom(dir)
	if errors.Is(err, workspace.ErrProjectNotFound) {
		return "", fmt.Errorf("no Pulumi.yaml in %s or above it: run this in a Pulumi project's folder or name it with --project", dir)
	}
	if err == nil {
		dir, err = filepath.EvalSymlinks(filepath.Dir(path))
	}
	if err != nil {
		return "", fmt.Errorf("finding the project: %w", err)
	}
	return dir, nil
}
