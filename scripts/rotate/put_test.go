package main

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter/parametertest"
)

// TestKMSKey: the report says what the parameter is encrypted with.
func TestKMSKey(t *testing.T) {
	t.Parallel()
	env := parametertest.Start(t, func(action, _ string) (int, string) {
		if action == "PutParameter" {
			return 200, `{"Version":7}`
		}
		return 200, parametertest.Body("SecureString", testSecret, 6)
	})
	got := clitest.Run(t, env, "--secret-path", "/p", "--kms-key", "alias/mine")
	if want := "secret rotated: parameter /p, Region eu-central-1, version 7\nIt is encrypted with KMS key alias/mine.\n"; got.Code != 0 || !strings.HasPrefix(got.Stdout, want) {
		t.Errorf("got %+v, want %q", got, want)
	}
}

// TestInterruptedPut: a secret that is in force when Ctrl-C comes is reported.
//
//nolint:paralleltest // it sets the environment of the process
func TestInterruptedPut(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	env := parametertest.Start(t, func(action, value string) (int, string) {
		if action == "PutParameter" {
			cancel(cli.ErrInterrupted)
			panic(http.ErrAbortHandler)
		}
		return 200, parametertest.Body("SecureString", cmp.Or(value, testSecret), 7)
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
