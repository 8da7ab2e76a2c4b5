package golambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// productModule is the module that this package belongs to. Its packages main are
// compiled in its own folder, with its own go.mod and go.sum, and without a workspace.
// A program that imports only the component has no checksums of what they need; and so
// they have the versions that they were tested with, whoever compiles them.
const productModule = "github.com/protected-http-api/protected-http-api"

// productPath returns the folder of a package of the product within its module.
func productPath(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, productModule+"/")
}

// productFolder returns the folder of the product's module: what contract.EnvModule
// says, or else where the module of the working directory has it from, in the version
// that its go.mod requires, which may be replaced, or in its workspace. Where that has
// none, as with a program in another language, it is what this program itself was
// compiled from, if that is here.
func (c *compiler) productFolder(ctx context.Context) (string, error) {
	switch said := os.Getenv(contract.EnvModule); {
	case said == "":
	case semver.IsValid(said):
		return c.downloadProduct(ctx, said)
	case isProduct(said):
		return filepath.Abs(said)
	default:
		return "", fmt.Errorf("environment variable %s: %q is not a folder with the sources of the module %s: set it to that of its go.mod, or unset it", contract.EnvModule, said, productModule)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		// Where there is a vendor folder, it lacks what the program does not import.
		{"list", "-mod=readonly", "-m", "-json=Dir", productModule},
		{"mod", "download", "-json", productModule}, // for a program that was compiled elsewhere
	} {
		switch folder, err := c.moduleFolder(ctx, here, args...); {
		case err != nil && isProduct(compiledFrom):
			return compiledFrom, nil
		case err != nil:
			return "", fmt.Errorf("it is compiled from the sources of the module %s, which the go command does not find from %q: run go get %s in the program's module, or set the environment variable %s to their folder: go %s: %w",
				productModule, here, productModule, contract.EnvModule, args[0], err)
		case folder != "":
			return folder, nil
		}
	}
	return "", fmt.Errorf("the go command does not say where the module %s is", productModule)
}

// downloadProduct returns the folder of a release of the product in the module cache.
func (c *compiler) downloadProduct(ctx context.Context, version string) (string, error) {
	folder, err := c.moduleFolder(ctx, ".", "mod", "download", "-json", productModule+"@"+version)
	if err != nil {
		return "", fmt.Errorf("it is compiled from the sources of the module %s %s, which the go command does not get: let it reach a module proxy (GOPROXY), or set the environment variable %s to their folder: %w",
			productModule, version, contract.EnvModule, err)
	}
	return folder, nil
}

// moduleFolder asks the go command for the folder of a module, by arguments that have it
// answer in JSON. There is none where the module is known and not on the machine.
func (c *compiler) moduleFolder(ctx context.Context, from string, args ...string) (string, error) {
	var module struct{ Dir, Error string }
	out, err := c.goRun(ctx, from, false, args...).Output()
	_ = json.Unmarshal(out, &module)
	switch {
	case module.Error != "":
		return "", errors.New(module.Error)
	case err != nil:
		return "", commandError(err)
	}
	return module.Dir, nil
}

// isProduct reports whether a folder has the product's go.mod.
func isProduct(folder string) bool {
	text, err := os.ReadFile(filepath.Join(folder, "go.mod")) //nolint:gosec // the user's own
	return err == nil && modfile.ModulePath(text) == productModule
}

// compiledFrom is the folder of the product's module on the machine that compiled this
// program; no folder where it was compiled with -trimpath. Tests set it.
var compiledFrom = func() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}()

// findProduct turns the import path of a package of the product into its folder.
func (u *unit) findProduct(ctx context.Context, path string) error {
	p := &u.product
	p.once.Do(func() { p.folder, p.err = u.productFolder(ctx) })
	if p.err != nil {
		return p.err
	}
	u.dir, u.importPath, u.alone = filepath.Join(p.folder, filepath.FromSlash(path)), "", true
	u.folder = u.dir
	return u.checkFolder()
}

// offlineHint says what a failed build of the product's package lacks, if that is a
// network. What the program vendors does not help it.
func (u *unit) offlineHint(message string) string {
	offline := strings.Contains(message, "module lookup disabled by GOPROXY=off") || strings.Contains(message, ": dial tcp")
	if root, ok := moduleRoot(u.dir); ok && u.alone && offline {
		return fmt.Sprintf("it is compiled with the component's own go.sum, whatever the program vendors: run go mod download in %q once, where there is a network, or give the authorizer a Function\n", root)
	}
	return ""
}
