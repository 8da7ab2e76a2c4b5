package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
)

// settle is how long no file may change before a redeployment: editors write
// a file in several steps, and a checkout writes many files.
const settle = 300 * time.Millisecond

// RequestUpdate asks for an update by [Deployment.Serve] or [Deployment.Watch], from the
// project's files as they are then.
func (d *Deployment) RequestUpdate() {
	select {
	case d.requested <- struct{}{}:
	default: // one that has not begun will have these files too
	}
}

// Serve deploys again whenever somebody asks for it, and prints the outcome in one line;
// why an update failed follows it. It ends with ctx.
func (d *Deployment) Serve(ctx context.Context, out io.Writer) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.requested:
			d.redeploy(ctx, out)
		}
	}
}

// Watch is Serve, and deploys again too whenever a file changes of which the deployment
// is made: what the builds of the program and of its functions read, the project's file
// and the stack's.
func (d *Deployment) Watch(ctx context.Context, out io.Writer) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the project: %w", err)
	}
	defer watcher.Close() //nolint:errcheck // nothing was written
	w := &watch{d: d, watcher: watcher, folders: map[string]bool{}}
	if err := w.follow(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	_, _ = fmt.Fprintf(out, "watching the %d files that the deployment is made of\n", w.sources.Len()+len(w.settings))
	timer := time.NewTimer(0)
	if !w.missed() {
		<-timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-watcher.Events:
			if w.concerns(event) {
				timer.Reset(settle)
			}
		case err := <-watcher.Errors:
			return fmt.Errorf("watching the project: %w", err)
		case <-d.requested:
			timer.Reset(settle) // what was saved just before is in the same deployment
		case <-timer.C:
			d.redeploy(ctx, out)
			if err := w.refresh(ctx); err != nil && ctx.Err() == nil {
				_, _ = fmt.Fprintf(out, "not all files are watched: %v\n", err)
			}
			if w.missed() {
				timer.Reset(settle)
			}
		}
	}
}

// watch follows the files of which a deployment is made.
type watch struct {
	d       *Deployment
	watcher *fsnotify.Watcher
	folders map[string]bool // that the system watches
	sources *gobuild.Sources
	// settings are the files of the project and the stack.
	settings []string
	// built are the functions whose sources are followed.
	built []contract.BuiltPackage
	// stale tells that other files may have to be followed.
	stale bool
	// fresh tells that folders are watched that were not during the last deployment.
	fresh bool
}

// concerns reports whether an event asks for a redeployment.
func (w *watch) concerns(event fsnotify.Event) bool {
	if w.folders[event.Name] && (event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)) {
		_ = w.watcher.Remove(event.Name) // the system may have forgotten it already
		delete(w.folders, event.Name)
	}
	settings := slices.Contains(w.settings, event.Name)
	if event.Op == fsnotify.Chmod || !settings && !w.sources.Read(event.Name) {
		return false
	}
	w.stale = w.stale || settings || w.sources.Decides(event.Name)
	return true
}

// refresh follows other files where the last deployment may be made of others.
func (w *watch) refresh(ctx context.Context) error {
	if !w.stale && reflect.DeepEqual(w.built, w.d.built) {
		return nil
	}
	return w.follow(ctx)
}

// follow finds the files of the last deployment and watches their folders.
func (w *watch) follow(ctx context.Context) error {
	sources, err := gobuild.FindSources(ctx, w.d.packages())
	if err != nil {
		return fmt.Errorf("finding the files that the deployment is made of: %w", err)
	}
	w.sources, w.built, w.stale = sources, w.d.built, false
	w.settings = w.d.settingsFiles()
	wanted := map[string]bool{}
	for _, folder := range sources.Folders() {
		wanted[folder] = true
	}
	for _, file := range w.settings {
		if folder := filepath.Dir(file); isFolder(folder) {
			wanted[folder] = true
		}
	}
	for folder := range w.folders {
		if !wanted[folder] {
			_ = w.watcher.Remove(folder)
			delete(w.folders, folder)
		}
	}
	for folder := range wanted {
		if w.folders[folder] {
			continue
		}
		if err := w.watcher.Add(folder); err != nil {
			return fmt.Errorf("watching %s: %w", folder, err)
		}
		w.folders[folder], w.fresh = true, true
	}
	return nil
}

// missed reports whether a file in a folder that is newly watched was written since
// the last deployment began.
func (w *watch) missed() bool {
	missed := w.fresh && w.sources.Changed(w.d.started)
	w.fresh, w.stale = false, w.stale || missed
	return missed
}

// settingsFiles are the files that decide about a deployment beside its sources: the
// project's, the stack's, those with the outputs of other stacks, and a program that
// is compiled already.
func (d *Deployment) settingsFiles() []string {
	files := []string{d.project.path, d.project.stackPath}
	for _, file := range d.opts.StackReferences {
		if path, err := filepath.Abs(file); err == nil {
			files = append(files, path)
		}
	}
	if binary, ok := d.project.Runtime.Options()["binary"].(string); ok && binary != "" {
		if !filepath.IsAbs(binary) {
			binary = filepath.Join(d.project.program(), binary)
		}
		files = append(files, binary)
	}
	slices.Sort(files)
	return files
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
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
	return d.update(output, func(output io.Writer) (map[string]int, error) { return d.readAndUp(ctx, output) })
}

func (d *Deployment) readAndUp(ctx context.Context, output io.Writer) (map[string]int, error) {
	select {
	case <-d.requested: // somebody wanted the files as they are now
	default:
	}
	d.stopLooking() // at the project, which is read again
	if err := d.readProject(); err != nil {
		return nil, err
	}
	if err := errors.Join(d.project.copyTo(d.dir, d.opts.Stack), d.setSecrets(ctx)); err != nil {
		return nil, err
	}
	defer d.lookAtProgram()
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
