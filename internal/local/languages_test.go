package local

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestYAML deploys the API of docs/languages.md in YAML, through the plugin.
func TestYAML(t *testing.T) {
	t.Parallel()
	greets(t, deploy(t, Options{Project: inLanguage(t, "yaml"), Stack: "dev"}))
}

// TestTypeScript deploys the same API in TypeScript, with the SDK that pulumi package add
// makes.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"node", "npm"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("a program in TypeScript needs %s, which is not on PATH", command)
		}
	}
	project := inLanguage(t, "typescript")
	writeSDK(t, filepath.Join(project, "sdks", "protected-http-api"))
	for _, command := range [][]string{
		{"npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"},
		{"node_modules/.bin/tsc", "-p", "sdks/protected-http-api"},
		{"cp", "sdks/protected-http-api/package.json", "sdks/protected-http-api/bin"},
		{"node_modules/.bin/tsc", "-p", ".", "--noEmit"},
	} {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = project
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	greets(t, deploy(t, Options{Project: project, Stack: "dev"}))
}

// writeSDK writes the SDK for TypeScript of the plugin's schema, in the module from which
// Pulumi is built.
func writeSDK(t *testing.T, folder string) {
	t.Helper()
	module := t.TempDir()
	for from, to := range map[string]string{"pulumicli/pins/pulumi.mod": "go.mod", "pulumicli/pins/pulumi.sum": "go.sum", "testdata/sdk/main.go": "main.go"} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(module, to), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := filepath.Abs(repository + "/components/plugin/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".", schema, folder)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("writing the SDK: %v\n%s", err, out)
	}
}

// TestLanguagesDocument: the document shows the programs that are deployed.
func TestLanguagesDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(repository + "/docs/languages.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"yaml/Pulumi.yaml", "typescript/index.ts"} {
		text, err := os.ReadFile(repository + "/examples/languages/" + program)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(document), "\n"+string(text)+"```\n") {
			t.Errorf("docs/languages.md does not show %s as it is", program)
		}
	}
}

// inLanguage copies the example in a language; the package is the plugin of this module.
func inLanguage(t *testing.T, language string) string {
	t.Helper()
	dir := filepath.Join(example(t, "languages"), language)
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Pulumi.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), " ../../../components/plugin\n", " "+root+"/components/plugin\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// greets checks the API of the example, that nothing changes when it is deployed again,
// and that all of it goes at once.
func greets(t *testing.T, d deployed) {
	t.Helper()
	d.up(t, map[string]int{})
	url, err := d.Output("url")
	if err != nil {
		t.Fatal(err)
	}
	authorized := func(permission string) http.Header {
		return with("Authorization", "Bearer "+d.signToken(t, d.Secret, map[string]any{"permissions": []string{permission}}))
	}
	for _, test := range []struct {
		method string
		header http.Header
		status int
		want   string
	}{
		{"GET", nil, http.StatusOK, "Hello stranger"},
		{"POST", nil, http.StatusUnauthorized, `{"message":"Unauthorized"}`},
		{"POST", with("Authorization", "Bearer none"), http.StatusForbidden, `{"message":"Forbidden"}`},
		{"POST", authorized("greetings:read"), http.StatusForbidden, `{"message":"Forbidden"}`},
		{"POST", authorized("greetings:write"), http.StatusOK, "Hello usr_test"},
	} {
		if status, body := d.callURL(t, test.method, url+"/greetings", "", test.header, http.DefaultClient); status != test.status || body != test.want {
			t.Errorf("%s /greetings is %d %s, want %d %s", test.method, status, body, test.status, test.want)
		}
	}
	d.destroyAll(t)
}
