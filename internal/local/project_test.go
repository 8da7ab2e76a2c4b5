package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// writeProject lays out a project and returns its folder.
func writeProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const demoProject = `name: demo
runtime: go
backend:
  url: https://example.com
config:
  secretPath: {type: string, default: /demo/secret}
  demo:authorizerTtl: {type: string}
  short: a value
`

func TestReadProjectRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		want  string // DIR stands for the folder
	}{
		{"no project", nil, "no Pulumi.yaml in DIR: run this in a Pulumi project's folder or name it with --project"},
		{"no name", map[string]string{"Pulumi.yaml": "runtime: go"}, "DIR/Pulumi.yaml has no name"},
		{"no stack", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.prod.yaml": "", "Pulumi.qa.yaml": ""}, `no stack "dev": there is no DIR/Pulumi.dev.yaml (there is prod, qa)`},
		{"no YAML", map[string]string{"Pulumi.yaml": "a: b: c"}, "reading DIR/Pulumi.yaml: yaml: mapping values are not allowed in this context"},
		{"an environment", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": "environment: [aws]"}, "DIR/Pulumi.dev.yaml imports a Pulumi ESC environment, which a local deployment cannot read: use a stack file without one"},
		{"a secret", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": "config:\n  demo:key:\n    secure: v1:abc"}, "DIR/Pulumi.dev.yaml: the value of demo:key is encrypted, and a local deployment has no key: use a stack file without it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := writeProject(t, tt.files)
			_, err := readProject(dir, "dev")
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != tt.want {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestProjectSettings(t *testing.T) {
	t.Parallel()
	dir := writeProject(t, map[string]string{
		"Pulumi.yaml":     demoProject,
		"Pulumi.dev.yaml": "encryptionsalt: v1:x\nconfig:\n  aws:region: eu-west-1\n  demo:secretPath: /other\n",
	})
	p, err := readProject(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"secretPath": "/other", "short": "a value"} {
		if got, ok := p.get(key); got != want || !ok {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if _, ok := p.get("authorizerTtl"); ok {
		t.Error("authorizerTtl has a value")
	}
	if err := p.replace(ttlKey, "5m0s"); err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := p.copyTo(copied, "dev"); err != nil {
		t.Fatal(err)
	}
	again, err := readProject(copied, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := again.get("authorizerTtl"); got != "5m0s" {
		t.Errorf("the copy's authorizerTtl is %q", got)
	}
	if got := again.program(); got != dir {
		t.Errorf("the copy's program is %q, want %q", got, dir)
	}
	for _, key := range []string{"backend"} {
		if _, ok := again.settings[key]; ok {
			t.Errorf("the copy has %s", key)
		}
	}
	if _, ok := again.stack["encryptionsalt"]; ok {
		t.Error("the copy has the original's encryption salt")
	}
}

func TestSetTTLNeedsADeclaration(t *testing.T) {
	t.Parallel()
	dir := writeProject(t, map[string]string{"Pulumi.yaml": "name: demo\nruntime: go\n", "Pulumi.dev.yaml": ""})
	p, err := readProject(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	want := `the setting "authorizerTtl" is not one that ` + filepath.Join(dir, "Pulumi.yaml") + " declares"
	if err := p.replace(ttlKey, "1m"); err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if _, err := p.region(); err == nil || err.Error() != "the stack has no aws:region: set it with pulumi config set aws:region eu-central-1" {
		t.Errorf("the error is %v", err)
	}
}

// What Pulumi's language host would have go write to the project is refused;
// everything else reaches the real go command.
func TestGoShim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := layTools(dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	shim := filepath.Join(dir, "bin", "go")
	if out, err := exec.CommandContext(t.Context(), shim, "list", "-m", "-json", "-mod=mod", "all").CombinedOutput(); err == nil || len(out) > 0 {
		t.Errorf("go list -mod=mod gives %q and %v", out, err)
	}
	out, err := exec.CommandContext(t.Context(), shim, "list", "-m").Output()
	if err != nil || string(out) != "github.com/protected-http-api/protected-http-api\n" {
		t.Errorf("go list -m gives %q and %v", out, err)
	}
}
