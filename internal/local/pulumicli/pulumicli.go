// Package pulumicli finds the Pulumi command line, or builds the pinned version from
// its sources, so that a machine needs nothing but Go.
//
// An installation on PATH is used where it is new enough. Else the command is compiled
// once into the user's cache folder. The module that it is compiled from, and the
// checksums of all that it needs, are fixed in the folder pins.
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
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// Version is what is built.
const Version = "3.256.0"

// minVersion is the oldest installed Pulumi that this project was run with.
const minVersion = "v3.250.0"

//go:embed pins
var pins embed.FS

// Ensure returns the folder of a Pulumi installation, whose bin holds the command, and
// builds it first where there is none, with temporary files in the folder temp or, where
// that is "", in the system's. It tells on progress what takes long. Several
// processes may call it at once: one builds, the others wait.
func Ensure(ctx context.Context, temp string, progress io.Writer) (root string, err error) {
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
	if built(root) {
		return root, nil
	}
	return root, build(ctx, root, temp, progress)
}

// cacheRoot is where the built command is kept. Its name changes with the version, so
// that a new pin never meets an old binary.
func cacheRoot() (string, error) { return safepath.Cache("pulumi-" + Version) }

// binary is the command in the folder of an installation.
func binary(root string) string { return filepath.Join(root, "bin", "pulumi") }

// built reports whether a cache folder has the command, and nobody but the user can
// have put it there.
func built(root string) bool {
	info, err := os.Stat(binary(root))
	return err == nil && info.Mode().IsRegular() && safepath.Check(binary(root)) == nil
}

// installed returns the folder of the Pulumi on PATH. The command must lie in a folder
// named bin, as every installer of Pulumi lays it out.
func installed(ctx context.Context, progress io.Writer) (root string, ok bool) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", false
	}
	root = filepath.Dir(filepath.Dir(path))
	if path != binary(root) {
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

// build compiles the command into root/bin.
func build(ctx context.Context, root, temp string, progress io.Writer) error {
	const title = "Pulumi " + Version
	start := time.Now()
	_, _ = fmt.Fprintf(progress, "building %s from source, once (a first build takes 3 to 5 minutes on two cores)\n", title)
	module, err := writeModule(temp)
	if err != nil {
		return err
	}
	defer os.RemoveAll(module) //nolint:errcheck // a temporary folder

	target := binary(root)
	partial := target + ".partial"
	defer os.Remove(partial) //nolint:errcheck // gone already where the build succeeded
	build := gobuild.Build{
		Title: title, Dir: module, Package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", Output: partial, Progress: progress,
		Flags: []string{
			"-buildvcs=false",
			"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + Version,
		},
		// Neither a workspace, nor flags that the user set for other modules, nor a
		// system that they compile for may reach this one. All else is as in the
		// user's own builds, so that what they have compiled already is not compiled
		// again. An empty GOFLAGS would let the one of go env -w come back.
		Env: []string{"GOWORK=off", "GOFLAGS=-buildvcs=false", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH},
	}
	build.Env = append(build.Env, gobuild.TempIn(temp)...)
	if err := build.Run(ctx); err != nil {
		return err
	}
	// Whatever the umask lets others do.
	if err := errors.Join(os.Chmod(partial, 0o700), os.Rename(partial, target)); err != nil { //nolint:gosec // a program
		return fmt.Errorf("keeping %s: %w", title, err)
	}
	_, _ = fmt.Fprintf(progress, "built %s in %s\n", title, time.Since(start).Round(time.Second))
	return nil
}

// writeModule lays out the module from which the command is built.
func writeModule(temp string) (dir string, err error) {
	dir, err = safepath.TempIn(temp, "protected-http-api-build-")
	if err != nil {
		return "", fmt.Errorf("making a folder to build Pulumi in: %w", err)
	}
	for from, to := range map[string]string{"pulumi.mod": "go.mod", "pulumi.sum": "go.sum"} {
		content, err := pins.ReadFile("pins/" + from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), content, 0o600)
		}
		if err != nil {
			return "", errors.Join(fmt.Errorf("laying out the module of Pulumi: %w", err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}
