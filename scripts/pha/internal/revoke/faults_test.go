package revoke

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestFailures(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	expired, err := token.Sign(secret, token.Claims{Subject: "s", ExpiresAt: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	const table = "arn:aws:dynamodb:eu-central-1:000000000000:table/" + testTable
	writer := d.Role(t, "writer", endpointtest.Allow("dynamodb:GetItem,dynamodb:PutItem", table))
	api := []string{"--api-id", d.api.ID, "--no-wait", "--table", testTable}
	with := func(args ...string) []string { return append(api[:len(api):len(api)], args...) }
	env := d.env.Environ()
	for _, tt := range []struct {
		name, stdin, text string
		env, args         []string
	}{
		{"no Region", "", "no AWS Region is configured; set AWS_REGION to the table's Region\n", nil, []string{"--list", "--table", "t"}},
		{"no credentials", "", "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: ", []string{"AWS_REGION=eu-central-1"}, []string{"--list", "--table", "t"}},
		{"no table", "", `revocation table "other": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account? The Region is eu-central-1` + "\n", env, with("--table", "other", "--jti", "j")},
		{"no API", "", `the table is changed, and the answers from before are still in the cache: resetting the authorizer cache of API "none", stage "$default": there is no such API or stage in eu-central-1 (Invalid API identifier specified 000000000000:none); see aws apigatewayv2 get-apis --region eu-central-1, and get-stages; repeat the command, or ` + cli.Called + ` reset-cache --api-id none --stage '$default'` + "\n", env, with("--api-id", "none", "--jti", "j")},
		{"no permission to reset", "", `the table is changed, and the answers from before are still in the cache: resetting the authorizer cache of API "` + d.api.ID + `", stage "$default": operation error ApiGatewayV2: ResetAuthorizersCache, `, writer.Environ(), with("--jti", "j")},
		{"no permission to list", "", `revocation table "events-revocations": misconfigured: DynamoDB answered status 400, "AccessDeniedException": `, writer.Environ(), []string{"--list", "--table", testTable}},
		{"nothing to undo", "", `revocation table "events-revocations": there is no such entry for subject "s"; ` + cli.Called + ` revoke --list shows all` + "\n", env, with("--undo", "--subject", "s")},
		{"no token", "x\n", "what --token names is no token: malformed credential: the token does not have exactly three segments\n", env, with("--token", "-")},
		{"nothing", "", "what --token names is no token: malformed credential: the token does not have exactly three segments\n", env, with("--token", "-")},
		{"too long", strings.Repeat("x", 20000), "what --token names is no token: malformed credential: the token is longer than 8 KiB\n", env, with("--token", "-")},
		{"expired", expired, "the token expired at 2023-11-14T22:13:20Z, so that the authorizer refuses it already\n", env, with("--token", "-")},
		{"without exp", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzIn0.AA", "the token has no exp that is a time, so that the authorizer refuses it already\n", env, with("--token", "-")},
		{"no file", "", `reading the token from the file "` + filepath.Join(os.TempDir(), "none", "none") + `": no such file or directory` + "\n", env, with("--token", filepath.Join(os.TempDir(), "none", "none"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.RunInput(t, tt.stdin, tt.env, tt.args...)
			whole := strings.HasSuffix(tt.text, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "pha revoke: "+tt.text) || whole && got.Stderr != "pha revoke: "+tt.text {
				t.Errorf("got %+v, want %s", got, tt.text)
			}
		})
	}
}

// TestTokenFile: a token is read from a file too.
func TestTokenFile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	leaked, file := login(t, "s", 0, nil), filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(leaked+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.post(t, leaked, 201)
	d.revoke(t, "", "--token", file)
	d.post(t, leaked, 403)
}

// TestInterrupted: who interrupts the wait is told what is left to do.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cfg := aws.Config{Region: d.env["AWS_REGION"], BaseEndpoint: aws.String(d.URL), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		if d.resets.Load() > 0 {
			t.Error("the cache is reset for a second time")
		}
		return aws.Credentials{AccessKeyID: d.env["AWS_ACCESS_KEY_ID"], SecretAccessKey: d.env["AWS_SECRET_ACCESS_KEY"]}, nil
	})}
	s := session{
		options: options{api: d.api.ID, stage: "$default", entry: revocation.Entry{Target: revocation.Target{Kind: revocation.Subject, ID: "s"}}},
		cfg:     cfg, table: revocation.NewTable(revocation.Config{Table: testTable, Getenv: d.env.Get, Timeout: time.Minute}),
		stdout: io.Discard, stderr: writerFunc(func() { cancel(cli.ErrInterrupted) }), // when the wait begins
	}
	err := s.do(ctx)
	want := "the table is changed and the cache was reset, but an answer that was just being given may be in it: interrupted; " + cli.Called + " reset-cache --api-id " + d.api.ID + " --stage '$default' in 11s"
	if err == nil || err.Error() != want || !errors.Is(err, cli.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) { f(); return len(p), nil }

