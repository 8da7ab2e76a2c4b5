package gobuild

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// Package is one whose sources are looked for.
type Package struct {
	// Folder is the absolute path of its folder, which may be missing; where there is
	// an ImportPath, of the folder in whose module that is looked for.
	Folder string
	// ImportPath is the package's import path. Defaults to the folder's.
	ImportPath string
	// Flags are further flags of the go command.
	Flags []string
	// Env is added to the environment.
	Env []string
}

// Sources are the files that a build of some packages reads, but for those that do
// not change: Go's own and those of the module cache. What the build would read if
// it were there belongs to them: a new file of a package, a file that is to be
// embedded, a package that is imported and missing, a go.work.
type Sources struct {
	files    map[string]bool
	packages map[string]bool // folders
	modules  map[string]bool // folders with a go.mod or a go.work
	patterns []pattern
	missing  []string // folders of packages
}

// pattern is one of go:embed.
type pattern struct {
	folder string // of the package
	match  string // with slashes
	all    bool   // hidden files too
}

// FindSources asks the go command for the sources of packages. A package that
// cannot be built has those that could be found.
func FindSources(ctx context.Context, packages []Package) (*Sources, error) {
	s := &Sources{files: map[string]bool{}, packages: map[string]bool{}, modules: map[string]bool{}}
	unchanging, err := caches(ctx)
	if err != nil {
		return nil, err
	}
	type key struct{ root, flags, env string }
	var order []key
	groups := map[key][]Package{}
	for _, p := range packages {
		if p.ImportPath == "" {
			s.addPackage(p.Folder)
		}
		if info, err := os.Stat(p.Folder); err != nil || !info.IsDir() {
			continue
		}
		k := key{moduleRoot(p.Folder), strings.Join(p.Flags, "\x00"), strings.Join(p.Env, "\x00")}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], p)
	}
	for _, k := range order {
		if err := s.list(ctx, k.root, groups[k], unchanging); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// caches are folders whose files do not change.
func caches(ctx context.Context) ([]string, error) {
	out, err := goOutput(ctx, "", nil, "env", "GOROOT", "GOMODCACHE")
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' || r == '\r' }), err
}

// moduleRoot is the nearest folder, at or above folder, with a go.mod; folder itself
// where there is none.
func moduleRoot(folder string) string {
	for root := folder; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return root
		}
		if root == filepath.Dir(root) {
			return folder
		}
	}
}

// listed is what go list says of a package.
type listed struct {
	Dir, ImportPath string
	Standard        bool
	Module          *module
	EmbedPatterns   []string
	EmbedFiles      []string
	Error           *struct{ Err string }

	GoFiles, CgoFiles, IgnoredGoFiles, InvalidGoFiles                         []string
	CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles, SwigFiles, SwigCXXFiles []string
	IgnoredOtherFiles, SysoFiles                                              []string
}

type module struct {
	Path, Dir, GoMod string
	Replace          *module
}

// list adds the sources of packages of one module.
func (s *Sources) list(ctx context.Context, root string, packages []Package, caches []string) error {
	flags, env := packages[0].Flags, packages[0].Env
	args := append([]string{"list", "-e", "-deps", "-json=Dir,ImportPath,Standard,Module,EmbedPatterns,EmbedFiles,Error," +
		"GoFiles,CgoFiles,IgnoredGoFiles,InvalidGoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,IgnoredOtherFiles,SysoFiles"}, flags...)
	for _, p := range packages {
		args = append(args, cmp.Or(p.ImportPath, p.Folder))
	}
	work, err := goOutput(ctx, root, env, "env", "GOWORK")
	if err != nil {
		return err
	}
	if file := strings.TrimSpace(string(work)); file != "" && file != "off" {
		s.addWorkspace(file)
	}
	s.addModule(filepath.Join(root, "go.mod"))
	// A go.mod that cannot be read fails the whole list; its correction is a change
	// of a file that is known.
	out, err := goOutput(ctx, root, env, args...)
	var exit *exec.ExitError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &exit)) {
		return err
	}
	modules := map[string]string{} // folders, by path
	var missing []string
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("reading what go list says: %w", err)
		}
		switch {
		case p.Standard:
		case p.Dir == "":
			missing = append(missing, p.ImportPath)
		case !slices.ContainsFunc(caches, func(cache string) bool { return within(p.Dir, cache) }):
			s.add(p)
			if m := p.Module; m != nil {
				if m.Replace != nil {
					m = &module{Path: m.Path, Dir: m.Replace.Dir, GoMod: m.Replace.GoMod}
				}
				modules[m.Path] = m.Dir
				s.addModule(m.GoMod)
			}
		}
	}
	for _, imported := range missing {
		for path, dir := range modules {
			if below, ok := strings.CutPrefix(imported, path+"/"); ok && dir != "" {
				s.missing = append(s.missing, filepath.Join(dir, filepath.FromSlash(below)))
			}
		}
	}
	return nil
}

