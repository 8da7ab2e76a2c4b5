package golambda

import (
	"errors"
	"fmt"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkFolder finds mistakes in the choice of a folder. The go command reports
// them without the folder's name, or does not report them: it compiles a package
// that is not main without an error, to an archive and not to a binary.
func (u *unit) checkFolder() error {
	info, err := os.Stat(u.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q does not exist", u.folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%q is not a folder: give the folder of the package", u.folder)
	}
	pkg, err := u.buildContext().ImportDir(u.folder, 0)
	var noGo *build.NoGoError
	switch {
	case err != nil && !errors.As(err, &noGo):
		return nil // a syntax error and the like: the compiler says it better
	case len(pkg.GoFiles) == 0:
		return u.noGoFiles(pkg)
	}
	if pkg.Name != "main" {
		return fmt.Errorf("folder %q holds package %q: a Lambda function is a package main", u.folder, pkg.Name)
	}
	return nil
}

func (u *unit) buildContext() *build.Context {
	context := build.Default
	context.GOOS, context.GOARCH = u.target.goos, u.target.goarch
	context.CgoEnabled = false
	context.BuildTags = strings.Split(u.tags, ",")
	return &context
}

// noGoFiles says which files of a folder are left out, and why.
func (u *unit) noGoFiles(pkg *build.Package) error {
	var reasons []string
	if tests := slices.Concat(pkg.TestGoFiles, pkg.XTestGoFiles); len(tests) > 0 {
		reasons = append(reasons, strings.Join(tests, ", ")+": only for go test")
	}
	for _, name := range pkg.IgnoredGoFiles {
		reasons = append(reasons, name+": "+u.leftOut(name))
	}
	if len(reasons) == 0 {
		return fmt.Errorf("folder %q has no Go files: give the folder of the package main", u.folder)
	}
	return fmt.Errorf("folder %q has no Go file that is compiled for %s/%s:\n%s", u.folder, u.target.goos, u.target.goarch, indent(strings.Join(reasons, "\n")))
}

// leftOut says why a file of the folder is not compiled.
func (u *unit) leftOut(name string) string {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(u.folder, name), nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return fmt.Sprintf("it cannot be read (%v)", err)
	}
	for _, comments := range file.Comments {
		for _, comment := range comments.List {
			if comment.Pos() > file.Package || !constraint.IsGoBuild(comment.Text) {
				continue
			}
			if expression, err := constraint.Parse(comment.Text); err == nil && !expression.Eval(u.hasTag) {
				return fmt.Sprintf("its line %s is not met: %s", comment.Text, u.unmet(expression))
			}
		}
	}
	for _, imported := range file.Imports {
		if imported.Path.Value == `"C"` {
			return `it imports "C", and functions are compiled without cgo: use a package that needs no C`
		}
	}
	return "its name is that of another system or processor"
}

// unmet says what would meet an expression that is not met.
func (u *unit) unmet(expression constraint.Expr) string {
	switch {
	case expression.Eval(func(tag string) bool { return u.hasTag(tag) || tag == "cgo" }):
		return "functions are compiled without cgo"
	case expression.Eval(func(tag string) bool { return u.hasTag(tag) || u.otherSystem(tag) }):
		return "it is for another system or processor"
	default:
		return "name the tags that it needs in Build.Tags"
	}
}

// hasTag reports whether a build tag is met. A file of one line asks package build.
func (u *unit) hasTag(tag string) bool { return u.match("x.go", "//go:build "+tag+"\n\n") }

// otherSystem reports whether a tag is the name of a system or a processor that is
// not the target's: only such a name in a file's name leaves the file out.
func (u *unit) otherSystem(tag string) bool { return !u.match("x_"+tag+".go", "") }

func (u *unit) match(name, line string) bool {
	context := u.buildContext()
	context.OpenFile = func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(line + "package main\n")), nil
	}
	match, err := context.MatchFile("", name)
	return err == nil && match
}

// leftOutHint names files in which the compiler may miss what it calls undefined:
// those with a //go:build line or with cgo, but not those for another system, which
// have a counterpart.
func (u *unit) leftOutHint() string {
	pkg, err := u.buildContext().ImportDir(u.folder, 0)
	if err != nil {
		return ""
	}
	var hint strings.Builder
	for _, name := range pkg.IgnoredGoFiles {
		if reason := u.leftOut(name); !strings.Contains(reason, "another system") {
			fmt.Fprintf(&hint, "%s is left out: %s\n", name, reason)
		}
	}
	return hint.String()
}
