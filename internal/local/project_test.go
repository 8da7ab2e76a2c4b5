package local

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// writeProject lays out a project and returns its folder.
func writeProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
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

// in replaces a folder of the test in a text.
func in(dir, text string) string { return strings.ReplaceAll(text, dir, "DIR") }

func TestReadProjectRefuses(t *testing.T) {
	t.Parallel()
	secret := "config:\n  demo:key:\n    secure: v1:abc\n  demo:db:\n    host: a\n    password:\n      secure: v1:abc\n"
	tests := []struct {
		name     string
		files    map[string]string
		settings map[string]string
		want     string // DIR stands for the folder
	}{
		{"no project", nil, nil, "no Pulumi.yaml in DIR or above it: run this in a Pulumi project's folder or name it with --project"},
		{"no name", map[string]string{"Pulumi.yaml": "runtime: go"}, nil, "reading the project: could not validate 'DIR/Pulumi.yaml': project is missing a 'name' attribute"},
		{"no stack", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.prod.yaml": "", "Pulumi.qa.yaml": ""}, nil, `no stack "dev": there is no DIR/Pulumi.dev.yaml (there is prod, qa)`},
		{"no YAML", map[string]string{"Pulumi.yaml": "a: b: c"}, nil, "reading the project: could not unmarshal 'DIR/Pulumi.yaml': invalid YAML file: yaml: mapping values are not allowed in this context"},
		{"an environment", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": "environment: [aws]"}, nil, "DIR/Pulumi.dev.yaml imports a Pulumi ESC environment, which a local deployment cannot read: use a stack file without one"},
		{
			"secrets", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": secret}, nil,
			"DIR/Pulumi.dev.yaml has encrypted values, for which a local deployment has no key: give others with --config db.NAME=VALUE --config key=VALUE, or use a stack file without them",
		},
		{
			"another secret", map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": secret}, map[string]string{"key": "mine"},
			"DIR/Pulumi.dev.yaml has encrypted values, for which a local deployment has no key: give others with --config db.NAME=VALUE, or use a stack file without them",
		},
		{
			"an unknown setting", map[string]string{"Pulumi.yaml": demoProject}, map[string]string{"authoriserTtl": "1m"},
			`the setting "authoriserTtl" is in neither DIR/Pulumi.yaml nor DIR/Pulumi.dev.yaml: declare it under config in the former, or correct the name`,
		},
		{
			"no key", map[string]string{"Pulumi.yaml": demoProject}, map[string]string{"a:b:c": "1m"},
			`the setting "a:b:c" has no name that Pulumi takes: could not parse a:b:c as a configuration key (configuration keys should be of the form ` + "`<namespace>:<name>`)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := writeProject(t, tt.files)
			_, err := readProject(dir, "dev", tt.settings)
			if err == nil || in(dir, err.Error()) != tt.want {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
		})
	}
}

// What a copy of the project has that Pulumi reads: the stack's settings with what
// was replaced, but for secrets, which Pulumi encrypts; and the original program.
func TestProjectIsCopied(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		files    map[string]string
		settings map[string]string
		want     map[string]string // values of the copy
		secrets  map[string]string
		region   string
	}{
		{
			name: "the stack's settings", region: "eu-west-1",
			files: map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": "encryptionsalt: v1:x\nconfig:\n  aws:region: eu-west-1\n  demo:secretPath: /other\n  short: mine\n"},
			want:  map[string]string{"aws:region": "eu-west-1", "demo:secretPath": "/other", "demo:short": "mine"},
		},
		{
			name: "replaced settings", region: "us-east-1",
			files:    map[string]string{"Pulumi.yaml": demoProject, "Pulumi.dev.yaml": "config:\n  aws:region: eu-west-1\n  hosts: [a, b]\n"},
			settings: map[string]string{"authorizerTtl": "5m", "demo:secretPath": "/x", "aws:region": "us-east-1", "hosts[1]": "c"},
			want:     map[string]string{"aws:region": "us-east-1", "demo:authorizerTtl": "5m", "demo:secretPath": "/x", "demo:hosts": `["a","c"]`},
		},
		{
			name: "a Region of the project, and secrets", region: "eu-west-3",
			files: map[string]string{
				"Pulumi.yml":             "name: demo\nruntime: go\nstackConfigDir: stacks\nconfig: {aws:region: {value: eu-west-3}}\n",
				"stacks/Pulumi.dev.yml":  "config:\n  demo:key: {secure: v1:abc}\n  demo:db: {host: a, password: {secure: v1:abc}}\n",
				"stacks/Pulumi.prod.yml": "",
			},
			settings: map[string]string{"key": "mine", "db.password": "ours"},
			want:     map[string]string{"demo:db": `{"host":"a"}`},
			secrets:  map[string]string{`demo:["key"]`: "mine", "demo:db.password": "ours"},
		},
		{name: "a Region in short", region: "eu-west-2", files: map[string]string{"Pulumi.yaml": "name: demo\nruntime: go\nconfig:\n  aws:region: eu-west-2\n"}},
		{name: "a Region of the environment", region: "ca-west-1", files: map[string]string{"Pulumi.yaml": demoProject}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := writeProject(t, tt.files)
			p, err := readProject(dir, "dev", tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			environment := map[string]string{"AWS_REGION": "ca-west-1"}
			if region, err := p.region(func(name string) string { return environment[name] }); region != tt.region || err != nil {
				t.Errorf("the Region is %q, %v, want %s", region, err, tt.region)
			}
			secrets := map[string]string{}
			for key, value := range p.secrets {
				secrets[key] = value.Value
			}
			if !maps.Equal(secrets, tt.secrets) {
				t.Errorf("the secrets are %v, want %v", secrets, tt.secrets)
			}
			checkCopy(t, p, tt.want)
		})
	}
}

func checkCopy(t *testing.T, p *project, want map[string]string) {
	t.Helper()
	copied := t.TempDir()
	for range 2 { // a redeployment writes it again
		if err := p.copyTo(copied, "dev"); err != nil {
			t.Fatal(err)
		}
	}
	again, err := readProject(copied, "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for key, value := range again.stack.Config {
		if got[key.String()], err = value.Value(config.NopDecrypter); err != nil {
			t.Error(err)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the copy has %v, want %v", got, want)
	}
	if again.program() != p.dir || again.Backend != nil || again.StackConfigDir != "" || again.stack.EncryptionSalt != "" {
		t.Errorf("the copy is of the program %s, with the backend %v", again.program(), again.Backend)
	}
}

// A redeployment keeps the key of what Pulumi has encrypted in the copy.
func TestCopyKeepsItsKey(t *testing.T) {
	t.Parallel()
	p, err := readProject(writeProject(t, map[string]string{"Pulumi.yaml": demoProject}), "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	copied := writeProject(t, map[string]string{"Pulumi.dev.yaml": "encryptionsalt: v1:ours\nconfig: {demo:key: {secure: v1:abc}}\n"})
	if err := p.copyTo(copied, "dev"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(copied, "Pulumi.dev.yaml"))
	if err != nil || string(content) != "encryptionsalt: v1:ours\n" {
		t.Errorf("the copy is %q, %v", content, err)
	}
}

func TestProgramFolder(t *testing.T) {
	t.Parallel()
	for main, want := range map[string]string{"": "", ".": "", "cmd": "/cmd", "./cmd/main.go": "/cmd", "cmd/": "/cmd"} {
		dir := writeProject(t, map[string]string{"Pulumi.yaml": "name: demo\nruntime: go\nmain: " + main + "\n", "cmd/main.go": "package main\n"})
		p, err := readProject(filepath.Join(dir, "cmd"), "dev", nil) // from below, as Pulumi
		if err != nil {
			t.Fatal(err)
		}
		if got := in(dir, p.program()); got != "DIR"+want {
			t.Errorf("main %q is %s, want DIR%s", main, got, want)
		}
	}
}

func TestNoRegion(t *testing.T) {
	t.Parallel()
	p, err := readProject(writeProject(t, map[string]string{"Pulumi.yaml": demoProject}), "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "the stack has no aws:region: set it with pulumi config set aws:region eu-central-1, or with --config aws:region=eu-central-1"
	if _, err := p.region(func(string) string { return "" }); err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}
