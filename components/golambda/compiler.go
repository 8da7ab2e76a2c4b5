package golambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// lambdaTag leaves the net/rpc server of the long retired go1.x runtime out of
// github.com/aws/aws-lambda-go.
const lambdaTag = "lambda.norpc"

// compiler runs the go command for one target.
type compiler struct {
	goCommand string
	target    Target
	// goFlags is the value of GOFLAGS for builds.
	goFlags string

	mu sync.Mutex
	// environments are what the go command has said of its environment.
	environments map[environmentKey]func() (goEnv, error)
	// toolchains are the toolchains that were asked for, by the value of
	// GOTOOLCHAIN, with the error of those that cannot be had.
	toolchains map[string]error

	product struct {
		once   sync.Once
		folder string
		err    error
	}
}

// newCompiler finds the go command, and refuses an environment in which it would
// make other binaries than the packages' options say.
func newCompiler(ctx context.Context, target Target, packages []Package) (*compiler, error) {
	if target == (Target{}) {
		return nil, errors.New("building Lambda functions: no target is set: make one with NewTarget")
	}
	path, err := goCommand()
	if err != nil {
		return nil, err
	}
	c := &compiler{goCommand: path, target: target, environments: map[environmentKey]func() (goEnv, error){}, toolchains: map[string]error{}}
	here, err := filepath.Abs(".")
	if err != nil {
		return nil, fmt.Errorf("finding the working directory: %w", err)
	}
	env, err := c.goEnv(ctx, here, false)
	if err != nil {
		return nil, fmt.Errorf("asking the go command for its environment: %w", err)
	}
	if c.goFlags, err = env.goFlags(packages); err != nil {
		return nil, err
	}
	return c, env.check(packages)
}

// unit is one package, with all that decides about its binary.
type unit struct {
	*compiler
	target Target
	// dir is the absolute folder that the go command runs in. It is the package's,
	// unless that has an importPath.
	dir, importPath string
	// folder is the package's; look finds that of an import path.
	folder string
	// alone says that the package is compiled without a workspace.
	alone      bool
	tags       string // as in go build -tags
	ldFlags    string // as in go build -ldflags
	experiment string
	fips140    string
	toolchain  string // the value of GOTOOLCHAIN; empty for the go command's own choice
	output     string // the file that it is compiled to
}

// newUnit checks what can be known of a package without the go command.
func newUnit(p Package, target Target) (u *unit, err error) {
	u = &unit{target: target, tags: strings.Join(p.tags(), ","), experiment: p.Experiment, fips140: p.FIPS140}
	if u.dir, u.importPath, err = p.place(); err != nil {
		return nil, err
	}
	if err := CheckBuildTags(p.BuildTags); err != nil {
		return nil, fmt.Errorf("build tags: %w", err)
	}
	if u.ldFlags, err = joinLdFlags(append([]string{"-s", "-w"}, p.LdFlags...)); err != nil {
		return nil, fmt.Errorf("linker flags: %w", err)
	}
	if u.importPath != "" {
		return u, checkImportPath(u.importPath)
	}
	u.folder = u.dir
	return u, u.checkFolder()
}

// look checks what can be known of a package without compiling it.
func (c *compiler) look(ctx context.Context, p Package) (*unit, error) {
	u, err := newUnit(p, c.target)
	if err != nil {
		return nil, err
	}
	u.compiler = c
	if path, ok := productPath(u.importPath); ok {
		if err := u.findProduct(ctx, path); err != nil {
			return nil, err
		}
	}
	env, err := c.goEnv(ctx, u.dir, u.alone)
	if err != nil {
		return nil, err
	}
	if u.toolchain, err = c.pin(ctx, u.dir, u.alone, env); err != nil || u.importPath == "" {
		return u, err
	}
	return u, u.find(ctx)
}

// identity tells the package apart from all others.
func (u *unit) identity() string { return filepath.Join(u.dir, filepath.FromSlash(u.importPath)) }

// pattern is how the go command that runs in dir names the package.
func (u *unit) pattern() string {
	if u.importPath != "" {
		return u.importPath
	}
	return "."
}

// buildArgs are the arguments of the go command that builds packages like this one.
func (u *unit) buildArgs(output string, patterns ...string) []string {
	args := []string{"build", "-tags", u.tags, "-trimpath", "-buildvcs=false", "-ldflags", u.ldFlags, "-o", output}
	if u.alone { // whatever GOFLAGS says for the program's module
		args = append(args, "-mod=readonly")
	}
	return append(args, patterns...)
}

// compile builds the package to its output. It runs in the package's folder,
// so that the module, and the workspace if there is one, are those that the folder
// belongs to; for an import path, in the program's.
func (u *unit) compile(ctx context.Context) error {
	cmd := u.command(ctx, u.dir, u.buildArgs(u.output, u.pattern())...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	if err == nil {
		return nil
	}
	message := text.String()
	if strings.Contains(message, ": undefined: ") {
		message += u.leftOutHint()
	}
	if strings.Contains(message, "; GOTOOLCHAIN=local)") {
		message += "install that Go, or let the go command download it with GOTOOLCHAIN=auto\n"
	}
	message += u.offlineHint(message)
	if message == "" {
		return fmt.Errorf("go build: %w", err)
	}
	return fmt.Errorf("go build: %w\n%s", err, indent(message))
}

// command is the go command in dir, set to the target and to nothing else that
// would change a binary but the unit's own settings.
func (u *unit) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := u.goRun(ctx, dir, u.alone, args...)
	fips140 := u.fips140
	if fips140 == "" {
		fips140 = "off"
	}
	cmd.Env = append(cmd.Environ(),
		"CGO_ENABLED=0", "GOOS="+u.target.goos, "GOARCH="+u.target.goarch, "GOFLAGS="+u.goFlags,
		// The processor's feature level is Lambda's, not the developer's: Go's
		// lowest, which all of Lambda's processors have.
		"GOAMD64=v1", "GOARM64=v8.0",
		"GOEXPERIMENT="+u.experiment, "GOFIPS140="+fips140, "GO_EXTLINK_ENABLED=0")
	if u.toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+u.toolchain)
	}
	return cmd
}

// goRun is the go command in dir as the user would run it, or alone, without a
// workspace.
func (c *compiler) goRun(ctx context.Context, dir string, alone bool, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.goCommand, args...) //nolint:gosec // the go command, on the program's own source
	cmd.Dir = dir
	if alone {
		cmd.Env = append(cmd.Environ(), "GOWORK=off")
	}
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
		return fmt.Errorf("%w\n%s", err, indent(string(exit.Stderr)))
	}
	return err
}
