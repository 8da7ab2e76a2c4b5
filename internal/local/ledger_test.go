package local

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
)

// TestTablesAndSecrets deploys an API with several tables, one of which the component
// has not made, and with its secret in Secrets Manager.
func TestTablesAndSecrets(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: otherModule(t, "ledger"), Stack: "dev"})
	d.testMissingSecret(t)
	d.testTableAccess(t)
	d.testSecretsManager(t)
	d.up(t, map[string]int{})
	d.checkDestroy(t)
}

// testMissingSecret: nobody is told to put the secret that a deployment to the local AWS
// stores, and a preview misses it when it is gone.
func (d deployed) testMissingSecret(t *testing.T) {
	t.Helper()
	const warning = `the authorizer of the function "authorizer" needs the secret "/ledger/keys", which is not there: until it is, protected routes answer 500. ` +
		`Put it: cat {file with the secret} | aws ssm put-parameter --type SecureString --name /ledger/keys --value file:///dev/stdin`
	if strings.Contains(words(d.output.String()), "which is not there") {
		t.Error("the deployment warns of a secret that it stores itself")
	}
	preview := func() string {
		before := len(d.output.String())
		err := d.provide(func() error {
			result, err := d.stack.Preview(t.Context(), optpreview.ProgressStreams(d.output), optpreview.ErrorProgressStreams(d.output))
			if n := len(result.ChangeSummary); err == nil && n != 1 {
				t.Errorf("the preview has changes: %v", result.ChangeSummary)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return words(d.output.String()[before:])
	}
	if text := preview(); strings.Contains(text, "which is not there") {
		t.Errorf("the preview warns of a secret that is there: %s", text)
	}
	env := d.AWS.Environment()
	client := ssm.NewFromConfig(aws.Config{Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], "")})
	if _, err := client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/ledger/keys")}); err != nil {
		t.Fatal(err)
	}
	if text := preview(); !strings.Contains(text, warning) {
		t.Errorf("the preview does not warn:\n%s\nin\n%s", warning, text)
	}
}

// words is a text with single spaces for white space, whatever the width that it was
// broken to.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// testTableAccess: each function does with each table what its arguments say.
func (d deployed) testTableAccess(t *testing.T) {
	t.Helper()
	const table, audit, archive = "TABLE_NAME", "TABLE_NAME_AUDIT_LOG", "TABLE_NAME_ARCHIVE"
	later, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	for _, step := range []struct {
		path, variable, action, index string
		until                         int64
		want                          int
		body                          string
	}{
		{"/work", table, "put", "", later, 200, ""},
		{"/work", table, "get", "", 0, 200, ""},
		{"/work", table, "query", "by-owner", 0, 200, ""},
		// Neither the table nor another index is in the grant of an index, nor the
		// other way round.
		{"/work", table, "query", "", 0, 403, "dynamodb:Query"},
		{"/work", table, "query", "by-day", 0, 403, "/index/by-day"},
		{"/peek", table, "query", "", 0, 200, ""},
		{"/peek", table, "query", "by-owner", 0, 403, "/index/by-owner"},
		{"/work", table, "delete", "", 0, 403, "dynamodb:DeleteItem"},
		// The table with a TTL attribute alone loses what has expired.
		{"/work", table, "put", "", past, 200, ""},
		{"/work", table, "get", "", 0, 404, ""},
		{"/work", audit, "put", "", past, 200, ""},
		{"/work", audit, "get", "", 0, 200, ""},
		{"/work", archive, "get", "", 0, 404, ""},
		{"/work", archive, "put", "", later, 200, ""},
		{"/work", archive, "get", "", 0, 200, ""},
		{"/work", archive, "delete", "", 0, 403, "dynamodb:DeleteItem"},
		{"/peek", archive, "get", "", 0, 500, archive + " is not set"},
	} {
		request := fmt.Sprintf(`{"variable":%q,"action":%q,"index":%q,"until":"%d"}`, step.variable, step.action, step.index, step.until)
		if status, body := d.call(t, "POST", step.path, request, nil, http.DefaultClient); status != step.want || !strings.Contains(body, step.body) {
			t.Errorf("POST %s with %s is %d, not %d: %s", step.path, request, status, step.want, body)
		}
	}
	if names, err := d.Output("archive"); err != nil || len(strings.Fields(names)) != 2 || strings.Fields(names)[0] != strings.Fields(names)[1] {
		t.Errorf("the table that was there and the component's name of it are %q, %v", names, err)
	}
	if stream, err := d.Output("streamArn"); err != nil || !strings.Contains(stream, ":table/ledger-table-") || !strings.Contains(stream, "/stream/") {
		t.Errorf("the stream is %q, %v", stream, err)
	}
}

// testSecretsManager rotates the secret in Secrets Manager with the command, and drops
// the old one.
func (d deployed) testSecretsManager(t *testing.T) {
	t.Helper()
	arn, err := d.Output("secretArn")
	if err != nil {
		t.Fatal(err)
	}
	const request = `{"variable":"TABLE_NAME_AUDIT_LOG","action":"get"}`
	expect := func(token string, want int) {
		t.Helper()
		var status int
		var body string
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			if status, body = d.call(t, "POST", "/private", request, with("Authorization", "Bearer "+token), http.DefaultClient); status == want {
				return
			}
		}
		t.Errorf("POST /private is %d, not %d: %s", status, want, body)
	}
	command := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"run"}, args...)...)
		cmd.Dir, cmd.Env = repository, d.environ()
		var message strings.Builder
		cmd.Stderr = io.MultiWriter(&message, t.Output())
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, &message)
		}
		return string(out)
	}
	before := d.signToken(t, d.Secret, nil)
	expect(before, http.StatusOK)

	if out := command("./scripts/pha", "rotate", "--secret-path", arn); !strings.HasPrefix(out, "secret rotated: secret "+arn+", version ") {
		t.Errorf("rotate printed %s", out)
	}
	after := d.credentials.add(strings.TrimSpace(command("./scripts/pha", "token", "--secret-path", arn, "--subject", "usr_test")))
	expect(after, http.StatusOK)
	expect(before, http.StatusOK)
	command("./scripts/pha", "rotate", "--secret-path", arn, "--finish", "--min-age", "0s")
	expect(before, http.StatusForbidden)
	expect(after, http.StatusOK)
}
