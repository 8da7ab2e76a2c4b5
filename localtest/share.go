package localtest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

// deployment is what tests share.
type deployment struct {
	opts  Options
	ready chan struct{} // closed when the rest is set
	err   error

	// local is guarded by mu, for writing while it deploys again.
	mu    sync.RWMutex
	local *local.Deployment

	secrets   secrets
	console   console
	progress  progress
	decisions decisions
}

var (
	sharing sync.Mutex
	shared  = map[string]*deployment{}
)

// share returns the deployment of these options, and makes it where it is the first.
func share(t testing.TB, opts Options) (*deployment, error) {
	t.Helper()
	opts.Stack = cmp.Or(opts.Stack, "dev")
	project, err := filepath.Abs(opts.Project)
	if err != nil {
		return nil, fmt.Errorf("finding the project: %w", err)
	}
	opts.Project = project
	key, err := json.Marshal(opts)
	if err != nil {
		return nil, fmt.Errorf("telling deployments apart: %w", err)
	}
	sharing.Lock()
	d, there := shared[string(key)]
	if !there {
		d = &deployment{opts: opts, ready: make(chan struct{})}
		shared[string(key)] = d
	}
	sharing.Unlock()
	if there {
		<-d.ready
		if d.err != nil {
			return nil, fmt.Errorf("the deployment has failed for another test:\n%w", d.err)
		}
		return d, nil
	}
	defer close(d.ready)
	d.err = d.start(t)
	return d, d.err
}

// start deploys. It goes on when the test has ended that began it: others wait.
func (d *deployment) start(t testing.TB) error {
	t.Helper()
	folder, err := watchedFolder()
	if err != nil {
		return err
	}
	started := time.Now()
	d.progress.open(t)
	d.local, err = local.Start(context.WithoutCancel(t.Context()), local.Options{
		Project: d.opts.Project, Stack: d.opts.Stack, Settings: d.opts.Settings, StackReferences: d.opts.StackReferences,
		Endpoints: d.opts.Endpoints, Strict: d.opts.Strict, Temp: folder, Progress: &d.progress, Output: d.progress.quietly(), Console: &d.console,
		Decided: d.decisions.add,
	})
	d.progress.close()
	text := d.progress.told()
	if err != nil {
		return fmt.Errorf("deploying %s with the stack %s: %w%s", d.opts.Project, d.opts.Stack, err, text)
	}
	d.secrets.add(string(d.local.Secret), string(d.local.SigningKey), d.local.AWS.Credentials.SecretAccessKey)
	t.Logf("localtest: deployed in %s: %s", time.Since(started).Round(10*time.Millisecond), d.progress.steps(text))
	return nil
}

// look reads the deployment while it does not change.
func (d *deployment) look(read func(*local.Deployment)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	read(d.local)
}
