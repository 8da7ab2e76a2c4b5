package golambda

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// group is packages of one module that are built alike, and so by one go command.
// Several commands, one after the other, would each look through what the packages need;
// at once they would each compile what the packages share, which is nearly all.
type group struct {
	// root is the module's folder, output where the binaries are written.
	root, output string
	units        []*unit
}

// alike groups packages by the module that they belong to, as the nearest go.mod
// above them says, and by how they are built. It says what each is compiled to, in a
// folder of the group below temp. Packages of which the go command would call the
// binaries alike are in different groups.
func alike(units []*unit, temp string) []*group {
	type key struct {
		root, tags, ldFlags, experiment, fips140, toolchain string
		alone                                               bool
		round                                               int
	}
	var groups []*group
	found := map[key]*group{}
	for i, u := range units {
		root, _ := moduleRoot(u.dir)
		k := key{root: root, tags: u.tags, ldFlags: u.ldFlags, experiment: u.experiment, fips140: u.fips140, toolchain: u.toolchain, alone: u.alone}
		name := u.binaryName(root)
		for found[k] != nil && found[k].has(name) {
			k.round++
		}
		if found[k] == nil {
			found[k] = &group{root: root, output: filepath.Join(temp, strconv.Itoa(i))}
			groups = append(groups, found[k])
		}
		u.output = filepath.Join(found[k].output, name)
		found[k].units = append(found[k].units, u)
	}
	return groups
}

func (g *group) has(name string) bool {
	// A file system may ignore case.
	return slices.ContainsFunc(g.units, func(u *unit) bool { return strings.EqualFold(filepath.Base(u.output), name) })
}

// versionElement is an element of an import path that is a major version.
var versionElement = regexp.MustCompile(`^v([2-9]|[1-9][0-9]+)$`)

// binaryName is what the go command calls the package's binary: the last element of its
// import path that is no version ("go help build").
func (u *unit) binaryName(root string) string {
	importPath := u.importPath
	if importPath == "" {
		text, _ := os.ReadFile(filepath.Join(root, "go.mod")) //nolint:gosec // the user's own module
		below, _ := filepath.Rel(root, u.dir)
		importPath = path.Join(modfile.ModulePath(text), filepath.ToSlash(below))
	}
	above, name := path.Split(importPath)
	if versionElement.MatchString(name) && above != "" {
		name = path.Base(above)
	}
	return name
}

// placed is the time of binaries of before, older than all that the go command writes.
var placed = time.Unix(0, 0)

// compile builds the packages, and notes those that are compiled. The others are left to
// a build of their own, which says why it fails: one that has a mistake, one of which
// the go command calls the binary otherwise, and one that is alone.
func (g *group) compile(ctx context.Context, done map[*unit]bool) {
	if len(g.units) < 2 {
		return
	}
	first := g.units[0]
	patterns := make([]string, len(g.units))
	for i, u := range g.units {
		if patterns[i] = u.importPath; u.importPath == "" {
			patterns[i] = u.dir
		}
	}
	output := g.output + string(filepath.Separator) // a folder: a file for each
	if first.command(ctx, g.root, first.buildArgs(output, patterns...)...).Run() != nil {
		return
	}
	for _, u := range g.units {
		// The go command marks what has not changed as new.
		info, err := os.Stat(u.output)
		done[u] = err == nil && info.ModTime().After(placed)
	}
}

// moduleRoot returns the nearest folder, at or above folder, with a go.mod.
func moduleRoot(folder string) (string, bool) { return nearest(folder, "go.mod") }

// nearest returns the nearest folder, at or above folder, with a file of a name.
func nearest(folder, name string) (string, bool) {
	for root := folder; ; root = filepath.Dir(root) {
		if info, err := os.Stat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() {
			return root, true
		}
		if root == filepath.Dir(root) {
			return "", false
		}
	}
}
