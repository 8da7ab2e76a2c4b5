// Package scaffold makes a Pulumi project with a protected HTTP API in an empty folder.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Project is what is made.
type Project struct {
	// Name is the Pulumi project's, Module the Go module's.
	Name, Module string
	// Routes are route keys: see [Routes].
	Routes []string
	// Version is that of this module which the project requires; with Replace, a folder
	// that has it, any is good.
	Version, Replace string
}

// Product is this module.
const Product = "github.com/protected-http-api/protected-http-api"

//go:embed template
var templates embed.FS

// Make writes the project's files into a folder, which has to be empty or not there. It
// finds all mistakes before it writes anything, and returns the names of the files.
func Make(dir string, p Project) ([]string, error) {
	routes, err := Routes(p.Routes)
	if err = errors.Join(p.check(), err, checkEmpty(dir)); err != nil {
		return nil, err
	}
	files, err := p.files(routes)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a project's folder is as others are
			return names, fmt.Errorf("making the project: %w", err)
		}
		if err := os.WriteFile(path, file.content, 0o644); err != nil { //nolint:gosec // as above
			return names, fmt.Errorf("making the project: %w", err)
		}
		names = append(names, file.name)
	}
	return names, nil
}

func (p Project) check() error {
	var errs []error
	if err := tokens.ValidateProjectName(p.Name); err != nil {
		errs = append(errs, fmt.Errorf("the name %q is none that Pulumi takes: %w", p.Name, err))
	}
	if err := module.CheckImportPath(p.Module); err != nil {
		errs = append(errs, fmt.Errorf("the module %q is none that Go takes: %w", p.Module, err))
	}
	return errors.Join(errs...)
}

// checkEmpty refuses a folder with something in it. A repository that is new is empty.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() != ".git" {
			return fmt.Errorf("the folder %s is not empty, it has %s: make the project in another one", dir, entry.Name())
		}
	}
	return nil
}

type file struct {
	name    string
	content []byte
}

// files are those of the project. A template whose path has "route" in it is one a
// route; dots at the beginning of names are _ there.
func (p Project) files(routes []Route) ([]file, error) {
	all, err := template.New("").Delims("[[", "]]").ParseFS(templates, "template/*")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	var files []file
	add := func(name, of string, data any) error {
		var b bytes.Buffer
		if err := all.ExecuteTemplate(&b, of, data); err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
		content := b.Bytes()
		if strings.HasSuffix(name, ".go") {
			if content, err = format.Source(content); err != nil {
				return fmt.Errorf("making %s: %w", name, err)
			}
		}
		files = append(files, file{name, content})
		return nil
	}
	data := struct {
		Project
		Product string
		Routes  []Route
		First   Route
		Folder  string
	}{p, Product, routes, first(routes), modfile.AutoQuote(p.Replace)}
	for _, f := range []struct{ name, of string }{
		{"go.mod", "go.mod.tmpl"}, {"main.go", "main.go.tmpl"}, {"Pulumi.yaml", "Pulumi.yaml.tmpl"},
		{"Pulumi.dev.yaml", "Pulumi.dev.yaml.tmpl"}, {"Pulumi.prod.yaml", "Pulumi.prod.yaml.tmpl"},
		{"internal/items/items.go", "items.go.tmpl"}, {"internal/items/items_test.go", "items_test.go.tmpl"},
		{"tests/api_test.go", "api_test.go.tmpl"}, {".github/workflows/ci.yml", "ci.yml.tmpl"},
		{".gitignore", "gitignore.tmpl"}, {"README.md", "README.md.tmpl"},
	} {
		if err := add(f.name, f.of, data); err != nil {
			return nil, err
		}
	}
	for _, r := range routes {
		err := add("handlers/"+r.Handler+"/main.go", "handler.go.tmpl", struct {
			Project
			Route
			Product string
		}{p, r, Product})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
