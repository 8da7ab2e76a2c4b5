package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

// TestKMSKey: the report says what the parameter is encrypted with.
func TestKMSKey(t *testing.T) {
	t.Parallel()
	const answer = `{"Parameter":{"Name":"/p","Type":"SecureString","Value":"` + testSecret + `","Version":6}}`
	env, puts := newSSM(t, func(string) (int, string) { return 200, `{"Version":7}` }, func(string) string { return answer })
	got := clitest.Run(t, env, "--secret-path", "/p", "--kms-key", "alias/mine")
	if want := "secret rotated: parameter /p, Region eu-central-1, version 7\nIt is encrypted with KMS key alias/mine.\n"; got.Code != 0 || !strings.HasPrefix(got.Stdout, want) || *puts != 1 {
		t.Errorf("got %+v, want %q", got, want)
	}
}

// newSSM is a Parameter Store that answers a put, whose value it is told, and a
// get, which is told the last value that was put. puts counts.
func newSSM(t *testing.T, put func(value string) (status int, answer string), get func(last string) string) (env []string, puts *int) {
	t.Helper()
	puts = new(int)
	var mu sync.Mutex
	last := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("X-Amz-Target") != "AmazonSSM.PutParameter" {
			_, _ = io.WriteString(w, get(last))
			return
		}
		var input struct{ Value string }
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
			t.Error(err)
		}
		*puts++
		last = input.Value
		status, answer := put(last)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_MAX_ATTEMPTS=3"}, puts
}

// TestDoubtfulPut: a put whose answer was lost, or has another version than it
// should, is not repeated; what is in force is looked up.
func TestDoubtfulPut(t *testing.T) {
	t.Parallel()
	const (
		history = "; see aws ssm get-parameter-history --name /p"
		unknown = `rotate: writing parameter "/p": it is not known whether the change was made` + history + ": "
	)
	lost := func(string) (int, string) { return 500, "" }
	other := func(string) (int, string) { return 200, `{"Version":8}` }
	kept := func(string) string {
		return `{"Parameter":{"Name":"/p","Type":"SecureString","Value":"` + testSecret + `","Version":6}}`
	}
	written := func(version int) func(string) string {
		return func(last string) string {
			if last == "" { // the reading before
				return kept("")
			}
			answer, _ := json.Marshal(map[string]any{"Parameter": map[string]any{"Name": "/p", "Type": "SecureString", "Value": last, "Version": version}})
			return string(answer)
		}
	}
	gone := func(last string) string {
		if last == "" {
			return kept("")
		}
		return "{}"
	}
	tests := []struct {
		name         string
		put          func(string) (int, string)
		get          func(string) string
		code         int
		text, stdout string
	}{
		{"lost, but made", lost, written(7), 0, `rotate: parameter "/p" was version 6 and is version 7 now: the answer to the change was lost, but it was made` + history + "\n", "secret rotated: parameter /p, Region eu-central-1, version 7\n"},
		{"lost, and not made", lost, kept, 1, unknown + "operation error SSM: PutParameter, ", ""},
		{"lost, and nothing is known", lost, gone, 1, unknown + "operation error SSM: PutParameter, ", ""},
		{"somebody else before", other, written(8), 0, `rotate: parameter "/p" was version 6 and is version 8 now: somebody else has changed it at the same time, and what was written between is not in force` + history + "\n", "secret rotated: parameter /p, Region eu-central-1, version 8\n"},
		{"somebody else after", other, kept, 1, unknown + "it has another value now\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env, puts := newSSM(t, tt.put, tt.get)
			got := clitest.Run(t, env, "--secret-path", "/p")
			if got.Code != tt.code || !strings.HasPrefix(got.Stderr, tt.text) || !strings.HasPrefix(got.Stdout, tt.stdout) || (got.Stdout == "") != (tt.stdout == "") {
				t.Errorf("got %+v, want %q", got, tt.text)
			}
			if *puts != 1 {
				t.Errorf("it was put %d times", *puts)
			}
		})
	}
}

// TestInterruptedPut: a secret that is in force when Ctrl-C comes is reported.
//
//nolint:paralleltest // it sets the environment of the process
func TestInterruptedPut(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	env, _ := newSSM(t, func(string) (int, string) {
		cancel(cli.ErrInterrupted)
		panic(http.ErrAbortHandler)
	}, func(last string) string {
		answer, _ := json.Marshal(map[string]any{"Parameter": map[string]any{"Name": "/p", "Type": "SecureString", "Value": cmp.Or(last, testSecret), "Version": 7}})
		return string(answer)
	})
	for _, variable := range append(env, "AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	if err := run(ctx, []string{"--secret-path", "/p"}, &stdout, &stderr); err != nil || !strings.HasPrefix(stdout.String(), "secret rotated: ") || !strings.Contains(stderr.String(), "the answer to the change was lost, but it was made") {
		t.Errorf("got %v, %s, %s", err, &stdout, &stderr)
	}
}
