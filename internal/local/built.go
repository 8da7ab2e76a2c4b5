package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
)

// recordPath is the file in which the component records the functions that it
// compiles.
func (d *Deployment) recordPath() string { return filepath.Join(d.dir, "built") }

// forgetBuilt empties the record before a deployment.
func (d *Deployment) forgetBuilt() error {
	if err := os.Remove(d.recordPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("emptying the record of what is built: %w", err)
	}
	return nil
}

// readBuilt reads the record after a deployment. Where nothing was recorded, since
// the program could not be compiled for instance, the functions are those of before.
func (d *Deployment) readBuilt() {
	content, err := os.ReadFile(d.recordPath())
	if err != nil {
		return
	}
	var built []contract.BuiltPackage
	for line := range bytes.Lines(content) {
		var p contract.BuiltPackage
		if json.Unmarshal(line, &p) == nil { // an interrupt may leave half a line
			built = append(built, p)
		}
	}
	d.built = built
}

// packages are the program, if it is one in Go, and its functions, as they are compiled.
func (d *Deployment) packages() []gobuild.Package {
	var list []gobuild.Package
	if d.project.language() == "go" {
		list = append(list, gobuild.Package{Folder: d.project.program()})
	}
	for _, p := range d.built {
		env := []string{"CGO_ENABLED=0"}
		if p.Alone {
			env = append(env, "GOWORK=off")
		}
		list = append(list, gobuild.Package{
			Folder: p.Folder, ImportPath: p.ImportPath, Flags: []string{"-tags", strings.Join(p.BuildTags, ",")}, Env: env,
		})
	}
	return list
}
