// Package pulumicli finds the Pulumi command line and its language hosts, or builds the
// pinned versions from their sources, so that a machine needs nothing but Go.
//
// An installation on PATH is used where it is new enough. Else the commands are compiled
// once into the user's cache folder. The modules that they are compiled from, and the
// checksums of all that they need, are fixed in the folder pins. For deployments to the
// local AWS it is only Pulumi's engine, the command in the folder engine, which takes
// seconds: its modules are those of this project, so that most is compiled already.
package pulumicli

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
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

// Version is what is built.
const Version = "3.256.0"

// minVersion is the oldest installed Pulumi that this project was run with.
const minVersion = "v3.250.0"

//go:embed pins
var pins embed.FS

//go:embed engine/*.go
var engineSources embed.FS

// tool is a command that is built where there is none.
type tool struct {
	command, title, version string
	// pin is the name of its module in the folder pins, source its package.
	pin, source string
	// takes is how long a first build takes on two cores.
	takes string
	// linker are what the linker is told beside what is the same for all.
	linker string
	// files are the package where it is none of a module: by name.
	files map[string][]byte
}

const linkVersion = " -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + Version

var pulumi = tool{
	command: "pulumi", title: "Pulumi", version: Version, pin: "pulumi", source: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
	takes: "3 to 5 minutes", linker: linkVersion,
}

var engine = tool{
	command: "pulumi", title: "Pulumi's engine", version: Version, pin: "engine", source: ".",
	takes: "half a minute", linker: linkVersion, files: engineFiles(),
}

// engineFiles are the sources of the command engine.
func engineFiles() map[string][]byte {
	files := map[string][]byte{}
	entries, err := engineSources.ReadDir("engine")
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), "_test.go") {
			content, reading := engineSources.ReadFile("engine/" + entry.Name())
			files[entry.Name()], err = content, errors.Join(err, reading)
		}
	}
	if err != nil {
		panic(err) // they are part of this program
	}
	return files
}

// languages are the language hosts that can be built, by the runtime in a project's file.
// That of TypeScript is the last one that Go's module proxy has; it runs programs with
// later SDKs.
var languages = map[string]tool{
	"yaml": {
		command: "pulumi-language-yaml", title: "Pulumi's language host for YAML", version: "1.25.0", pin: "yaml",
		source: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", takes: "1 to 3 minutes",
	},
	"nodejs": {
		command: "pulumi-language-nodejs", title: "Pulumi's language host for TypeScript", version: "3.40.0", pin: "nodejs",
		source: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs", takes: "half a minute",
	},
}

// Ensure returns the folder of a Pulumi installation, whose bin holds the command, and
// builds it first where there is none, with temporary files in the folder temp or, where
// that is "", in the system's. It tells on progress what takes long. Several
// processes may call it at once: one builds, the others wait.
func Ensure(ctx context.Context, temp string, progress io.Writer) (root string, err error) {
	if root, ok := installed(ctx, progress); ok {
		return root, nil
	}
	return pulumi.ensure(ctx, temp, progress)
}

// EnsureEngine is Ensure for the local AWS: what it builds has no more of Pulumi's command
// than that needs.
func EnsureEngine(ctx context.Context, temp string, progress io.Writer) (root string, err error) {
	if root, ok := installed(ctx, progress); ok {
		return root, nil
	}
	return engine.ensure(ctx, temp, progress)
}

// EnsureLanguage returns a folder with the host of a language, as Ensure does. Where the
// installation of Pulumi has one, or PATH, it is that folder.
func EnsureLanguage(ctx context.Context, installation, language, temp string, progress io.Writer) (folder string, err error) {
	name := "pulumi-language-" + language
	if beside := filepath.Join(installation, "bin", name); isInstalled(beside) {
		return filepath.Dir(beside), nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Dir(path), nil
	}
	t, ok := languages[language]
	if !ok {
		return "", fmt.Errorf("the runtime %q needs %s, which is not on PATH and cannot be built here: install Pulumi from https://www.pulumi.com/docs/install", language, name)
	}
	root, err := t.ensure(ctx, temp, progress)
	return filepath.Join(root, "bin"), err
}

func isInstalled(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (t tool) ensure(ctx context.Context, temp string, progress io.Writer) (root string, err error) {
	if root, err = t.cacheRoot(); err != nil || t.built(root) {
		return root, err
	}
	if err := safepath.Make(filepath.Join(root, "bin")); err != nil {
		return "", fmt.Errorf("making the cache folder for %s: %w", t.title, err)
	}
	unlock, err := lock(ctx, filepath.Join(root, "lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if t.built(root) {
		return root, nil
	}
	return root, t.build(ctx, root, temp, progress)
}

// cacheRoot is where the built command is kept. Its name changes with the version, the
// modules and the sources, so that a new pin never meets an old binary.
func (t tool) cacheRoot() (string, error) {
	sum := sha256.New()
	add := func(name string, content []byte) { _, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content) }
	for _, name := range []string{t.pin + ".mod", t.pin + ".sum"} {
		content, err := pins.ReadFile("pins/" + name)
		if err != nil {
			return "", err
		}
		add(name, content)
	}
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		add(name, t.files[name])
	}
	name := t.command
	if t.files != nil {
		name += "-" + t.pin
	}
	return safepath.Cache(fmt.Sprintf("%s-%s-%.8x", name, t.version, sum.Sum(nil)))
}

// binary is the command in the folder of an installation.
func (t tool) binary(root string) string { return filepath.Join(root, "bin", t.command) }

// built reports whether a cache folder has the command, and nobody but the user can
// have put it there.
func (t tool) built(root string) bool {
	return isInstalled(t.binary(root)) && safepath.Check(t.binary(root)) == nil
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
	if path != pulumi.binary(root) {
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
func (t tool) build(ctx context.Context, root, temp string, progress io.Writer) error {
	title := t.title + " " + t.version
	start := time.Now()
	_, _ = fmt.Fprintf(progress, "building %s from source, once (a first build takes %s on two cores)\n", title, t.takes)
	module, err := t.writeModule(temp)
	if err != nil {
		return err
	}
	defer os.RemoveAll(module) //nolint:errcheck // a temporary folder

	target := t.binary(root)
	partial := target + ".partial"
	defer os.Remove(partial) //nolint:errcheck // gone already where the build succeeded
	build := gobuild.Build{
		Title: title, Dir: module, Package: t.source, Output: partial, Progress: progress,
		Flags: []string{"-buildvcs=false", "-ldflags", "-s -w" + t.linker},
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
func (t tool) writeModule(temp string) (dir string, err error) {
	dir, err = safepath.TempIn(temp, "protected-http-api-build-")
	if err != nil {
		return "", fmt.Errorf("making a folder to build %s in: %w", t.title, err)
	}
	files := maps.Clone(t.files)
	if files == nil {
		files = map[string][]byte{}
	}
	for from, to := range map[string]string{t.pin + ".mod": "go.mod", t.pin + ".sum": "go.sum"} {
		content, reading := pins.ReadFile("pins/" + from)
		files[to], err = content, errors.Join(err, reading)
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("laying out the module of %s: %w", t.title, err), os.RemoveAll(dir))
	}
	return dir, nil
}
