package initialize

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/scaffold"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// What the folder is called is the project's name, and the module that of this checkout.
// That what is made works, TestMake of package scaffold tests.
func TestInit(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "shop")
	got := clitest.Run(t, nil, "--routes", "GET /products, POST /orders", dir)
	if got.Code != 0 || !strings.HasSuffix(got.Stdout, "  handlers/get-products/main.go\n  handlers/post-orders/main.go\nNext: cd '"+dir+"' && go mod tidy && go test ./...\n") {
		t.Fatalf("got %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if want := "module shop\n\ngo 1.26.0\n\nrequire " + scaffold.Product + " v0.0.0\n\nreplace " + scaffold.Product + " => " + root + "\n"; err != nil || string(text) != want {
		t.Errorf("go.mod is %v, %s", err, text)
	}
	again := clitest.Run(t, nil, dir)
	if again.Code != 1 || !strings.HasPrefix(again.Stderr, "pha init: the folder "+dir+" is not empty, it has .github: ") {
		t.Errorf("got %+v", again)
	}
	if got := clitest.Run(t, nil, "a", "b"); got != clitest.UsageError("init", `unexpected argument "b"`) {
		t.Errorf("got %+v", got)
	}
	other := filepath.Join(t.TempDir(), "other")
	got = clitest.Run(t, nil, "--replace", other, dir)
	if want := "pha init: " + other + " is no checkout of " + scaffold.Product + ", and this command is of no release: give one with --replace\n"; got.Code != 1 || got.Stderr != want {
		t.Errorf("got %+v", got)
	}
}
