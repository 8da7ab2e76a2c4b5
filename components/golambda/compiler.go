package golambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// lambdaTag leaves the net/rpc server of the long retired go1.x runtime out of
// github.com/aws/aws-lambda-go.
const lambdaTag = "lambda.norpc"

// compiler runs the go command for one target.
type compiler struct {
	goCommand string
	target    Target
	goFlags   string
}

func newCompiler(ctx context.Context, target Target) (*compiler, error) {
	if target == (Target{}) {
		return nil, errors.New("building Lambda functions: no target is set: make one with NewTarget")
	}
	path, err := goCommand()
	if err != nil {
		return nil, err
	}
	// Asked of the go command, because the value may stand in a file
	// (go env -w) and not in the environment.
	flags, err := exec.CommandContext(ctx, path, "env", "GOFLAGS").Output() //nolint:gosec // the go command
	if err != nil {
		return nil, fmt.Errorf("asking the go command for GOFLAGS: %w", commandError(err))
	}
	return &compiler{goCommand: path, target: target, goFlags: keepSourceFlags(string(flags))}, nil
}

// keepSourceFlags returns the flags of GOFLAGS that say where the source of
// modules is found and how many processors to use. They are a matter of the
// machine or of the module (-mod=vendor). Those that change the binary (-race,
// -gcflags, -cover, …) are dropped: they would make its bytes depend on who
// compiles it.
//
// The result is never empty, since an empty variable would let the value that
// go env -w has set come back.
func keepSourceFlags(goFlags string) string {
	kept := []string{"-buildvcs=false"}
	for _, flag := range strings.Fields(goFlags) {
		name, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		switch name {
		case "mod", "modfile", "modcacherw", "p":
			kept = append(kept, flag)
		}
	}
	return strings.Join(kept, " ")
}

// check finds mistakes in the choice of a folder. The go command reports them
// without the folder's name, or does not report them: it compiles a package
// that is not main without an error, to an archive and not to a binary.
func (c *compiler) check(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q does not exist", folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%q is not a folder: give the folder of the package", folder)
	}
	pkg, err := c.buildContext().ImportDir(folder, 0)
	var noGo *build.NoGoError
	if errors.As(err, &noGo) {
		return fmt.Errorf("folder %q has no Go files for %s/%s", folder, c.target.goos, c.target.goarch)
	}
	if err != nil {
		return nil // a syntax error and the like: the compiler says it better
	}
	if pkg.Name != "main" {
		return fmt.Errorf("folder %q holds package %q: a Lambda function is a package main", folder, pkg.Name)
	}
	return nil
}

func (c *compiler) buildContext() *build.Context {
	context := build.Default
	context.GOOS, context.GOARCH = c.target.goos, c.target.goarch
	context.CgoEnabled = false
	context.BuildTags = []string{lambdaTag}
	return &context
}

// flags are what every go build has.
var flags = []string{"-tags", lambdaTag, "-trimpath", "-buildvcs=false"}

// prepare compiles what the packages of each module need, with one go command
// a module, into Go's build cache. Several commands at once would each compile
// what the packages share, and nearly all that they need is shared. A failure
// is left to the package's own build to report.
func (c *compiler) prepare(ctx context.Context, folders []string) {
	for root, packages := range byModule(folders) {
		// Go build links nothing if it gets several packages main. A single one
		// it would link, into the working directory.
		if len(packages) > 1 {
			_ = c.command(ctx, root, slices.Concat([]string{"build"}, flags, packages)...).Run()
		}
	}
}

// byModule groups folders by the module that they belong to, as the nearest
// go.mod above them says.
func byModule(folders []string) map[string][]string {
	modules := map[string][]string{}
	for _, folder := range folders {
		for root := folder; ; root = filepath.Dir(root) {
			if info, err := os.Stat(filepath.Join(root, "go.mod")); err == nil && info.Mode().IsRegular() {
				modules[root] = append(modules[root], folder)
				break
			}
			if root == filepath.Dir(root) {
				break
			}
		}
	}
	return modules
}

// compile builds the package in folder to the file output. It runs in folder,
// so that the module, and the workspace if there is one, are those that the
// folder belongs to.
func (c *compiler) compile(ctx context.Context, folder, output string) error {
	cmd := c.command(ctx, folder, slices.Concat([]string{"build"}, flags, []string{"-ldflags", "-s -w", "-o", output, "."})...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		if text.Len() == 0 {
			return fmt.Errorf("go build: %w", err)
		}
		return fmt.Errorf("go build: %w\n%s", err, indent(text.String()))
	}
	return nil
}

// command is the go command in dir, set to the target and to nothing else that
// would change a binary.
func (c *compiler) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.goCommand, args...) //nolint:gosec // the go command, on the program's own source
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(),
		"CGO_ENABLED=0", "GOOS="+c.target.goos, "GOARCH="+c.target.goarch, "GOFLAGS="+c.goFlags,
		// The processor's feature level is Lambda's, not the developer's: Go's
		// lowest, which all of Lambda's processors have.
		"GOAMD64=v1", "GOARM64=v8.0")
	// An interrupted go command stops its compilers and removes its files; a
	// killed one does neither.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// commandError adds what a failed command wrote to its standard error.
func commandError(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}
