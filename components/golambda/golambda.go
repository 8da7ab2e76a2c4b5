// Package golambda compiles Go packages to what AWS Lambda's provided.al2023
// runtime runs: a zip archive that holds one executable named bootstrap.
//
// The same source gives the same bytes, from any folder and at any time, so
// that an unchanged function is no change to a deployment. Archives are kept
// in protected-http-api/lambda in the user's cache folder (for a user who has
// none, in a folder of the user's own below the temporary folder), under the
// hash of their contents; nothing is written into the folder of the source.
//
// Which functions there are, and what they may do, is not its concern.
package golambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options says what Build compiles, and for what.
type Options struct {
	// Packages are the folders of the packages to compile, absolute or
	// relative to the working directory. Each holds a package main, and may
	// belong to a module of its own.
	Packages []string
	// Target is what to compile for, from NewTarget.
	Target Target
	// folder is where the archives are kept. Tests set it; it defaults to
	// defaultFolder's.
	folder string
}

// Archive is one compiled and zipped package.
type Archive struct {
	// Path is the absolute path of the zip file. Its name holds the hash of
	// its contents.
	Path string
	// SHA256 is the hash of the zip file in standard base64, the form of
	// Lambda's CodeSha256.
	SHA256 string
}

// PackageError is why one package could not be built.
type PackageError struct {
	// Package is the folder, as it stands in Options.
	Package string
	// Err is the reason; for a compile error, the compiler's own text.
	Err error
}

// Error returns the package's folder and the reason.
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
// Every package is tried; those that fail come back together as Errors. Any
// other error, a missing go command or the end of ctx, concerns all of them.
func Build(ctx context.Context, options Options) ([]Archive, error) {
	if ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	compiler, err := newCompiler(ctx, options.Target)
	if err != nil {
		return nil, err
	}
	store, err := openStore(options.folder, time.Now)
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "golambda-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the compiler's output: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()

	compiler.prepare(ctx, existing(options.Packages))
	archives := make([]Archive, len(options.Packages))
	failures := make([]error, len(options.Packages))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, folder := range options.Packages {
		group.Go(func() error {
			output := filepath.Join(temp, fmt.Sprint(i))
			archives[i], failures[i] = buildOne(ctx, compiler, store, folder, output)
			return nil
		})
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	store.prune()

	var failed Errors
	for i, err := range failures {
		if err != nil {
			failed = append(failed, &PackageError{Package: options.Packages[i], Err: err})
		}
	}
	if failed != nil {
		return nil, failed
	}
	return archives, nil
}

// existing returns the absolute paths of the folders that are there.
func existing(packages []string) []string {
	var folders []string
	for _, folder := range packages {
		absolute, err := filepath.Abs(folder)
		if err != nil {
			continue
		}
		if info, err := os.Stat(absolute); err == nil && info.IsDir() {
			folders = append(folders, absolute)
		}
	}
	return folders
}

func canceled(ctx context.Context) error {
	return fmt.Errorf("building Lambda functions: %w", context.Cause(ctx))
}

func buildOne(ctx context.Context, c *compiler, s *store, folder, output string) (Archive, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return Archive{}, err
	}
	if err := c.check(absolute); err != nil {
		return Archive{}, err
	}
	// The go command finds the last binary in the output's place, and does not
	// link an unchanged one again.
	last, found := s.last(absolute, c.target)
	if found {
		if err := os.WriteFile(output, last.binary, 0o700); err != nil { //nolint:gosec // an executable, in a folder that Build made
			return Archive{}, fmt.Errorf("placing the last binary: %w", err)
		}
	}
	if err := c.compile(ctx, absolute, output); err != nil {
		return Archive{}, err
	}
	binary, err := os.ReadFile(output) //nolint:gosec // as above
	if err != nil {
		return Archive{}, fmt.Errorf("reading the compiler's output: %w", err)
	}
	if found && bytes.Equal(binary, last.binary) {
		return last.archive, nil
	}
	contents, err := pack(binary, maxZipSize)
	if err != nil {
		return Archive{}, err
	}
	return s.put(absolute, c.target, contents)
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
