package deployed

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

// TestMain makes a part of a command that prints which local deployment it uses, and the
// AWS environment then.
func TestMain(m *testing.M) {
	clitest.Main(m, func() *cobra.Command {
		var target Target
		cmd := &cobra.Command{Use: "use", GroupID: cli.GroupLocal, RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Getenv("FIND") != "" {
				_, err := target.Find(cmd.Context(), cmd.ErrOrStderr())
				return err
			}
			r, err := target.UseLocal()
			if err != nil {
				return err
			}
			if r == nil {
				r = &Running{Stack: "none"}
			}
			environ := slices.DeleteFunc(os.Environ(), func(v string) bool { return !strings.HasPrefix(v, "AWS_") })
			slices.Sort(environ)
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", r.Stack, strings.Join(environ, "\n"))
			return nil
		}}
		target.Add(cmd.Flags())
		return cmd
	})
}

// machine has two projects, of which the first serves the stack dev.
type machine struct {
	env                  []string
	running, shop, other string
	serving              Running
	stop                 func()
}

func newMachine(t *testing.T) machine {
	t.Helper()
	cache := t.TempDir()
	m := machine{env: []string{"XDG_CACHE_HOME=" + cache}, running: filepath.Join(cache, "protected-http-api", "running"), shop: t.TempDir(), other: t.TempDir()}
	for _, dir := range []string{m.shop, m.other} {
		if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: a\nruntime: go\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(m.running, 0o700); err != nil {
		t.Fatal(err)
	}
	m.serving = Running{Project: m.shop, Stack: "dev", PID: os.Getpid(), Env: map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
	}}
	m.stop = m.serve(t, m.serving)
	return m
}

func (m machine) serve(t *testing.T, r Running) func() {
	t.Helper()
	remove, err := r.register(m.running)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	return remove
}

// use returns the stack that is used with its environment, or the error.
func (m machine) use(t *testing.T, env []string, args ...string) string {
	t.Helper()
	got := clitest.Run(t, append(m.env, env...), args...)
	if got.Code != 0 {
		return strings.TrimSuffix(got.Stderr, "\n")
	}
	return got.Stdout
}

// TestUseLocal: with --local nothing of the user's own AWS environment is left, and where
// the environment leads to a local deployment, flags cannot mean another one.
func TestUseLocal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	environ := []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true"}
	for name, value := range m.serving.Env {
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	got := m.use(t, []string{
		"AWS_ENDPOINT_URL_DYNAMODB=https://dynamodb.example", "AWS_SESSION_TOKEN=x", "AWS_PROFILE=prod", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
	}, "--local", "--project", m.shop)
	if want := "dev\n" + strings.Join(environ, "\n") + "\n"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}

	other := "pha use: AWS_ENDPOINT_URL leads to the local deployment of the stack \"dev\" of " + m.shop + ", and the flags name another one: unset AWS_ENDPOINT_URL, or name that one"
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"dev", nil},
		{"dev", []string{"--stack", "dev"}},
		{"dev", []string{"--stack", "dev", "--project", m.shop}},
		{other, []string{"--stack", "prod"}},
		{other, []string{"--project", m.other}},
		{other, []string{"--stack", "dev", "--project", m.other}},
		{"pha use: no local deployment of the stack \"dev\" of " + m.other + " serves: start one with " + cli.Called + " up, and leave it running", []string{"--local", "--project", m.other}},
		{"pha use: no local deployment of the stack \"prod\" of " + m.shop + " serves, but one of dev: name it with --stack", []string{"--local", "--stack", "prod", "--project", m.shop}},
	} {
		if got, _, _ := strings.Cut(m.use(t, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, tt.args...), "\n"); got != tt.want {
			t.Errorf("%q: got %s\nwant %s", tt.args, got, tt.want)
		}
	}
	if got := m.use(t, []string{"AWS_ENDPOINT_URL=https://aws.example"}, "--stack", "prod"); !strings.HasPrefix(got, "none\n") {
		t.Errorf("with an endpoint that is no local deployment: %s", got)
	}
}

// TestWhatServes: what is left of a process that was killed is removed, whatever has its
// id now; two deployments of one stack are told apart, and one that ends leaves the other.
func TestWhatServes(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.stop()
	left := filepath.Join(m.running, "1.json")
	if err := WriteFile(left, m.serving); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(m.running, "2.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := "pha use: no local deployment of the stack \"dev\" of " + m.shop + " serves: start one with " + cli.Called + " up, and leave it running"
	if got := m.use(t, nil, "--local", "--project", m.shop); got != none {
		t.Errorf("got %s\nwant %s", got, none)
	}
	if files, err := os.ReadDir(m.running); err != nil || len(files) > 0 {
		t.Errorf("left: %v, %v", files, err)
	}

	second := m.serving
	second.PID, second.Env = m.serving.PID+1, maps.Clone(m.serving.Env)
	second.Env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:2"
	m.serve(t, m.serving)
	stop := m.serve(t, second)
	got := m.use(t, nil, "--local", "--project", m.shop)
	for _, want := range []string{
		"pha use: several local deployments of the stack \"dev\" of " + m.shop + " serve, of the processes ", fmt.Sprint(m.serving.PID), fmt.Sprint(second.PID), ": end all but one",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	stop()
	if got := m.use(t, nil, "--local", "--project", m.shop); !strings.HasPrefix(got, "dev\n") || !strings.Contains(got, "=http://127.0.0.1:1\n") {
		t.Errorf("got %s", got)
	}

	file, err := write(broken, "no deployment")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only the lock matters
	want := "pha use: reading which local deployments serve: " + broken + ": json: cannot unmarshal string into Go value of type deployed.Running; remove that file"
	if got := m.use(t, nil, "--local", "--project", m.shop); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestOwnPulumi: the user's own state is read by the user's own Pulumi, wherever that lies.
func TestOwnPulumi(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "pulumi"), []byte("#!/bin/sh\necho \"error: no login: $*\" >&2; exit 255\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := append(m.env, "PATH="+bin+":"+os.Getenv("PATH"), "FIND=true")
	got := clitest.Run(t, env, "--project", m.other, "--stack", "prod")
	want := "pha use: reading the state of the stack \"prod\" of " + m.other + ": pulumi stack export says: error: no login: stack export --stack prod --cwd " + m.other + " --non-interactive\n"
	if got.Code != 1 || got.Stderr != want {
		t.Errorf("got %+v\nwant %s", got, want)
	}
}
