package local

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// keptPrograms is how many linked programs are kept, by the names of their projects.
// Each has some 60 MB, and takes some seconds to link.
const keptPrograms = 4

// keptProgram is where the linked program is kept from one deployment to the next.
func (d *Deployment) keptProgram() (string, error) {
	folder, err := safepath.Cache("programs")
	return filepath.Join(folder, d.project.Name.String()), err
}

// fetchProgram puts the last program of the project where it is compiled to: the go
// command does not link an unchanged one again, and is not run where it is known what the
// program was compiled from. Without one it is compiled.
func (d *Deployment) fetchProgram() {
	kept, err := d.keptProgram()
	if err != nil {
		return
	}
	content, info, err := readProgram(kept)
	if err != nil || os.WriteFile(d.program.Binary, content, 0o700) != nil { //nolint:gosec // a program
		return
	}
	var made madeFrom
	record, err := os.ReadFile(kept + recordSuffix) //nolint:gosec // as above
	if err == nil && safepath.Check(kept+recordSuffix) == nil && json.Unmarshal(record, &made) == nil && made.of(info) {
		d.program.Compiled(made.Snapshot)
	}
}

// readProgram reads a file of the user's own cache, as it was at one time.
func readProgram(path string) ([]byte, os.FileInfo, error) {
	if err := safepath.Check(path); err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path) //nolint:gosec // checked
	if err != nil {
		return nil, nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	return content, info, err
}

// keepProgram keeps the linked program for the next deployment, which is slower without,
// and what it was compiled from where that is known.
func (d *Deployment) keepProgram() {
	if kept, err := d.keptProgram(); err == nil {
		keep(d.program, kept)
	}
}

func keep(program *langhost.Program, kept string) {
	content, err := os.ReadFile(program.Binary)
	if err != nil {
		return // it is another one, by the option binary
	}
	before, info, err := readProgram(kept)
	if err != nil || !bytes.Equal(before, content) {
		if replaceFile(kept, content) != nil {
			return
		}
		if before, info, err = readProgram(kept); err != nil || !bytes.Equal(before, content) {
			return // another deployment has put its own there
		}
	}
	if made := (madeFrom{info.ModTime().UnixNano(), info.Size(), program.Snapshot()}); made.Snapshot != nil {
		if record, err := json.Marshal(made); err == nil {
			_ = replaceFile(kept+recordSuffix, record)
		}
	}
	prunePrograms(filepath.Dir(kept))
}

// recordSuffix ends the name of the file that says what a kept program was compiled from.
const recordSuffix = ".json"

// madeFrom says what the file of a kept program was compiled from: that file, and no
// other that takes its place.
type madeFrom struct {
	Time, Size int64 // of the file
	Snapshot   *gobuild.Snapshot
}

func (m madeFrom) of(info os.FileInfo) bool {
	return m.Snapshot != nil && m.Snapshot.Sources != nil && m.Time == info.ModTime().UnixNano() && m.Size == info.Size()
}

// replaceFile makes the file appear whole or not at all.
func replaceFile(path string, content []byte) error {
	partial, err := os.CreateTemp(filepath.Dir(path), ".partial-*")
	if err != nil {
		return err
	}
	_, err = partial.Write(content)
	if err = errors.Join(err, partial.Close()); err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		_ = os.Remove(partial.Name())
	}
	return err
}

// quiet is how long a deployment is left alone before the program is looked at.
const quiet = 2 * time.Second

// lookAtProgram finds out, while nothing is deployed, what the program was compiled from,
// so that the next deployments need not ask the go command whether that has changed.
func (d *Deployment) lookAtProgram() {
	dir := d.project.program()
	_, given := d.project.Runtime.Options()["binary"]
	if d.project.language() != "go" || given || d.program.Snapshot() != nil {
		return
	}
	kept, err := d.keptProgram()
	if err != nil {
		return
	}
	program := d.program
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
			return
		case <-time.After(quiet):
		}
		if program.Look(ctx, dir) == nil {
			keep(program, kept)
		}
	}()
	d.endLook = func() {
		cancel()
		<-done
	}
}

// stopLooking ends a look that has not ended.
func (d *Deployment) stopLooking() {
	if d.endLook != nil {
		d.endLook()
		d.endLook = nil
	}
}

// prunePrograms removes all but those that were kept last.
func prunePrograms(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	var files []os.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int {
		return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano())
	})
	for _, file := range files[min(2*keptPrograms, len(files)):] {
		_ = os.Remove(filepath.Join(folder, file.Name()))
	}
}
