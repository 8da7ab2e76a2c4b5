package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestMainExitCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		run    func() error
		code   int
		stdout string
		stderr string
	}{
		{name: "success", run: func() error { return nil }, code: 0},
		{name: "help", args: []string{"--help"}, code: 0, stdout: "what it does\n  -name name\n    \ta name\n"},
		{name: "failure", run: func() error { return errors.New("no such table") }, code: 1, stderr: "demo: no such table\n"},
		{name: "usage", run: func() error { return Usagef("--x is missing") }, code: 2, stderr: "demo: --x is missing\nrun demo --help for its usage\n"},
		{name: "unknown flag", args: []string{"--nope"}, code: 2, stderr: "demo: flag provided but not defined: -nope\nrun demo --help for its usage\n"},
		{name: "argument", args: []string{"left"}, code: 2, stderr: "demo: unexpected argument \"left\"\nrun demo --help for its usage\n"},
		{name: "interrupted", run: func() error { return fmt.Errorf("pulumi up: %w", ErrInterrupted) }, code: 130, stderr: "demo: pulumi up: interrupted\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := func(_ context.Context, args []string, stdout, _ io.Writer) error {
				flags := NewFlags("demo", "what it does", stdout)
				flags.String("name", "", "a `name`")
				if err := Parse(flags, args); err != nil {
					return err
				}
				return tt.run()
			}
			var stdout, stderr bytes.Buffer
			if code := main("demo", run, tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if stdout.String() != tt.stdout {
				t.Errorf("stdout %q, want %q", stdout.String(), tt.stdout)
			}
			if stderr.String() != tt.stderr {
				t.Errorf("stderr %q, want %q", stderr.String(), tt.stderr)
			}
		})
	}
}

func TestHelpNamesTheFlagsOnce(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	flags := NewFlags("demo", "what it does", &stdout)
	flags.Int("port", 0, "where it listens")
	if err := Parse(flags, []string{"-h"}); err == nil {
		t.Fatal("no error for -h")
	}
	if n := strings.Count(stdout.String(), "-port"); n != 1 {
		t.Errorf("the help names -port %d times:\n%s", n, stdout.String())
	}
}
