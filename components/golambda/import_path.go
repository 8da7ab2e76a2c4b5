package golambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/module"
)

// checkImportPath refuses what is no import path: patterns, paths with versions and
// names of files among that.
func checkImportPath(path string) error {
	if err := module.CheckImportPath(path); err != nil {
		return fmt.Errorf("%q is neither a folder that is there nor an import path: begin the path of a folder with ./ or ../", path)
	}
	return nil
}

// find finds the folder of an import path in the module that the unit's folder
// belongs to.
func (u *unit) find(ctx context.Context) error {
	cmd := u.command(ctx, u.dir, "list", "-find", "-e", "-json=Dir,ImportPath,Error", "-tags", u.tags, u.importPath)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", commandError(err))
	}
	var p struct {
		Dir, ImportPath string
		Error           *struct{ Err string }
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	if err := decoder.Decode(&p); err != nil {
		return fmt.Errorf("reading what go list says: %w", err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) || p.ImportPath != u.importPath {
		return fmt.Errorf("%q is no package but a pattern: give the import path of one", u.importPath)
	}
	if p.Dir == "" {
		reason := "no reason is given"
		if p.Error != nil {
			reason = p.Error.Err
		}
		return fmt.Errorf("there is no folder %q, and as an import path the go command does not find it in the module of %q:\n%s", u.identity(), u.dir, indent(reason))
	}
	u.folder = p.Dir
	return u.checkFolder()
}
