package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/pulumi/pulumi/pkg/v3/secrets"
	"github.com/pulumi/pulumi/pkg/v3/secrets/passphrase"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// organization is the one of all stacks whose state is in files.
const organization = "organization"

// store is a stack of the project in the working directory, and where its state is. The
// files have the layout of Pulumi's backend for files, version 1.
type store struct {
	project *workspace.Project
	root    string // the folder of the project
	name    tokens.StackName
	folder  string // of the state: .pulumi
}

func openStore(name string) (*store, error) {
	path, err := workspace.DetectProjectPath()
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, errors.New("no Pulumi.yaml in the working directory or above it")
	}
	s := &store{root: filepath.Dir(path)}
	if s.project, err = workspace.LoadProject(path); err != nil {
		return nil, err
	}
	url := os.Getenv("PULUMI_BACKEND_URL")
	if url == "" && s.project.Backend != nil {
		url = s.project.Backend.URL
	}
	folder, ok := strings.CutPrefix(url, "file://")
	if !ok || !filepath.IsAbs(folder) {
		return nil, fmt.Errorf("PULUMI_BACKEND_URL is %q, want file:// and an absolute path: %s", url, other)
	}
	s.folder = filepath.Join(folder, ".pulumi")
	return s, s.rename(name)
}

// openStack is openStore for a stack that is there.
func openStack(name string) (*store, error) {
	s, err := openStore(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.path()); err != nil {
		return nil, fmt.Errorf("no stack named '%s' found", s.name) // which the automation API looks for
	}
	return s, nil
}

func (s *store) rename(name string) (err error) {
	if name == "" {
		return errors.New("no stack is named: name it with --stack")
	}
	s.name, err = tokens.ParseStackName(name)
	return err
}

// path is the file of the state.
func (s *store) path() string {
	return filepath.Join(s.folder, "stacks", s.project.Name.String(), s.name.String()+".json")
}

// configPath is the file of the configuration.
func (s *store) configPath() (string, error) {
	_, path, err := workspace.DetectProjectStackPath(s.name.Q())
	return path, err
}

// read returns the state as it is in the file.
func (s *store) read() (*apitype.UntypedDeployment, error) {
	content, err := os.ReadFile(s.path())
	if err != nil {
		return nil, fmt.Errorf("reading the stack's state: %w", err)
	}
	var checkpoint apitype.VersionedCheckpoint
	var latest struct {
		Latest json.RawMessage `json:"latest"`
	}
	if err := errors.Join(json.Unmarshal(content, &checkpoint), json.Unmarshal(checkpoint.Checkpoint, &latest)); err != nil {
		return nil, fmt.Errorf("reading the stack's state in %s: %w", s.path(), err)
	}
	return &apitype.UntypedDeployment{Version: checkpoint.Version, Features: checkpoint.Features, Deployment: latest.Latest}, nil
}

// snapshot returns the state.
func (s *store) snapshot(ctx context.Context) (*deploy.Snapshot, error) {
	untyped, err := s.read()
	if err != nil {
		return nil, err
	}
	if len(untyped.Deployment) == 0 || string(untyped.Deployment) == "null" { // nothing was deployed
		return deploy.NewSnapshot(deploy.Manifest{}, nil, nil, nil, deploy.SnapshotMetadata{}, nil, nil), nil
	}
	return stack.DeserializeUntypedDeployment(ctx, untyped, byPassphrase{})
}

// save writes a state.
func (s *store) save(ctx context.Context, snapshot *deploy.Snapshot) error {
	snapshot.Manifest = deploy.Manifest{Time: time.Now(), Version: version.Version}
	snapshot.Manifest.Magic = snapshot.Manifest.NewMagic()
	untyped, err := stack.SerializeUntypedDeployment(ctx, snapshot, nil)
	if err != nil {
		return fmt.Errorf("writing the stack's state: %w", err)
	}
	return s.write(untyped)
}

