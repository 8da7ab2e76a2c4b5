package parameter

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
)

// TestMain lets the test binary be a command, so that each test has an environment
// of its own.
func TestMain(m *testing.M) {
	clitest.Main(m, func() *cobra.Command {
		return &cobra.Command{Use: "demo", GroupID: cli.GroupProject, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), args, cmd.OutOrStdout())
		}}
	})
}

// path is that of the test: /p, if it says nothing else.
func path() string { return cmp.Or(os.Getenv("TEST_PATH"), "/p") }

// run prints of the parameter the id and the secret of a key, or what a put of
// another value comes to.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	if args[0] == "key" {
		key, err := ReadKey(ctx, path(), args[1])
		if err == nil {
			value, _ := key.HMACSecret()
			fmt.Fprintf(stdout, "%s %s", key.ID(), value)
		}
		return err
	}
	p, err := Read(ctx, path(), "echo example")
	if err != nil {
		return err
	}
	note, err := p.Put(ctx, args[1], "")
	if err == nil {
		fmt.Fprintf(stdout, "version %s, %t: %s", p.Version, p.Value() == args[1], note)
	}
	return err
}

// TestReadKey: the current key, or the one that is asked for.
func TestReadKey(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, id, want string }{
		{"one secret", testSecret + "\n", "", " " + testSecret},
		{"in base64", "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "", " " + testSecret},
		{"current without id", `{"current":"` + testSecret + `","previous":"` + otherSecret + `"}`, "", " " + testSecret},
		{"current with id", `{"current":{"kid":"k2","secret":"` + testSecret + `"},"previous":{"kid":"k1","secret":"` + otherSecret + `"}}`, "", "k2 " + testSecret},
		{"previous by its id", `{"current":{"kid":"k2","secret":"` + otherSecret + `"},"previous":{"kid":"k1","secret":"` + testSecret + `"}}`, "k1", "k1 " + testSecret},
		{"one of several", `{"keys":{"a":"` + otherSecret + `","b":"` + testSecret + `"}}`, "b", "b " + testSecret},
		{"the only one", `{"keys":{"b":"` + testSecret + `"}}`, "", "b " + testSecret},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, start(t, secureString(tt.value, 1)), "key", tt.id)
			if got.Code != 0 || got.Stdout != tt.want {
				t.Errorf("exit code %d, the wanted key %t: %s", got.Code, got.Stdout == tt.want, got.Stderr)
			}
		})
	}
}

func TestReadKeyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, id, want string }{
		{"short", "hunter2", "", "misconfigured: the secret has 7 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"document cut", `{"current":"` + testSecret, "", "misconfigured: the secret document is not valid JSON"},
		{"several keys", `{"keys":{"a":"` + testSecret + `","b":"` + otherSecret + `"}}`, "", "it has several keys and none of them is the current one; choose one by its id"},
		{"bad base64", "base64:?", "", `misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`},
		{"no such key", testSecret, "k9", `it has no key with the id "k9"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, start(t, secureString(tt.value, 1)), "key", tt.id)
			if want := `pha demo: using parameter "/p": ` + tt.want + "\n"; got.Code != 1 || got.Stdout != "" || got.Stderr != want {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	answers := func(status int, text string) []string { return start(t, always(status, text)) }
	tests := []struct {
		name, text string
		env        []string
	}{
		{"no Region", "no AWS Region is configured; set AWS_REGION to the parameter's Region\n", nil},
		{"no credentials", "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: ", []string{"AWS_REGION=eu-central-1"}},
		{"no parameter", "there is none in eu-central-1; put one: echo example | aws ssm put-parameter --region eu-central-1 --type SecureString --name /p --value file:///dev/stdin\n", answers(400, `{"__type":"ParameterNotFound"}`)},
		{"denied", "operation error SSM: GetParameter, ", answers(400, `{"__type":"AccessDeniedException","Message":"no"}`)},
		{"String", "its type is \"String\", but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name /p --value …\n", answers(200, body("String", testSecret, 1))},
		{"no answer", "the answer of Systems Manager has no parameter\n", answers(200, `{}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, tt.env, "put", otherSecret)
			// A text that ends a line is the whole one, another is the SDK's from there on.
			want := `pha demo: reading parameter "/p": ` + tt.text
			whole := strings.HasSuffix(want, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, want) || whole && got.Stderr != want {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
}

// TestPut: a put whose answer was lost, or has another version than it should, is
// not repeated; what is in force is looked up.
func TestPut(t *testing.T) {
	t.Parallel()
	const (
		history = "; see aws ssm get-parameter-history --name /p"
		unknown = `pha demo: writing parameter "/p": it is not known whether the change was made` + history + ": "
	)
	lost := always(500, "")
	version := func(n int) answer { return always(200, fmt.Sprintf(`{"Version":%d}`, n)) }
	kept := secureString(testSecret, 6)
	written := func(version int) answer {
		return func(_, value string) (int, string) { return 200, body("SecureString", value, version) }
	}
	tests := []struct {
		name           string
		put, after     answer
		code           int
		stdout, stderr string
	}{
		{"made", version(7), nil, 0, "version 7, true: ", ""},
		{"refused", always(400, `{"__type":"AccessDeniedException"}`), nil, 1, "", `pha demo: writing parameter "/p": operation error SSM: PutParameter, `},
		{"lost, but made", lost, written(7), 0, `version 7, true: parameter "/p" was version 6 and is version 7 now: the answer to the change was lost, but it was made` + history, ""},
		{"lost, and not made", lost, kept, 1, "", unknown + "operation error SSM: PutParameter, "},
		{"lost, and nothing is known", lost, always(200, "{}"), 1, "", unknown + "operation error SSM: PutParameter, "},
		{"somebody else before", version(8), written(8), 0, `version 8, true: parameter "/p" was version 6 and is version 8 now: somebody else has changed it at the same time, and what was written between is not in force` + history, ""},
		{"somebody else after", version(8), kept, 1, "", unknown + "it has another value now\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			puts := 0
			env := start(t, func(action, value string) (int, string) {
				switch {
				case action == "PutParameter":
					puts++
					return tt.put(action, value)
				case puts > 0:
					return tt.after(action, value)
				}
				return kept(action, value)
			})
			got := clitest.Run(t, append(env, "AWS_MAX_ATTEMPTS=3"), "put", otherSecret)
			if got.Code != tt.code || got.Stdout != tt.stdout || !strings.HasPrefix(got.Stderr, tt.stderr) {
				t.Errorf("got %+v, want %q and %q", got, tt.stdout, tt.stderr)
			}
			if puts != 1 {
				t.Errorf("it was put %d times", puts)
			}
		})
	}
}
