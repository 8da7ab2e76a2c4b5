// Package doccomments reads the doc comments of a package's sources, for tests that hold
// documents to them.
package doccomments

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// Types are the exported types of the package in a folder by name, its tests left out.
func Types(folder string) (map[string]*doc.Type, error) {
	files, set := []*ast.File{}, token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("finding the sources in %s: %w", folder, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("reading the sources in %s: %w", folder, err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(set, files, filepath.Base(folder))
	if err != nil {
		return nil, fmt.Errorf("reading the doc comments in %s: %w", folder, err)
	}
	declared := map[string]*doc.Type{}
	for _, d := range pkg.Types {
		declared[d.Name] = d
	}
	return declared, nil
}

// Paragraphs are those of a doc comment, a line each, all but the first indented.
func Paragraphs(comment, indent string) string {
	list := strings.Split(strings.TrimSpace(comment), "\n\n")
	for i, paragraph := range list {
		list[i] = strings.Join(strings.Fields(paragraph), " ")
	}
	return strings.Join(list, "\n\n"+indent)
}
