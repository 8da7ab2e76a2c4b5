package components

import (
	"flag"
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/components/internal/doccomments"
)

var update = flag.Bool("update", false, "write the reference in docs/component.md")

const (
	referenceFile  = "../docs/component.md"
	referenceStart = "<!-- The rest is written by: go test ./components -run TestReference -update -->\n"
)

// TestReference: the reference in the documents says of every option what its doc
// comment says.
func TestReference(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	before, written, found := strings.Cut(string(text), referenceStart)
	if !found {
		t.Fatalf("%s lacks the line %s", referenceFile, referenceStart)
	}
	want := reference(t)
	if written == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the doc comments say: run go test ./components -run TestReference -update", referenceFile)
	}
	if err := os.WriteFile(referenceFile, []byte(before+referenceStart+want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reference describes the component's arguments, each type once, a type that is
// named first before those in its fields.
func reference(t *testing.T) string {
	t.Helper()
	declared, err := doccomments.Types(".")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	queue, done := []string{"ProtectedHttpApiArgs", "ProtectedHttpApi"}, map[string]bool{}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		d, ok := declared[name]
		if !ok || done[name] {
			continue
		}
		done[name] = true
		fmt.Fprintf(&text, "\n## %s\n\n%s\n", name, doccomments.Paragraphs(d.Doc, ""))
		for _, constants := range d.Consts {
			for _, spec := range constants.Decl.Specs {
				value := spec.(*ast.ValueSpec)
				if value.Names[0].IsExported() {
					fmt.Fprintf(&text, "\n- **%s**: %s\n", value.Names[0].Name, doccomments.Paragraphs(value.Doc.Text(), "  "))
				}
			}
		}
		for _, function := range d.Funcs {
			if name != "ProtectedHttpApi" {
				fmt.Fprintf(&text, "\n- **%s**: %s\n", signature(function.Decl), doccomments.Paragraphs(function.Doc, "  "))
			}
		}
		structure, ok := d.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok {
			queue = append(queue, namesIn(d.Decl.Specs[0].(*ast.TypeSpec).Type)...)
			continue
		}
		for _, field := range structure.Fields.List {
			if len(field.Names) == 0 || !field.Names[0].IsExported() {
				continue
			}
			fmt.Fprintf(&text, "\n- **%s** `%s`: %s\n", field.Names[0].Name, types.ExprString(field.Type), doccomments.Paragraphs(field.Doc.Text(), "  "))
			if field.Doc.Text() == "" {
				t.Errorf("%s.%s has no doc comment", name, field.Names[0].Name)
			}
			queue = append(queue, namesIn(field.Type)...)
		}
	}
	return text.String()
}

// namesIn are the package's own types in a type.
func namesIn(expression ast.Expr) []string {
	var names []string
	ast.Inspect(expression, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr: // another package's
			return false
		case *ast.Ident:
			names = append(names, node.Name)
		}
		return true
	})
	return names
}

// signature is a function's name with its parameters.
func signature(function *ast.FuncDecl) string {
	return function.Name.Name + strings.TrimPrefix(types.ExprString(&ast.FuncType{Params: function.Type.Params}), "func")
}