func (s *store) write(untyped *apitype.UntypedDeployment) error {
	full := tokens.QName(organization + "/" + s.project.Name.String() + "/" + s.name.String())
	checkpoint, err := stack.MarshalUntypedDeploymentToVersionedCheckpoint(full, untyped)
	if err != nil {
		return fmt.Errorf("writing the stack's state: %w", err)
	}
	// Without it Pulumi takes the folder for one of an older layout.
	if err := writeFile(filepath.Join(s.folder, "meta.yaml"), []byte("version: 1\n")); err != nil {
		return err
	}
	content, err := json.Marshal(checkpoint)
	if err != nil {
		return fmt.Errorf("writing the stack's state: %w", err)
	}
	return writeFile(s.path(), content)
}

// writeFile writes a file in one piece, with the folders above it.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// record is an operation in the history of a stack.
type record struct {
	Kind            apitype.UpdateKind     `json:"kind"`
	StartTime       int64                  `json:"startTime"`
	Message         string                 `json:"message"`
	Environment     map[string]string      `json:"environment"`
	Config          map[string]any         `json:"config"`
	Result          string                 `json:"result"`
	EndTime         int64                  `json:"endTime"`
	Version         int                    `json:"version"`
	ResourceChanges map[apitype.OpType]int `json:"resourceChanges"`
}

func (s *store) historyFolder() string {
	return filepath.Join(s.folder, "history", s.project.Name.String(), s.name.String())
}

// remember adds an operation to the history.
func (s *store) remember(r record) error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.historyFolder(), fmt.Sprintf("%s-%d.history.json", s.name, time.Now().UnixNano())), content)
}

// last is the last operation of the history; none where nothing was done.
func (s *store) last() ([]record, error) {
	// The names are sorted, and their numbers have the same number of digits.
	files, err := os.ReadDir(s.historyFolder())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return []record{}, nil
	}
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(s.historyFolder(), files[len(files)-1].Name()))
	if err != nil {
		return nil, err
	}
	last := []record{{}}
	return last, json.Unmarshal(content, &last[0])
}

// settings reads the configuration of the stack, and what its secrets are encrypted with.
// That is written into the file where it is new.
func (s *store) settings() (*workspace.ProjectStack, secrets.Manager, error) {
	path, err := s.configPath()
	if err != nil {
		return nil, nil, err
	}
	settings, err := workspace.LoadProjectStack(cmdutil.Diag(), s.project, path)
	if err != nil {
		return nil, nil, err
	}
	if provider := settings.SecretsProvider; provider != "" && provider != passphrase.Type && provider != "default" {
		return nil, nil, fmt.Errorf("the secrets of the stack %s are encrypted by %s: %s", s.name, provider, other)
	}
	if settings.Environment != nil {
		return nil, nil, fmt.Errorf("the stack %s imports environments of Pulumi ESC: %s", s.name, other)
	}
	before := settings.EncryptionSalt
	manager, err := passphrase.NewPromptingPassphraseSecretsManager(settings, false)
	if err != nil {
		return nil, nil, err
	}
	if settings.EncryptionSalt != before {
		err = settings.Save(path)
	}
	return settings, stack.NewBatchingCachingSecretsManager(manager), err
}

// byPassphrase makes what decrypts the secrets of a state.
type byPassphrase struct{}

func (byPassphrase) OfType(_ context.Context, kind string, state json.RawMessage) (secrets.Manager, error) {
	if kind != passphrase.Type {
		return nil, fmt.Errorf("the secrets of the state are encrypted by %s: %s", kind, other)
	}
	manager, err := passphrase.NewPromptingPassphraseSecretsManagerFromState(state)
	if err != nil {
		return nil, err
	}
	return stack.NewBatchingCachingSecretsManager(manager), nil
}

// exists reports whether the stack is there.
func (s *store) exists() bool {
	_, err := os.Stat(s.path())
	return !errors.Is(err, fs.ErrNotExist)
}
