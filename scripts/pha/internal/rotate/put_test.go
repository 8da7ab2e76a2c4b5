package rotate

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

// TestKMSKey: the report says what the parameter is encrypted with.
func TestKMSKey(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.put(t, "/p", ssm.TypeSecureString, testSecret, 0)
	got := clitest.Run(t, c.root, "--secret-path", "/p", "--kms-key", ssm.DefaultKeyID)
	if want := "secret rotated: parameter /p, Region eu-central-1, version 2\nIt is encrypted with KMS key alias/aws/ssm.\n"; got.Code != 0 || !strings.HasPrefix(got.Stdout, want) {
		t.Errorf("got %+v, want %q", got, want)
	}
}

// TestInterruptedPut: a secret that is in force when Ctrl-C comes is reported.
//
//nolint:paralleltest // it sets the environment of the process
func TestInterruptedPut(t *testing.T) {
	c := newCloud(t)
	c.put(t, "/p", ssm.TypeSecureString, testSecret, 0)
	ctx, cancel := context.WithCancelCause(t.Context())
	handler := c.server.Handler
	c.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutParameter") {
			handler.ServeHTTP(httptest.NewRecorder(), r)
			cancel(cli.ErrInterrupted)
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	})
	for _, variable := range append(c.root, "AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	if err := cli.Call(ctx, New(), []string{"--secret-path", "/p"}, &stdout, &stderr); err != nil || !strings.HasPrefix(stdout.String(), "secret rotated: ") || !strings.Contains(stderr.String(), "the answer to the change was lost, but it was made") {
		t.Errorf("got %v, %s, %s", err, &stdout, &stderr)
	}
}
