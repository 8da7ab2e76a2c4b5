package scaffold

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMake runs what it makes, from nothing: the project's own tests deploy it, and get
// to 201.
func TestMake(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "my shop")
	root = linked(t, root)
	files, err := Make(dir, Project{
		Name: "shop", Module: "example.com/shop", Version: "v0.0.0", Replace: root,
		Routes: []string{"GET /products", "POST /orders", "GET /orders/{id}", "DELETE /orders/{id}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"main.go", "handlers/get-orders-by-id/main.go", "internal/items/items_test.go", "tests/api_test.go", ".github/workflows/ci.yml",
		"Pulumi.dev.yaml", "Pulumi.prod.yaml", "README.md", ".gitignore",
	} {
		if !slices.Contains(files, name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, line := range []string{"go mod tidy", "gofmt -l .", "go vet ./...", "go test ./..."} {
		words := strings.Fields(line)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil || words[0] == "gofmt" && len(out) > 0 {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if line == "go test ./..." && !strings.Contains(string(out), "ok  \texample.com/shop/tests") {
			t.Errorf("the API was not tested:\n%s", out)
		}
	}
}

// linked is a folder by a path that go.mod and a shell have to quote.
func linked(t *testing.T, folder string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "with space")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	return link
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "main.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dir string
		project   Project
		want      []string
	}{
		{"names", "", Project{Name: "my shop", Module: "a b", Routes: []string{"GET /a"}}, []string{
			`the name "my shop" is none that Pulumi takes: project names may only contain alphanumerics, hyphens, underscores, and periods`,
			`the module "a b" is none that Go takes: malformed import path "a b": invalid char ' '`,
		}},
		{"a folder that is not empty", full, Project{Name: "shop", Module: "shop", Routes: []string{"GET /a"}}, []string{
			"the folder " + full + " is not empty, it has main.go: make the project in another one",
		}},
		{"no routes", "", Project{Name: "shop", Module: "shop"}, []string{
			"there are no routes: give some, such as GET /products,POST /orders",
		}},
		{"routes", "", Project{Name: "shop", Module: "shop", Routes: []string{"orders", "GET /", "POST /orders/{id}", "PATCH /orders", "GET /Orders", "GET /{id}", "GET /a/{b}/c", "GET /a/b/c", "GET /a/by/b/c", "POST /ok"}}, []string{
			`the route "orders" has no method and path of a collection, such as POST /orders`,
			`the route "GET /" has no method and path of a collection, such as POST /orders`,
			`the route "POST /orders/{id}" ` + kindless,
			`the route "PATCH /orders" ` + kindless,
			`the route "GET /Orders" has the segment "Orders": write small letters, digits and hyphens, or a variable such as {id} after a collection`,
			`the route "GET /{id}" has the segment "{id}": write small letters, digits and hyphens, or a variable such as {id} after a collection`,
			`the route "GET /a/by/b/c" would have the same handler as "GET /a/{b}/c"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := tt.dir
			if dir == "" {
				dir = filepath.Join(t.TempDir(), "new")
			}
			_, err := Make(dir, tt.project)
			if err == nil || err.Error() != strings.Join(tt.want, "\n") {
				t.Errorf("the error is %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				t.Error("files were written")
			}
		})
	}
}

const kindless = "is of none of the kinds for which handlers are made: GET and POST of a collection, GET, PUT and DELETE of an item such as /orders/{id}; add others by hand afterwards"
