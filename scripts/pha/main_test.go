package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// envRunMain makes the test binary the command.
const envRunMain = "PHA_TEST_MAIN"

var update = flag.Bool("update", false, "write the golden file")

func TestMain(m *testing.M) {
	if os.Getenv(envRunMain) != "" {
		main()
		return
	}
	cli.Called = "pha" // whatever the test binary is called
	os.Exit(m.Run())
}

// called runs the command and returns what it prints.
func called(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := cli.Run(t.Context(), parts(), args, &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("%s: stderr has %s", args, &stderr)
	}
	return stdout.String(), err
}

// TestHelp: the help of the command and of each part is the golden file, and that of the
// command fits on a screen.
func TestHelp(t *testing.T) {
	t.Parallel()
	overview, err := called(t, "--help")
	if err != nil || strings.Count(overview, "\n") > 31 {
		t.Errorf("got %v and %d lines", err, strings.Count(overview, "\n"))
	}
	all := overview
	var add func(path []string, parts []*cobra.Command)
	add = func(path []string, parts []*cobra.Command) {
		for _, part := range parts {
			args := append(path[:len(path):len(path)], part.Name())
			text, err := called(t, append(args, "--help")...)
			if err != nil {
				t.Error(err)
			}
			all += "\n$ pha " + strings.Join(args, " ") + " --help\n" + text
			if part.Short == "" || strings.Contains(text, "{pha}") {
				t.Errorf("%s has no short text, or the name was not put into it", part.Name())
			}
			add(args, part.Commands())
		}
	}
	add(nil, parts())
	const golden = "testdata/help.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(all), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != all {
		t.Errorf("the help is not %s (%v); look at it and write it with go test ./scripts/pha -run TestHelp -update:\n%s", golden, err, all)
	}
}

// TestCompletion: there are scripts for shells, and what they ask for is answered.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for shell, start := range map[string]string{
		"bash": "# bash completion V2 for pha", "zsh": "#compdef pha", "fish": "# fish completion for pha", "powershell": "# powershell completion for pha",
	} {
		if got, err := called(t, "completion", shell); err != nil || !strings.HasPrefix(got, start) {
			t.Errorf("%s: got %v, %.80s", shell, err, got)
		}
	}
	var stdout, stderr bytes.Buffer // which says what the answer is about
	if err := cli.Run(t.Context(), parts(), []string{"__complete", "re"}, &stdout, &stderr); err != nil || !strings.HasPrefix(stdout.String(), "revoke\tWithdraw credentials before they expire\nreset-cache\t") {
		t.Errorf("got %v, %s", err, &stdout)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if got, err := called(t, "version"); err != nil || !strings.HasPrefix(got, "pha ") || !strings.Contains(got, "\nPulumi 3.") {
		t.Errorf("got %v, %s", err, got)
	}
}
