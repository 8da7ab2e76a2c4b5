package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long no file may change before a redeployment: editors write
// a file in several steps, and a checkout writes many files.
const settle = 300 * time.Millisecond

// Watch deploys again whenever a Go file or a Pulumi file of the project
// changes, and prints the outcome in one line; why a deployment failed follows
// it. It ends with ctx.
func (d *Deployment) Watch(ctx context.Context, out io.Writer) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the project: %w", err)
	}
	defer watcher.Close() //nolint:errcheck // nothing was written
	for _, root := range d.project.sources() {
		if err := watchFolders(watcher, root); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(out, "watching for changes of Go and Pulumi files")
	timer := time.NewTimer(0)
	<-timer.C
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-watcher.Events:
			if event.Has(fsnotify.Create) {
				// A new folder is watched; that it is none is no error.
				_ = watchFolders(watcher, event.Name)
			}
			if isSource(event.Name) && !event.Has(fsnotify.Chmod) {
				timer.Reset(settle)
			}
		case err := <-watcher.Errors:
			return fmt.Errorf("watching the project: %w", err)
		case <-timer.C:
			d.redeploy(ctx, out)
		}
	}
}

// redeploy deploys once more and prints the outcome.
func (d *Deployment) redeploy(ctx context.Context, out io.Writer) {
	start := time.Now()
	var output bytes.Buffer
	changes, err := d.reload(ctx, &output)
	took := time.Since(start).Round(100 * time.Millisecond)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		_, _ = fmt.Fprintf(out, "redeployment failed after %s: %v\n%s", took, err, output.Bytes())
	default:
		_, _ = fmt.Fprintf(out, "redeployed in %s: %s\n", took, summary(changes))
	}
}

// reload reads the project's files again and deploys.
func (d *Deployment) reload(ctx context.Context, output io.Writer) (map[string]int, error) {
	if err := d.readProject(); err != nil {
		return nil, err
	}
	if err := errors.Join(d.project.copyTo(d.dir, d.opts.Stack), d.setSecrets(ctx)); err != nil {
		return nil, err
	}
	return d.up(ctx, output)
}

// summary is the changes in words, the rarest kinds first.
func summary(changes map[string]int) string {
	var parts []string
	for _, kind := range []struct{ name, text string }{
		{"create", "created"}, {"update", "updated"}, {"replace", "replaced"}, {"delete", "deleted"}, {"same", "unchanged"},
	} {
		if n := changes[kind.name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind.text))
		}
	}
	return strings.Join(parts, ", ")
}

// sources are the folders whose files make the deployment: the project's, and
// the root of the module that its program belongs to.
func (p *project) sources() []string {
	folders := []string{p.dir}
	for dir := p.program(); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			if dir != p.dir {
				folders = append(folders, dir)
			}
			return folders
		}
		if dir == filepath.Dir(dir) {
			return folders
		}
	}
}

// watchFolders watches a folder and those below it, but for those that the go
// command ignores too.
func watchFolders(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil //nolint:nilerr // gone already, or no folder
		}
		name := entry.Name()
		if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if err := watcher.Add(path); err != nil {
			return fmt.Errorf("watching %s: %w", path, err)
		}
		return nil
	})
}

// isSource reports whether a file belongs to what is deployed.
func isSource(path string) bool {
	name := filepath.Base(path)
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".mod", ".sum":
		return name == "go.mod" || name == "go.sum"
	case ".yaml":
		return strings.HasPrefix(name, "Pulumi.")
	}
	return false
}
