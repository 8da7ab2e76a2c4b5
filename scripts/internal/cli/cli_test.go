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
		{name: "help", args: []string{"--help"}, code: 0, stdout: "what it does\n" + exitCodes + "\n  -for duration\n    \tfor how long\n  -name name\n    \ta name\n  -number int\n    \ta number\n"},
		{name: "failure", run: func() error { return errors.New("no such table") }, code: 1, stderr: "demo: no such table\n"},
		{name: "usage", run: func() error { return Usagef("--x is missing") }, code: 2, stderr: "demo: --x is missing\ngo run ./scripts/demo --help prints its usage\n"},
		{name: "unknown flag", args: []string{"--nope"}, code: 2, stderr: "demo: flag provided but not defined: -nope\ngo run ./scripts/demo --help prints its usage\n"},
		{name: "duration", args: []string{"--for", "5"}, code: 2, stderr: "demo: invalid value \"5\" for flag -for: write a number with a unit, such as 90s, 15m or 24h\ngo run ./scripts/demo --help prints its usage\n"},
		{name: "number", args: []string{"--number", "x"}, code: 2, stderr: "demo: invalid value \"x\" for flag -number: parse error\ngo run ./scripts/demo --help prints its usage\n"},
		{name: "argument", args: []string{"left"}, code: 2, stderr: "demo: unexpected argument \"left\"\ngo run ./scripts/demo --help prints its usage\n"},
		{name: "broken", run: func() error { return Broken(errors.New("no credentials")) }, code: 2, stderr: "demo: no credentials\n"},
		{name: "not broken", run: func() error { return Broken(nil) }, code: 0},
		{name: "interrupted and broken", run: func() error { return Broken(ErrInterrupted) }, code: 130, stderr: "demo: interrupted\n"},
		{name: "interrupted", run: func() error { return fmt.Errorf("pulumi up: %w", ErrInterrupted) }, code: 130, stderr: "demo: pulumi up: interrupted\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := func(_ context.Context, args []string, stdout, _ io.Writer) error {
				flags := NewFlags("demo", "what it does\n", stdout)
				flags.String("name", "", "a `name`")
				flags.Duration("for", 0, "for how long")
				flags.Int("number", 0, "a number")
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
