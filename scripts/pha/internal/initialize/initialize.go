// Package initialize makes a project.
package initialize

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/protected-http-api/protected-http-api/internal/scaffold"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const long = `Makes a project in an empty folder: a Pulumi program with the component, a function a
route that keeps items in a table, a unit test, a test that deploys the API to an AWS on
this machine and calls it, both stacks, a workflow for GitHub Actions, and a README.

Routes are GET and POST of a collection, and GET, PUT and DELETE of an item. All of them are
protected: the program opens one with Auth: components.Public. Needs nothing but Go
afterwards: go mod tidy, then go test ./...`

const example = `  {pha} init --routes 'GET /products,POST /orders,GET /orders/{id}' shop
  {pha} init --module github.com/acme/shop --name shop --routes 'POST /orders'`

// New is the part init of the command.
func New() *cobra.Command {
	var p scaffold.Project
	var routes string
	cmd := &cobra.Command{
		Use: "init [flags] [folder]", GroupID: cli.GroupProject,
		Short: "Make a project in an empty folder",
		Long:  long, Example: example,
		Args: oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(strings.Join(args, ""))
			if err != nil {
				return fmt.Errorf("finding the folder: %w", err)
			}
			p.Name = cmp.Or(p.Name, filepath.Base(dir))
			p.Module = cmp.Or(p.Module, p.Name)
			p.Routes = strings.Split(routes, ",")
			if err := require(&p); err != nil {
				return err
			}
			files, err := scaffold.Make(dir, p)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has\n  %s\nNext: cd %s && go mod tidy && go test ./...\n", dir, strings.Join(files, "\n  "), cli.Quote(dir))
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&routes, "routes", "GET /items,POST /items,GET /items/{id},DELETE /items/{id}", "`route keys` with commas between them")
	flags.StringVar(&p.Name, "name", "", "the Pulumi `project` (default: what the folder is called)")
	flags.StringVar(&p.Module, "module", "", "the Go `module` (default: the project's name)")
	flags.StringVar(&p.Replace, "replace", "", "a `folder` with a checkout of protected-http-api that the project uses (default: the release that the command is of, or the checkout that it was compiled in)")
	return cmd
}

// oneFolder refuses further arguments.
func oneFolder(cmd *cobra.Command, args []string) error {
	return cli.NoArgs(cmd, args[min(1, len(args)):])
}

// require finds what the project requires: the release that this command is of, or a
// checkout.
func require(p *scaffold.Project) (err error) {
	if p.Replace == "" {
		if p.Version = release(); p.Version != "" {
			return nil
		}
		_, file, _, _ := runtime.Caller(0)
		p.Replace = filepath.Join(filepath.Dir(file), "../../../..")
	}
	if p.Replace, err = filepath.Abs(p.Replace); err != nil {
		return fmt.Errorf("finding the checkout: %w", err)
	}
	content, err := os.ReadFile(filepath.Join(p.Replace, "go.mod"))
	if err != nil || !strings.HasPrefix(string(content), "module "+scaffold.Product+"\n") {
		return errors.New(cmp.Or(p.Replace, ".") + " is no checkout of " + scaffold.Product + ", and this command is of no release: give one with --replace")
	}
	return nil
}

// release is the version of this module, empty where it is none that go get finds.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == scaffold.Product && m.Replace == nil && semver.IsValid(m.Version) && !module.IsPseudoVersion(m.Version) && semver.Build(m.Version) == "" {
			return m.Version
		}
	}
	return ""
}