// add adds a package.
func (s *Sources) add(p listed) {
	s.addPackage(p.Dir)
	for _, names := range [][]string{
		p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.InvalidGoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles,
		p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.IgnoredOtherFiles, p.SysoFiles, p.EmbedFiles,
	} {
		for _, name := range names {
			s.addFile(filepath.Join(p.Dir, filepath.FromSlash(name)))
		}
	}
	for _, match := range p.EmbedPatterns {
		match, all := strings.CutPrefix(match, "all:")
		s.patterns = append(s.patterns, pattern{folder: p.Dir, match: match, all: all})
	}
}

// addPackage adds a package's folder, which may be missing.
func (s *Sources) addPackage(folder string) {
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		s.packages[folder] = true
	} else {
		s.missing = append(s.missing, folder)
	}
}

// addFile adds a file, and what it leads to where it is a link.
func (s *Sources) addFile(file string) {
	s.files[file] = true
	if target, err := filepath.EvalSymlinks(file); err == nil {
		s.files[target] = true
	}
}

// addModule adds a module by its go.mod, and the modules in folders that it is
// replaced with: their go.mod is read though no package of theirs may be.
func (s *Sources) addModule(goMod string) {
	if goMod == "" || s.files[goMod] {
		return
	}
	dir := filepath.Dir(goMod)
	s.modules[dir] = true
	for _, name := range []string{"go.mod", "go.sum", filepath.Join("vendor", "modules.txt")} {
		s.addFile(filepath.Join(dir, name))
	}
	content, err := os.ReadFile(goMod) //nolint:gosec // the developer's own module
	if err != nil {
		return
	}
	if file, err := modfile.ParseLax(goMod, content, nil); err == nil {
		s.addReplaced(dir, file.Syntax)
	}
}

// addWorkspace adds a workspace and its modules.
func (s *Sources) addWorkspace(goWork string) {
	dir := filepath.Dir(goWork)
	s.modules[dir] = true
	s.addFile(goWork)
	s.addFile(goWork + ".sum")
	s.addFile(filepath.Join(dir, "vendor", "modules.txt"))
	content, err := os.ReadFile(goWork) //nolint:gosec // the developer's own workspace
	if err != nil {
		return
	}
	file, err := modfile.ParseWork(goWork, content, nil)
	if err != nil {
		return
	}
	for _, use := range file.Use {
		s.addModule(filepath.Join(rooted(dir, use.Path), "go.mod"))
	}
	s.addReplaced(dir, file.Syntax)
}

// addReplaced adds the modules in folders that a file's replace lines name.
func (s *Sources) addReplaced(dir string, syntax *modfile.FileSyntax) {
	for _, statement := range syntax.Stmt {
		lines := []*modfile.Line{}
		verb := ""
		switch statement := statement.(type) {
		case *modfile.Line:
			verb, lines = statement.Token[0], append(lines, statement)
		case *modfile.LineBlock:
			verb, lines = statement.Token[0], statement.Line
		}
		if verb != "replace" {
			continue
		}
		for _, line := range lines {
			arrow := slices.Index(line.Token, "=>")
			if arrow < 0 || arrow+2 != len(line.Token) { // with a version it is none in a folder
				continue
			}
			s.addModule(filepath.Join(rooted(dir, strings.Trim(line.Token[arrow+1], "\"`")), "go.mod"))
		}
	}
}