func TestUsage(t *testing.T) {
	t.Parallel()
	leaked := login(t, "s", 0, nil)
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	const notThat = " does not go with "
	for _, tt := range []struct {
		name, text string
		args       []string
	}{
		{"nothing", "nothing says what to revoke: give one of --token, --jti, --subject, --tenant and --key, or --list", []string{"--table", "t", "--api-id", "a"}},
		{"two", "--jti and --subject are given together; revoke one after the other", []string{"--table", "t", "--api-id", "a", "--jti", "j", "--subject", "s"}},
		{"list and more", "--list goes with --json and what says which table, not with --jti", []string{"--table", "t", "--list", "--jti", "j"}},
		{"JSON", "--json is for --list", []string{"--table", "t", "--api-id", "a", "--jti", "j", "--json"}},
		{"a token", "--token takes the name of a file, or - for standard input, and not the token itself: other processes see arguments, and the shell keeps them", []string{"--table", "t", "--api-id", "a", "--token", leaked}},
		{"half a token", "--token takes the name of a file, or - for standard input, and not the token itself: other processes see arguments, and the shell keeps them", []string{"--table", "t", "--api-id", "a", "--token", leaked[:20]}},
		{"jti", "--jti: the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it", []string{"--table", "t", "--api-id", "a", "--jti", "a b"}},
		{"subject", "--subject: the subject is empty", []string{"--table", "t", "--api-id", "a", "--subject", ""}},
		{"issuer", "--subject: the issuer is longer than 255 bytes, or not printable", []string{"--table", "t", "--api-id", "a", "--subject", "s", "--issuer", "\n"}},
		{"issuer of a tenant", "--issuer" + notThat + "--tenant", []string{"--table", "t", "--api-id", "a", "--tenant", "s", "--issuer", "i"}},
		{"moment of a credential", "--before" + notThat + "--jti", []string{"--table", "t", "--api-id", "a", "--jti", "s", "--before", "2026-01-01T00:00:00Z"}},
		{"expiry of a subject", "--expires" + notThat + "--subject", []string{"--table", "t", "--api-id", "a", "--subject", "s", "--expires", "2026-01-01T00:00:00Z"}},
		{"lifetime of a token", "--lifetime" + notThat + "--token", []string{"--table", "t", "--api-id", "a", "--token", "-", "--lifetime", "1h"}},
		{"lifetime", "--lifetime is 0s, allowed is 1s and more", []string{"--table", "t", "--api-id", "a", "--key", "k", "--lifetime", "0s"}},
		{"undone before", "--before" + notThat + "--undo, which removes the entry whatever it says", []string{"--table", "t", "--api-id", "a", "--undo", "--key", "k", "--before", "2026-01-01T00:00:00Z"}},
		{"time", `invalid argument "yesterday" for "--before" flag: write it like 2026-01-31T23:59:59Z, or with another offset from UTC in place of the Z`, []string{"--table", "t", "--api-id", "a", "--key", "k", "--before", "yesterday"}},
		{"future", "--before is in the future: it would shut out those who log in until then; up to 1m0s is allowed, for an issuer whose clock is ahead", []string{"--table", "t", "--api-id", "a", "--key", "k", "--before", future}},
		{"past", "--expires is in the past: what has expired is refused already", []string{"--table", "t", "--api-id", "a", "--jti", "k", "--expires", "2020-01-01T00:00:00Z"}},
		{"argument", `unexpected argument "b"`, []string{"--list", "b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := clitest.UsageError("revoke", tt.text)
			if got := clitest.Run(t, nil, tt.args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "dynamodb", "dynamodb-fips.us-east-1.api.aws", "--list", "--table", "t")
}
