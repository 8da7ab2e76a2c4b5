package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// envRunMain makes the test binary the command.
const envRunMain = "ENGINE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envRunMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// written makes the working directory a project, and its backend one with a stack of it,
// as Pulumi 3.256.0 itself has written them.
func written(t *testing.T) (backend string) {
	t.Helper()
	project, backend := t.TempDir(), t.TempDir()
	if err := os.CopyFS(project, os.DirFS("testdata/written")); err != nil {
		t.Fatal(err)
	}
	stacks := filepath.Join(backend, ".pulumi", "stacks", "demo")
	if err := os.MkdirAll(stacks, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(project, "state.json"), filepath.Join(stacks, "dev.json")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(project)
	t.Setenv("PULUMI_BACKEND_URL", "file://"+backend)
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "abc")
	return backend
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func ok(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("%s: %v", args, err)
	}
	return out
}

// TestRefuses: what Pulumi's own command can do and this one cannot is refused, and so are
// mistakes.
func TestRefuses(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	backend := written(t)
	imports := filepath.Join(backend, "import.json")
	if err := os.WriteFile(imports, []byte(`{"resources": [{"type": "t", "name": "n", "id": "i", "parent": "p"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("Pulumi.kms.yaml", []byte("secretsprovider: awskms://alias/key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		want string // with what is given to be done without
	}{
		{"login", `there is no "pulumi login"`},
		{"stack ls", `there is no "pulumi stack ls"`},
		{"config get password --stack dev", `there is no "pulumi config get password"`},
		{"up --target x --stack dev", "unknown flag: --target"},
		{"up --stack dev", "nothing is asked: give --yes --skip-preview, or this"},
		{"stack init kms", "the secrets of the stack kms are encrypted by awskms://alias/key"},
		{"stack history --json --page-size 10 --page 1 --stack dev", "only the last operation is shown, with --page-size 1 --page 1"},
		{"stack output --stack dev", `required flag(s) "json" not set`},
		{"stack select --stack none", "no stack named 'none' found"},
		{"stack select", "no stack is named: name it with --stack"},
		{"stack init dev", "stack 'dev' already exists"},
		{"stack rename dev --stack dev", "stack 'dev' already exists"},
		{"config set-all --plaintext x --stack dev", `the setting "x" is not of the form key=value`},
		{"import --yes --skip-preview --generate-code=false --stack dev --file " + imports,
			"reading what to import from " + imports + `: json: unknown field "parent": only type, name and id are known`},
		{"import --yes --skip-preview --stack dev --file " + imports, "no program is written: give --generate-code=false, or this"},
	} {
		_, err := run(t, strings.Fields(tt.args)...)
		if err == nil || strings.TrimSuffix(strings.ReplaceAll(err.Error(), other, "this"), ": this") != tt.want {
			t.Errorf("%s: error is %v, want %s", tt.args, err, tt.want)
		}
	}
	t.Setenv("PULUMI_BACKEND_URL", "s3://bucket")
	if _, err := run(t, "stack", "select", "--stack", "dev"); err == nil || err.Error() != `PULUMI_BACKEND_URL is "s3://bucket", want file:// and an absolute path: `+other {
		t.Errorf("error is %v", err)
	}
}

// TestPulumisOwnState: outputs, secrets and settings of a stack that Pulumi itself has
// deployed are read, and kept when the state is written again.
func TestPulumisOwnState(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	backend := written(t)
	const hidden, shown = "{\n  \"plain\": \"hello\",\n  \"word\": \"[secret]\"\n}\n", "{\n  \"plain\": \"hello\",\n  \"word\": \"s3cret\"\n}\n"
	if got := ok(t, "stack", "output", "--json", "--stack", "dev"); got != hidden {
		t.Errorf("the outputs are %s", got)
	}
	if exported := ok(t, "stack", "export", "--stack", "dev"); strings.Contains(exported, "s3cret") || !strings.Contains(exported, `"ciphertext": "v1:`) {
		t.Errorf("exported is %s", exported)
	}
	exported := ok(t, "stack", "export", "--show-secrets", "--stack", "dev")
	if !strings.Contains(exported, "s3cret") {
		t.Errorf("exported is %s", exported)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(exported), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "stack", "import", "--file", file, "--stack", "dev")
	if got := ok(t, "stack", "output", "--json", "--show-secrets", "--stack", "dev"); got != shown {
		t.Errorf("after the import the outputs are %s", got)
	}
	ok(t, "config", "set-all", "--stack", "dev", "--path", "--plaintext", "a.b=x=y", "--secret", "demo:c=hush")
	ok(t, "config", "set", "--stack", "dev", "d", "--plaintext", "--", "-1")
	ok(t, "stack", "rename", "prod.2", "--stack", "dev")
	if got := ok(t, "stack", "output", "--json", "--show-secrets", "--stack", "prod.2"); got != shown {
		t.Errorf("after the renaming the outputs are %s", got)
	}
	config, err := os.ReadFile("Pulumi.prod.2.yaml")
	if err != nil || !strings.Contains(string(config), "demo:a:\n    b: x=y\n") || strings.Contains(string(config), "hush") || !strings.Contains(string(config), `demo:d: "-1"`) {
		t.Errorf("the configuration is %s, %v", config, err)
	}
	state, err := os.ReadFile(filepath.Join(backend, ".pulumi", "stacks", "demo", "prod.2.json"))
	if err != nil || strings.Contains(string(state), "s3cret") || !strings.Contains(string(state), `"stack":"organization/demo/prod.2"`) {
		t.Errorf("the state is %s, %v", state, err)
	}
	// In a process of its own: a passphrase that was right is kept.
	cmd := exec.CommandContext(t.Context(), os.Args[0], "stack", "output", "--json", "--show-secrets", "--stack", "prod.2")
	cmd.Env = append(os.Environ(), envRunMain+"=1", "PULUMI_CONFIG_PASSPHRASE=another")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.HasPrefix(string(out), "error: ") || !strings.Contains(string(out), "incorrect passphrase") {
		t.Errorf("with another passphrase: %v, %s", err, out)
	}
}

// TestImportStateRefuses: a state of another stack, or one that contradicts itself, does not
// replace what is there.
func TestImportStateRefuses(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	written(t)
	before := ok(t, "stack", "export", "--stack", "dev")
	var state map[string]any
	if err := json.Unmarshal([]byte(before), &state); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, new, want string }{
		"another stack": {"urn:pulumi:dev::", "urn:pulumi:prod::", "the resource urn:pulumi:prod::demo::pulumi:pulumi:Stack::demo-dev is of another stack than dev"},
		"changed":       {`"version": "v3`, `"version": "v4`, "the state contradicts itself: magic cookie mismatch; possible tampering/corruption detected"},
	} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(before, tt.old, tt.new)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t, "stack", "import", "--file", file, "--stack", "dev"); err == nil || err.Error() != tt.want {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if after := ok(t, "stack", "export", "--stack", "dev"); after != before {
		t.Errorf("the state is now %s", after)
	}
}

// TestNothingDeployed: a stack may be made by a file that says no more than its name.
func TestNothingDeployed(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	backend := written(t)
	file := filepath.Join(backend, ".pulumi", "stacks", "demo", "new.json")
	if err := os.WriteFile(file, []byte(`{"version":3,"checkpoint":{"stack":"organization/demo/new"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ok(t, "stack", "output", "--json", "--stack", "new"); got != "{}\n" {
		t.Errorf("the outputs are %s", got)
	}
	if got := ok(t, "stack", "history", "--json", "--page-size", "1", "--page", "1", "--stack", "new"); got != "[]\n" {
		t.Errorf("the history is %s", got)
	}
	ok(t, "destroy", "--yes", "--skip-preview", "--stack", "new")
	if got := ok(t, "stack", "history", "--json", "--page-size", "1", "--page", "1", "--stack", "new"); !strings.Contains(got, `"kind": "destroy"`) {
		t.Errorf("the history is %s", got)
	}
}
