// Package pulumicli finds the Pulumi command line and its Go language host,
// or builds the pinned versions of both from their sources, so that a machine
// needs nothing but Go.
//
// An installation on PATH is used where it is complete and new enough. Else
// both programs are compiled once into the user's cache folder. The modules
// that they are compiled from, and the checksums of all that they need, are
// fixed in the folder pins.
package pulumicli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// The versions that are built. The language host is older than the engine
// because later ones are in a module that the Go module proxy does not serve;
// engine and host agree on their protocol across these versions.
const (
	Version             = "3.256.0"
	languageHostVersion = "3.40.0"
)

// minVersion is the oldest installed Pulumi that this project was run with.
const minVersion = "v3.250.0"

//go:embed pins
var pins embed.FS

// A program that is built from a module of its own.
type program struct {
	name    string // of the binary
	title   string
	pkg     string
	pin     string // the base name of its go.mod and go.sum in pins
	version string
	advance string // what a first build costs
}

var programs = []program{
	{
		name: "pulumi", title: "Pulumi " + Version, pin: "pulumi", version: Version,
		pkg:     "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
		advance: "a first build takes 3 to 5 minutes on two cores",
	},
	{
		name: "pulumi-language-go", title: "Pulumi's Go language host " + languageHostVersion, pin: "language-go", version: languageHostVersion,
		pkg:     "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
		advance: "a first build takes about half a minute",
	},
}

// Ensure returns the folder of a Pulumi installation, whose bin holds both
// programs, and builds it first where there is none. It tells on progress what
// takes long. Several processes may call it at once: one builds, the others wait.
func Ensure(ctx context.Context, progress io.Writer) (root string, err error) {
	if root, ok := installed(ctx, progress); ok {
		return root, nil
	}
	if root, err = cacheRoot(); err != nil || built(root) {
		return root, err
	}
	if err := safepath.Make(filepath.Join(root, "bin")); err != nil {
		return "", fmt.Errorf("making the cache folder for Pulumi: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(root, "lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	for _, p := range programs {
		if safe(filepath.Join(root, "bin", p.name)) {
			continue
		}
		if err := p.build(ctx, root, progress); err != nil {
			return "", err
		}
	}
	return root, nil
}

// cacheRoot is where the built programs are kept. Its name changes with the
// versions, so that a new pin never meets an old binary.
func cacheRoot() (string, error) {
	return safepath.Cache("pulumi-" + Version + "-" + languageHostVersion)
}

// built reports whether a cache folder has both programs, and nobody but the user
// can have put them there.
func built(root string) bool {
	return !slices.ContainsFunc(programs, func(p program) bool { return !safe(filepath.Join(root, "bin", p.name)) })
}

func safe(path string) bool { return exists(path) && safepath.Check(path) == nil }

// complete reports whether a folder has both programs.
func complete(root string) bool {
	return !slices.ContainsFunc(programs, func(p program) bool { return !exists(filepath.Join(root, "bin", p.name)) })
}

// installed returns the folder of the Pulumi on PATH. The two programs must lie in
// one folder named bin, as every installer of Pulumi lays them out.
func installed(ctx context.Context, progress io.Writer) (root string, ok bool) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", false
	}
	root = filepath.Dir(filepath.Dir(path))
	if path != filepath.Join(root, "bin", "pulumi") || !complete(root) {
		return "", false
	}
	out, err := exec.CommandContext(ctx, path, "version").Output() //nolint:gosec // the user's own pulumi, found on PATH
	version := strings.TrimSpace(string(out))
	if err != nil || !semver.IsValid(version) {
		return "", false
	}
	if semver.Compare(version, minVersion) < 0 {
		_, _ = fmt.Fprintf(progress, "Pulumi %s on PATH is older than %s: using a build of %s\n", version[1:], minVersion[1:], Version)
		return "", false
	}
	return root, true
}

// build compiles p into root/bin.
func (p program) build(ctx context.Context, root string, progress io.Writer) error {
	start := time.Now()
	_, _ = fmt.Fprintf(progress, "building %s from source, once (%s)\n", p.title, p.advance)
	module, err := p.writeModule()
	if err != nil {
		return err
	}
	defer os.RemoveAll(module) //nolint:errcheck // a temporary folder

	target := filepath.Join(root, "bin", p.name)
	partial := target + ".partial"
	defer os.Remove(partial) //nolint:errcheck // gone already where the build succeeded
	build := gobuild.Build{
		Title: p.title, Dir: module, Package: p.pkg, Output: partial, Progress: progress,
		Flags: []string{
			"-buildvcs=false",
			"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + p.version,
		},
		// Neither a workspace, nor flags that the user set for other modules, nor a
		// system that they compile for may reach this one. All else is as in the
		// user's own builds, so that what they have compiled already is not compiled
		// again. An empty GOFLAGS would let the one of go env -w come back.
		Env: []string{"GOWORK=off", "GOFLAGS=-buildvcs=false", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH},
	}
	if err := build.Run(ctx); err != nil {
		return err
	}
	// Whatever the umask lets others do.
	if err := errors.Join(os.Chmod(partial, 0o700), os.Rename(partial, target)); err != nil { //nolint:gosec // a program
		return fmt.Errorf("keeping %s: %w", p.title, err)
	}
	_, _ = fmt.Fprintf(progress, "built %s in %s\n", p.title, time.Since(start).Round(time.Second))
	return nil
}

// writeModule lays out the module from which p is built.
func (p program) writeModule() (dir string, err error) {
	dir, err = safepath.Temp("protected-http-api-build-")
	if err != nil {
		return "", fmt.Errorf("making a folder to build %s in: %w", p.title, err)
	}
	for from, to := range map[string]string{p.pin + ".mod": "go.mod", p.pin + ".sum": "go.sum"} {
		content, err := pins.ReadFile("pins/" + from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), content, 0o600)
		}
		if err != nil {
			return "", errors.Join(fmt.Errorf("laying out the module of %s: %w", p.title, err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
