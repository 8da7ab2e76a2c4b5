package deployed

import (
	"crypto/sha256"
	"encoding/hex"
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
	sum := sha256.Sum256([]byte(r.Project + "\x00" + r.Stack))
	path := filepath.Join(folder, hex.EncodeToString(sum[:8])+".json")
	if err := WriteFile(path, r); err != nil {
		return nil, fmt.Errorf("writing which local deployment serves: %w", err)
	}
	return func() {
		if now, err := read(path); err == nil && now.PID == r.PID { // and not that of a later one
			_ = os.Remove(path)
		}
	}, nil
}

// WriteFile writes a value as JSON, in one piece, readable by its owner only: the
// credentials in it may do everything in the local AWS.
func WriteFile(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = partial.Write(append(content, '\n'))
	err = errors.Join(err, partial.Close())
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial.Name()))
	}
	return nil
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
	for _, file := range files {
		r, err := read(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading which local deployments serve: %w", err)
		}
		if errors.Is(syscall.Kill(r.PID, 0), syscall.ESRCH) { // its process was killed
			_ = os.Remove(file)
			continue
		}
		found = append(found, r)
	}
	return found, nil
}

func read(file string) (r Running, err error) {
	content, err := os.ReadFile(file) //nolint:gosec // a file of the user's own
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	return r, err
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