// rooted is a path that may be relative to a folder.
func rooted(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Len is the number of files.
func (s *Sources) Len() int { return len(s.files) }

// Changed reports whether one of the files was written since a time.
func (s *Sources) Changed(since time.Time) bool {
	now := time.Now()
	for file := range s.files {
		// A time in the future is a wrong one, and would stay later than any since.
		if info, err := os.Stat(file); err == nil && info.ModTime().After(since) && !info.ModTime().After(now) {
			return true
		}
	}
	return false
}

// Decides reports whether a change of a file that is read can change which files
// are: not so where the file is a known one without imports.
func (s *Sources) Decides(file string) bool {
	if _, err := os.Stat(file); err != nil || !s.files[file] {
		return true
	}
	return slices.Contains([]string{".go", ".mod", ".sum", ".work", ".txt"}, filepath.Ext(file))
}

// sourceExtensions are those of files that a package's build may read (package
// go/build), but for Go's.
var sourceExtensions = []string{
	".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso",
}

// Read reports whether a build would read a file, or look into a folder, that was
// made, changed or removed.
func (s *Sources) Read(file string) bool {
	dir, name := filepath.Split(file)
	dir = filepath.Clean(dir)
	switch {
	case s.files[file], s.packages[file], s.modules[file]:
		return true
	case s.packages[dir] && isSource(name):
		return true
	case s.modules[dir] && slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum", "vendor"}, name):
		return true
	case name == "go.mod" && s.holds(dir): // a module of its own from now on
		return true
	}
	return slices.ContainsFunc(s.patterns, func(p pattern) bool { return p.reads(file) }) ||
		slices.ContainsFunc(s.missing, func(missing string) bool { return within(missing, file) || dir == missing && isSource(name) })
}

// holds reports whether a package is in a folder, or below it.
func (s *Sources) holds(folder string) bool {
	for p := range s.packages {
		if within(p, folder) {
			return true
		}
	}
	return false
}

// isSource reports whether a package's build may read a file of this name.
func isSource(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	extension := filepath.Ext(name)
	return extension == ".go" || name == "default.pgo" || slices.Contains(sourceExtensions, extension)
}

// reads reports whether the pattern matches a file, a folder above it or one on the
// way to what it would match.
func (p pattern) reads(file string) bool {
	relative, err := filepath.Rel(p.folder, file)
	if err != nil || !filepath.IsLocal(relative) {
		return false
	}
	elements, wanted := strings.Split(filepath.ToSlash(relative), "/"), strings.Split(p.match, "/")
	n := min(len(elements), len(wanted))
	if ok, err := path.Match(strings.Join(wanted[:n], "/"), strings.Join(elements[:n], "/")); err != nil || !ok {
		return p.match == "."
	}
	hidden := func(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }
	return p.all || !slices.ContainsFunc(elements[n:], hidden)
}

// Folders are all that have to be watched for changes of the sources. They exist.
func (s *Sources) Folders() []string {
	folders := map[string]bool{}
	add := func(folder string) {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			folders[folder] = true
		}
	}
	for file := range s.files {
		add(filepath.Dir(file))
	}
	for folder := range s.modules {
		add(folder)
	}
	for folder := range s.packages {
		add(folder)
		// A go.mod on the way to the package's module would make it one of another.
		for up := filepath.Dir(folder); s.inModule(up) && !folders[up]; up = filepath.Dir(up) {
			add(up)
		}
	}
	for _, missing := range s.missing {
		add(existing(missing))
	}
	for _, p := range s.patterns {
		wanted := strings.Split(p.match, "/")
		for n := range wanted {
			matches, _ := fs.Glob(os.DirFS(p.folder), strings.Join(wanted[:n+1], "/"))
			for _, match := range matches {
				match = filepath.Join(p.folder, filepath.FromSlash(match))
				if n+1 < len(wanted) {
					add(match)
					continue
				}
				_ = filepath.WalkDir(match, func(path string, entry fs.DirEntry, err error) error {
					if err == nil && entry.IsDir() {
						add(path)
					}
					return nil
				})
			}
		}
	}
	list := make([]string, 0, len(folders))
	for folder := range folders {
		list = append(list, folder)
	}
	slices.Sort(list)
	return list
}

// inModule reports whether a folder is below one of the modules.
func (s *Sources) inModule(folder string) bool {
	for module := range s.modules {
		if folder != module && within(folder, module) {
			return true
		}
	}
	return false
}

// existing is the nearest folder, at or above a path, that is there.
func existing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// within reports whether a path is a folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// goOutput runs the go command in dir.
func goOutput(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	b := Build{Dir: dir, Env: env}
	out, err := b.command(ctx, args...).Output()
	if err != nil {
		return out, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
