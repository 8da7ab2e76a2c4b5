package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	testPath   = "/events-api/dev/jwt-secret"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// newSSM has one parameter, and returns the environment that leads to it.
func newSSM(t *testing.T, value string) []string {
	t.Helper()
	store := ssm.New(endpointtest.Account, nil)
	if _, _, err := store.Put(ssm.Parameter{Name: testPath, Type: ssm.TypeSecureString, Value: value}); err != nil {
		t.Fatal(err)
	}
	return endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"ssm": store.Handler()}}).Root().Environ()
}

func TestPrintsToken(t *testing.T) {
	t.Parallel()
	got := clitest.Run(t, newSSM(t, testSecret), "--secret-path", testPath, "--subject", "usr_abc", "--expires-in", "15m",
		"--claim", "admin=true", "--claim", `list=["a"]`, "--claim", "team=blue", "--claim", "n=12345678901234567890", "--claim", "url=a=b", "--claim", "empty=")
	if got.Code != 0 {
		t.Fatalf("exit code %d: %s", got.Code, got.Stderr)
	}
	if !regexp.MustCompile(`^a token for "usr_abc", good until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(got.Stderr) {
		t.Errorf("got stderr %q", got.Stderr)
	}
	checkToken(t, got.Stdout)
}

// TestKeyID: the key that is asked for signs.
func TestKeyID(t *testing.T) {
	t.Parallel()
	env := newSSM(t, `{"keys":{"a":"fedcba9876543210fedcba9876543210","b":"`+testSecret+`"}}`)
	got := clitest.Run(t, env, "--secret-path", testPath, "--subject", "s", "--key-id", "b")
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(got.Stdout, ".")[0])
	if want := `{"alg":"HS256","kid":"b","typ":"JWT"}`; got.Code != 0 || err != nil || string(header) != want {
		t.Fatalf("exit code %d, %s, header %s; want %s", got.Code, got.Stderr, header, want)
	}
	checkSignature(t, got.Stdout)
}

// checkSignature checks that stdout is one line with a token that testSecret
// signed, and returns its segments.
func checkSignature(t *testing.T, stdout string) []string {
	t.Helper()
	if strings.Count(stdout, "\n") != 1 || strings.Count(stdout, ".") != 2 {
		t.Fatal("stdout is not one token on one line")
	}
	parts := strings.Split(strings.TrimSuffix(stdout, "\n"), ".")
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("the token is not signed with the secret")
	}
	return parts
}

// checkToken checks that stdout is one line with a token of these claims,
// signed with testSecret.
func checkToken(t *testing.T, stdout string) {
	t.Helper()
	parts := checkSignature(t, stdout)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Sub, Team, URL string
		Empty          *string
		Admin          bool
		List           []string
		N              json.Number
		Iat, Exp       int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Sub != "usr_abc" || claims.Team != "blue" || claims.URL != "a=b" || claims.Empty == nil || !claims.Admin ||
		strings.Join(claims.List, "") != "a" || claims.N != "12345678901234567890" || claims.Exp-claims.Iat != 900 {
		t.Errorf("got claims %s", payload)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		text string
	}{
		{"no subject", nil, "--subject is missing"},
		{"subject with a line break", []string{"--subject", "a\nb"}, "--subject: the subject has a character that is not printable"},
		{"negative lifetime", []string{"--subject", "s", "--expires-in", "-1h"}, "--expires-in is -1h0m0s, allowed is 1s and more"},
		{"lifetime of nothing", []string{"--subject", "s", "--expires-in", "999ms"}, "--expires-in is 999ms, allowed is 1s and more"},
		{"path without slash", []string{"--subject", "s", "--secret-path", "p"}, `--secret-path is "p", which neither begins with a slash nor is the ARN of a secret of Secrets Manager`},
		{"claim without value", []string{"--subject", "s", "--claim", "admin"}, `invalid argument "admin" for "--claim" flag: it has no equals sign; write name=value`},
		{"claim without name", []string{"--subject", "s", "--claim", "=1"}, `invalid argument "=1" for "--claim" flag: a claim has no name`},
		{"claim twice", []string{"--subject", "s", "--claim", "a=1", "--claim", "a=2"}, `invalid argument "a=2" for "--claim" flag: the claim "a" is given twice`},
		{"sub", []string{"--claim", "sub=x"}, `invalid argument "sub=x" for "--claim" flag: the claim "sub" is set by itself; leave it out and use --subject`},
		{"exp", []string{"--claim", "exp=1"}, `invalid argument "exp=1" for "--claim" flag: the claim "exp" is set by itself; leave it out and use --expires-in`},
		{"iat", []string{"--claim", "iat=1"}, `invalid argument "iat=1" for "--claim" flag: the claim "iat" is set by itself; leave it out`},
		{"EXP", []string{"--claim", "EXP=1"}, `invalid argument "EXP=1" for "--claim" flag: the claim "EXP" differs from the registered claim "exp" only in its case, which the authorizer refuses; rename it`},
		{"unknown flag", []string{"--nope"}, "unknown flag: --nope"},
		{"argument", []string{"--subject", "s", "more"}, `unexpected argument "more"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := clitest.UsageError("token", tt.text)
			if got := clitest.Run(t, nil, tt.args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, flag, text string
	}{
		{"no parameter", "--secret-path=/p", `reading parameter "/p": there is none in eu-central-1; put one: printf 'base64:%s' "$(openssl rand -base64 32)" | aws ssm put-parameter --region eu-central-1 --type SecureString --name /p --value file:///dev/stdin`},
		{"no such key", "--key-id=k9", `using parameter "/events-api/dev/jwt-secret": it has no key with the id "k9"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := clitest.Result{Code: 1, Stderr: "pha token: " + tt.text + "\n"}
			if got := clitest.Run(t, newSSM(t, testSecret), "--subject", "s", "--secret-path", testPath, tt.flag); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "ssm", "ssm-fips.us-east-1.api.aws", "--secret-path", testPath, "--subject", "usr_abc")
}
