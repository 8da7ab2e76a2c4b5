// Package golambda compiles Go packages to what AWS Lambda's provided.al2023
// runtime runs: a zip archive that holds one executable named bootstrap. It also
// zips what is there already.
//
// The same source gives the same bytes, from any folder and at any time, so
// that an unchanged function is no change to a deployment. What else decides
// about the bytes is not taken from the machine: the options of a Package say
// it, and an environment that says otherwise is refused. The Go toolchain is the
// one that the toolchain line of the package's go.work or go.mod names. Without
// such a line it is the go command's own choice, which differs between machines:
// the go line is the oldest Go that may be used (go.dev/doc/toolchain), and not
// the one to deploy with. Archive.GoVersion tells which it was.
//
// Archives are kept in protected-http-api/lambda in the user's cache folder, or
// where package safepath finds a substitute for it, under the hash of their
// contents; nothing is written into the folder of the source. Nothing that
// somebody else could have put there is used.
//
// Which functions there are, and what they may do, is not its concern.
package golambda

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// Options says what Build compiles, and for what.
type Options struct {
	// Packages are what is compiled.
	Packages []Package
	// Target is what to compile for, from NewTarget.
	Target Target
	// folder is where the archives are kept. Tests set it; it defaults to
	// defaultFolder's.
	folder string
}

// Package is one package to compile.
type Package struct {
	// Path names a package main: the package's folder, absolute or relative to the
	// working directory, which may belong to a module of its own; or its import path,
	// for the module of the working directory. IsFolder tells them apart. A package
	// of the module that golambda itself belongs to is compiled in that module's own
	// folder, in the version that the working directory's module requires; or in the
	// folder, or the version, that the environment variable PROTECTED_HTTP_API_MODULE
	// names.
	Path string
	// BuildTags are tags for //go:build lines, as in go build -tags. Defaults to
	// none but lambda.norpc, which every package has.
	BuildTags []string
	// LdFlags are arguments of the linker, one an element, as in go build
	// -ldflags: "-X=main.version=1.2". Defaults to none but -s and -w, which every
	// package has.
	LdFlags []string
	// Experiment are language and library experiments, as in GOEXPERIMENT:
	// "jsonv2". Defaults to the toolchain's own.
	Experiment string
	// FIPS140 is the version of Go's cryptographic module, as in GOFIPS140:
	// "latest", "v1.0.0". Defaults to "off".
	FIPS140 string
	// Files are the contents of further files of the archive, beside the executable,
	// by name. The function finds them in the folder that LAMBDA_TASK_ROOT names.
	// Defaults to none.
	Files map[string]string
}

