package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	demo := func(text string) string {
		return "pha demo: " + text + "\n" + Called + " demo --help prints its usage\n"
	}
	root := func(text string) string { return "pha: " + text + "\n" + Called + " --help prints its usage\n" }
	fails := func(err error) func() error { return func() error { return err } }
	tests := []struct {
		name   string
		args   []string
		run    func() error
		code   int
		stderr string
	}{
		{name: "success", args: []string{"demo"}},
		{name: "help", args: []string{"demo", "--help"}},
		{name: "nothing", args: nil},
		{name: "failure", args: []string{"demo"}, run: fails(errors.New("no such table")), code: 1, stderr: "pha demo: no such table\n"},
		{name: "several", args: []string{"demo"}, run: fails(errors.Join(errors.New("no table"), errors.Join(errors.New("no\nkey"), errors.New("no role")))), code: 1, stderr: "pha demo: 3 errors\n  - no table\n  - no\n    key\n  - no role\n"},
		{name: "one of many parts", args: []string{"demo"}, run: fails(fmt.Errorf("%w: %w", errors.New("a"), errors.New("b"))), code: 1, stderr: "pha demo: a: b\n"},
		{name: "usage", args: []string{"demo"}, run: fails(Usagef("--x is missing")), code: 2, stderr: demo("--x is missing")},
		{name: "unknown flag", args: []string{"demo", "--nope"}, code: 2, stderr: demo("unknown flag: --nope")},
		{name: "duration", args: []string{"demo", "--for", "5"}, code: 2, stderr: demo(`invalid argument "5" for --for: write a number with a unit, such as 90s, 15m or 24h`)},
		{name: "number", args: []string{"demo", "--number", "x"}, code: 2, stderr: demo(`invalid argument "x" for "--number" flag: strconv.ParseInt: parsing "x": invalid syntax`)},
		{name: "argument", args: []string{"demo", "left"}, code: 2, stderr: demo(`unexpected argument "left"`)},
		{name: "unknown command", args: []string{"demi"}, code: 2, stderr: root(`there is no command "demi"; did you mean demo?`)},
		{name: "unknown command with a flag", args: []string{"other", "--name", "x"}, code: 2, stderr: root(`there is no command "other"`)},
		{name: "unknown flag of the root", args: []string{"--nope"}, code: 2, stderr: root("unknown flag: --nope")},
		{name: "broken", args: []string{"demo"}, run: fails(Broken(errors.New("no credentials"))), code: 2, stderr: "pha demo: no credentials\n"},
		{name: "not broken", args: []string{"demo"}, run: fails(Broken(nil))},
		{name: "interrupted and broken", args: []string{"demo"}, run: fails(Broken(ErrInterrupted)), code: 130, stderr: "pha demo: interrupted\n"},
		{name: "interrupted", args: []string{"demo"}, run: fails(fmt.Errorf("pulumi up: %w", ErrInterrupted)), code: 130, stderr: "pha demo: pulumi up: interrupted\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := &cobra.Command{Use: "demo", Long: "Shows {pha}.", GroupID: GroupProject, RunE: func(*cobra.Command, []string) error {
				if tt.run == nil {
					return nil
				}
				return tt.run()
			}}
			cmd.Flags().String("name", "", "a `name`")
			cmd.Flags().Duration("for", 0, "for how long")
			cmd.Flags().Int("number", 0, "a number")
			var stdout, stderr bytes.Buffer
			if code := main([]*cobra.Command{cmd}, tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if stderr.String() != tt.stderr {
				t.Errorf("stderr %q, want %q", stderr.String(), tt.stderr)
			}
			if tt.name == "help" && !strings.HasPrefix(stdout.String(), "Shows "+Called+".\n") {
				t.Errorf("the help is %s", stdout.String())
			}
		})
	}
}

func TestCalled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, cache, version, want string }{
		{"/tmp/go-build1/b001/exe/pha", "", "(devel)", "go run ./scripts/pha"},
		{"/tmp/go-build1/b001/exe/pha", "", "v0.1.0", "go tool pha"},
		{"/home/a/.cache/go-build/0d/0d43-d/pha", "", "v0.1.0", "go tool pha"},
		{"/big/cache/0d/0d43-d/pha", "/big/cache", "v0.1.0", "go tool pha"},
		{"pha", "/big/cache", "v0.1.0", "pha"},
		{"./bin/pha", "", "(devel)", "./bin/pha"},
	} {
		if got := called(tt.path, tt.cache, tt.version); got != tt.want {
			t.Errorf("%s, %s: got %q, want %q", tt.path, tt.version, got, tt.want)
		}
	}
}
