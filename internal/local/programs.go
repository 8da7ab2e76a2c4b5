package local

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"

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

// fetchProgram puts the last program of the project where the language host links it to:
// the go command does not link an unchanged one again. Without one it is linked.
func (d *Deployment) fetchProgram() {
	kept, err := d.keptProgram()
	if err != nil || safepath.Check(kept) != nil {
		return
	}
	if content, err := os.ReadFile(kept); err == nil { //nolint:gosec // a file of the user's own cache
		_ = os.WriteFile(d.programPath(), content, 0o700) //nolint:gosec // a program
	}
}

// keepProgram keeps the linked program for the next deployment, which is slower without.
func (d *Deployment) keepProgram() {
	kept, err := d.keptProgram()
	if err != nil {
		return
	}
	content, err := os.ReadFile(d.programPath())
	if err != nil {
		return // it is another one, by the option binary
	}
	if before, err := os.ReadFile(kept); err == nil && bytes.Equal(before, content) { //nolint:gosec // a file of the user's own cache
		return
	}
	partial, err := os.CreateTemp(filepath.Dir(kept), ".partial-*")
	if err != nil {
		return
	}
	_, err = partial.Write(content)
	if err = errors.Join(err, partial.Close()); err == nil {
		err = os.Rename(partial.Name(), kept)
	}
	if err != nil {
		_ = os.Remove(partial.Name())
	}
	prunePrograms(filepath.Dir(kept))
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
	for _, file := range files[min(keptPrograms, len(files)):] {
		_ = os.Remove(filepath.Join(folder, file.Name()))
	}
}

// programPath is what the language host links the program to.
func (d *Deployment) programPath() string { return filepath.Join(d.dir, "program") }