// IsFolder reports whether a package is named by its folder: as for the go command
// by a path that is absolute or begins with "./" or "../"; and by that of a folder
// that is there.
func IsFolder(path string) bool {
	slashed := filepath.ToSlash(path)
	if filepath.IsAbs(path) || slashed == "." || slashed == ".." || strings.HasPrefix(slashed, "./") || strings.HasPrefix(slashed, "../") {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Check returns an error where the package is known to be none that can be compiled
// for a target, without running the go command. Of an import path it knows only
// whether it is one.
func (p Package) Check(target Target) error {
	_, err := newUnit(p, target)
	return err
}

func (p Package) tags() []string { return append([]string{lambdaTag}, p.BuildTags...) }

// Archive is one compiled and zipped package.
type Archive struct {
	// Path is the absolute path of the zip file. Its name holds the hash of
	// its contents.
	Path string
	// SHA256 is the hash of the zip file in standard base64, the form of
	// Lambda's CodeSha256.
	SHA256 string
	// GoVersion is the toolchain that compiled it, with its experiments: "go1.26.8",
	// "go1.26.8-X:jsonv2".
	GoVersion string
}

// PackageError is why one package could not be built.
type PackageError struct {
	// Package is the package's Path, as it stands in Options, and Index its place
	// there.
	Package string
	Index   int
	// Err is the reason; for a compile error, the compiler's own text.
	Err error
}

// Error returns the package's path and the reason.
func (e *PackageError) Error() string { return fmt.Sprintf("building %q: %v", e.Package, e.Err) }

// Unwrap returns the reason.
func (e *PackageError) Unwrap() error { return e.Err }

// Errors are the packages that could not be built, in the order of Options.
type Errors []*PackageError

// Error returns the errors one after the other, each on a line of its own.
func (e Errors) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns the errors one by one.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, err := range e {
		list[i] = err
	}
	return list
}

// Build compiles the packages and returns their archives in the same order.
// Nothing is compiled before all packages are found to be ones that can be. Those
// that cannot, or fail to compile, come back together as Errors. Any other error, a missing go command or the end of ctx, concerns all of them.
func Build(ctx context.Context, options Options) ([]Archive, error) {
	if ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	compiler, err := newCompiler(ctx, options.Target, options.Packages)
	if err != nil {
		return nil, err
	}
	store, err := openStore(options.folder, time.Now)
	if err != nil {
		return nil, err
	}
	temp, err := safepath.Temp("golambda-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the compiler's output: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()

	units := make([]*unit, len(options.Packages))
	archives := make([]Archive, len(options.Packages))
	failures := make([]error, len(options.Packages))
	each := func(run func(i int) error) {
		var group errgroup.Group
		group.SetLimit(runtime.NumCPU())
		for i := range options.Packages {
			group.Go(func() error {
				if failures[i] == nil {
					failures[i] = run(i)
				}
				return nil
			})
		}
		_ = group.Wait()
	}
	each(func(i int) (err error) {
		units[i], err = compiler.look(ctx, options.Packages[i])
		return err
	})
	if !slices.ContainsFunc(failures, func(err error) bool { return err != nil }) {
		lasts := make([]lastBuild, len(units))
		groups := alike(units, temp)
		each(func(i int) (err error) {
			lasts[i], err = units[i].place(store)
			return err
		})
		done := map[*unit]bool{}
		for _, g := range groups {
			g.compile(ctx, done)
		}
		each(func(i int) (err error) {
			if !done[units[i]] {
				if err := units[i].compile(ctx); err != nil {
					return err
				}
			}
			archives[i], err = units[i].archive(store, lasts[i], options.Packages[i].Files)
			lasts[i] = lastBuild{} // megabytes
			return err
		})
	}
	if ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	store.prune()

	var failed Errors
	for i, err := range failures {
		if err != nil {
			failed = append(failed, &PackageError{Package: options.Packages[i].Path, Index: i, Err: err})
		}
	}
	if failed != nil {
		return nil, failed
	}
	return archives, nil
}

// Record adds packages to a file, each as a line of JSON: a contract.BuiltPackage. What
// Build would not find is left out.
func Record(ctx context.Context, path string, packages []Package) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the local AWS names it
	if err != nil {
		return fmt.Errorf("recording what is built: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for _, p := range packages {
		built := contract.BuiltPackage{BuildTags: p.tags()}
		if built.Folder, built.ImportPath, err = p.place(); err != nil {
			return fmt.Errorf("recording what is built: %w", err)
		}
		if path, ok := productPath(built.ImportPath); ok {
			goCommand, err := goCommand()
			if err != nil {
				continue
			}
			root, err := (&compiler{goCommand: goCommand}).productFolder(ctx)
			if err != nil {
				continue
			}
			built.Folder, built.ImportPath, built.Alone = filepath.Join(root, filepath.FromSlash(path)), "", true
		}
		if err := json.NewEncoder(file).Encode(built); err != nil {
			return fmt.Errorf("recording what is built: %w", err)
		}
	}
	return nil
}

// place returns the absolute folder in which the go command compiles the package,
// and its import path unless the folder is the package's own.
func (p Package) place() (folder, importPath string, err error) {
	if IsFolder(p.Path) {
		folder, err = filepath.Abs(p.Path)
		return folder, "", err
	}
	folder, err = filepath.Abs(".")
	return folder, p.Path, err
}

func canceled(ctx context.Context) error {
	return fmt.Errorf("building Lambda functions: %w", context.Cause(ctx))
}

// place puts the last binary of a package where it is compiled to: the go command does
// not link an unchanged one again. There may be none.
func (u *unit) place(s *store) (lastBuild, error) {
	last, found := s.last(u.identity(), u.target)
	err := os.MkdirAll(filepath.Dir(u.output), 0o700)
	if err == nil && found {
		err = os.WriteFile(u.output, last.binary, 0o700) //nolint:gosec // an executable, in a folder that Build made
	}
	if err == nil && found {
		err = os.Chtimes(u.output, placed, placed)
	}
	if err != nil {
		return last, fmt.Errorf("placing the last binary: %w", err)
	}
	return last, nil
}

// archive zips what a package was compiled to, with the files.
func (u *unit) archive(s *store, last lastBuild, files map[string]string) (Archive, error) {
	binary, err := os.ReadFile(u.output)
	if err != nil {
		return Archive{}, fmt.Errorf("reading the compiler's output: %w", err)
	}
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return Archive{}, fmt.Errorf("reading the Go version of the compiler's output: %w", err)
	}
	var archive Archive
	if last.binary != nil && bytes.Equal(binary, last.binary) && maps.Equal(files, last.files) {
		archive = last.archive
	} else {
		contents, err := pack(binary, files, maxZipSize)
		if err != nil {
			return Archive{}, err
		}
		if archive, err = s.put(u.identity(), u.target, contents); err != nil {
			return Archive{}, err
		}
	}
	archive.GoVersion = info.GoVersion
	return archive, nil
}

// goCommand finds the go command.
func goCommand() (string, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("finding the go command, which compiles Lambda functions: %w: install Go from https://go.dev/dl or add its bin folder to PATH", err)
	}
	return path, nil
}

// indent moves the lines of a multi-line text to the right, so that a text
// that came from elsewhere stands out among errors that are one line each.
func indent(text string) string {
	return "\t" + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n\t")
}
