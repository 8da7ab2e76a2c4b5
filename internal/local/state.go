package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// backend is the folder of a backend of Pulumi's for one stack, whose files are written
// and read here as Pulumi does: a process of Pulumi's for each of these took longer than
// what an update without a change does.
type backend string

// environment has Pulumi lay out the backend as it is read here, whatever the developer's
// own environment says of others, and write the state once, at the end of an update, also
// of one that fails: not all of it at each step. A Pulumi that is killed outright leaves the
// state of before: what it has made since is unknown, and the local AWS has to start anew.
func (b backend) environment() map[string]string {
	return map[string]string{
		"PULUMI_SKIP_CHECKPOINTS":                       "true",
		"PULUMI_BACKEND_URL":                            "file://" + string(b),
		"PULUMI_DIY_BACKEND_GZIP":                       "false",
		"PULUMI_DIY_BACKEND_ZSTD":                       "false",
		"PULUMI_DIY_BACKEND_LEGACY_LAYOUT":              "false",
		"PULUMI_DIY_BACKEND_RETAIN_CHECKPOINTS":         "false",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
	}
}

func (b backend) statePath(project, stack string) string {
	return filepath.Join(string(b), ".pulumi", "stacks", project, stack+".json")
}

// stackWorkspace is a workspace that makes stacks without Pulumi.
type stackWorkspace struct {
	auto.Workspace
	backend backend
	project string
}

// CreateStack makes a stack that has nothing. Pulumi makes its key when it needs one.
func (w stackWorkspace) CreateStack(_ context.Context, name string) error {
	content, err := json.Marshal(map[string]any{"version": 3, "checkpoint": map[string]any{"stack": "organization/" + w.project + "/" + name}})
	if err != nil {
		return err
	}
	path := w.backend.statePath(w.project, name)
	for file, content := range map[string][]byte{filepath.Join(string(w.backend), ".pulumi", "meta.yaml"): []byte("version: 1\n"), path: content} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// resources are what is deployed, as the last update has left it. Secrets are encrypted.
func (b backend) resources(project, stack string) ([]apitype.ResourceV3, error) {
	content, err := os.ReadFile(b.statePath(project, stack))
	if err != nil {
		return nil, fmt.Errorf("reading the stack's state: %w", err)
	}
	var state struct{ Checkpoint apitype.CheckpointV3 }
	if err := json.Unmarshal(content, &state); err != nil {
		return nil, fmt.Errorf("reading the stack's state: %w", err)
	}
	if state.Checkpoint.Latest == nil {
		return nil, nil
	}
	return state.Checkpoint.Latest.Resources, nil
}

// changes are those of the last update: how many resources were created, updated,
// deleted or left the same, by Pulumi's names of these.
func (b backend) changes(project, stack string) (map[string]int, error) {
	folder := filepath.Join(string(b), ".pulumi", "history", project, stack)
	files, err := os.ReadDir(folder) // sorted by their names, which have the time in nanoseconds
	last := ""
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".history.json") {
			last = file.Name()
		}
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && last == "" {
		err = errors.New("there is no update")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the stack's history: %w", err)
	}
	content, err := os.ReadFile(filepath.Join(folder, last)) //nolint:gosec // of the backend, which is ours
	if err != nil {
		return nil, fmt.Errorf("reading the stack's history: %w", err)
	}
	var update struct{ ResourceChanges map[string]int }
	if err := json.Unmarshal(content, &update); err != nil {
		return nil, fmt.Errorf("reading the stack's history: %w", err)
	}
	return update.ResourceChanges, nil
}

// outputs are those of the stack among its resources, without secret ones.
func outputs(resources []apitype.ResourceV3) map[string]any {
	outputs := map[string]any{}
	for _, r := range resources {
		if r.Type != resource.RootStackType {
			continue
		}
		for name, value := range r.Outputs {
			if shown, _ := hideSecrets(value); shown != hidden {
				outputs[name] = shown
			}
		}
	}
	return outputs
}
