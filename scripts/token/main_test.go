package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const (
	testSecret   = "0123456789abcdef0123456789abcdef"
	base64Secret = "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

func TestMain(m *testing.M) { clitest.Main(m, main) }

// newSSM answers every call and returns the environment that leads to it.
func newSSM(t *testing.T, status int, answer string) []string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var input struct {
			Name           string
			WithDecryption bool
		}
		if err := json.Unmarshal(body, &input); err != nil || !strings.HasPrefix(input.Name, "/") || !input.WithDecryption || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" {
			t.Errorf("got %s, %v", body, err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(answer, "NAME", input.Name))
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}
}

func testParameter(kind, value string) string {
	return `{"Parameter":{"Name":"NAME","Type":"` + kind + `","Value":"` + value + `"}}`
}

func TestPrintsToken(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"raw": testSecret + `\n`, "base64": base64Secret} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, newSSM(t, 200, testParameter("SecureString", value)), "--subject", "usr_abc", "--expires-in", "15m",
				"--claim", "admin=true", "--claim", `list=["a"]`, "--claim", "team=blue", "--claim", "n=12345678901234567890", "--claim", "url=a=b", "--claim", "empty=")
			if got.Code != 0 {
				t.Fatalf("exit code %d: %s", got.Code, got.Stderr)
			}
			if !regexp.MustCompile(`^a token for "usr_abc", good until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(got.Stderr) {
				t.Errorf("got stderr %q", got.Stderr)
			}
			checkToken(t, got.Stdout)
		})
	}
}

// TestSignsWithTheDocument: with the current key, or the one that is asked for.
func TestSignsWithTheDocument(t *testing.T) {
	t.Parallel()
	const other = "fedcba9876543210fedcba9876543210"
	tests := []struct{ name, value, keyID, header string }{
		{"current without id", `{"current":"` + testSecret + `","previous":"` + other + `"}`, "", `{"alg":"HS256","typ":"JWT"}`},
		{"current with id", `{"current":{"kid":"k2","secret":"` + testSecret + `"},"previous":{"kid":"k1","secret":"` + other + `"}}`, "", `{"alg":"HS256","kid":"k2","typ":"JWT"}`},
		{"previous by its id", `{"current":{"kid":"k2","secret":"` + other + `"},"previous":{"kid":"k1","secret":"` + testSecret + `"}}`, "k1", `{"alg":"HS256","kid":"k1","typ":"JWT"}`},
		{"one of several", `{"keys":{"a":"` + other + `","b":"` + testSecret + `"}}`, "b", `{"alg":"HS256","kid":"b","typ":"JWT"}`},
		{"the only one", `{"keys":{"b":"` + testSecret + `"}}`, "", `{"alg":"HS256","kid":"b","typ":"JWT"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := newSSM(t, 200, testParameter("SecureString", strings.ReplaceAll(tt.value, `"`, `\"`)))
			got := clitest.Run(t, env, "--subject", "s", "--key-id", tt.keyID)
			header, err := base64.RawURLEncoding.DecodeString(strings.Split(got.Stdout, ".")[0])
			if got.Code != 0 || err != nil || string(header) != tt.header {
				t.Fatalf("exit code %d, %s, header %s; want %s", got.Code, got.Stderr, header, tt.header)
			}
			checkSignature(t, got.Stdout)
		})
	}
	got := clitest.Run(t, newSSM(t, 200, testParameter("SecureString", testSecret)), "--subject", "s", "--key-id", "k9")
	if want := `token: using parameter "/events-api/jwt-secret": it has no key with the id "k9"` + "\n"; got.Code != 1 || got.Stderr != want {
		t.Errorf("got %+v, want %q", got, want)
	}
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

func TestHelp(t *testing.T) {
	t.Parallel()
	got := clitest.Run(t, nil, "--help")
	if got.Code != 0 || got.Stderr != "" || !strings.HasPrefix(got.Stdout, usage) || !strings.Contains(got.Stdout, "-subject sub") || !strings.Contains(got.Stdout, `default "/events-api/jwt-secret"`) {
		t.Errorf("got %+v", got)
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
		{"path without slash", []string{"--subject", "s", "--secret-path", "p"}, `--secret-path is "p", which does not begin with a slash`},
		{"claim without value", []string{"--subject", "s", "--claim", "admin"}, `invalid value "admin" for flag -claim: it has no equals sign; write name=value`},
		{"claim without name", []string{"--subject", "s", "--claim", "=1"}, `invalid value "=1" for flag -claim: a claim has no name`},
		{"claim twice", []string{"--subject", "s", "--claim", "a=1", "--claim", "a=2"}, `invalid value "a=2" for flag -claim: the claim "a" is given twice`},
		{"sub", []string{"--claim", "sub=x"}, `invalid value "sub=x" for flag -claim: the claim "sub" is set by itself; leave it out and use --subject`},
		{"exp", []string{"--claim", "exp=1"}, `invalid value "exp=1" for flag -claim: the claim "exp" is set by itself; leave it out and use --expires-in`},
		{"iat", []string{"--claim", "iat=1"}, `invalid value "iat=1" for flag -claim: the claim "iat" is set by itself; leave it out`},
		{"EXP", []string{"--claim", "EXP=1"}, `invalid value "EXP=1" for flag -claim: the claim "EXP" differs from the registered claim "exp" only in its case, which the authorizer refuses; rename it`},
		{"unknown flag", []string{"--nope"}, "flag provided but not defined: -nope"},
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
	const prefix = `token: reading parameter "/p": `
	tests := []struct {
		name, text string
		env        []string
	}{
		{"no Region", prefix + "no AWS Region is configured; set AWS_REGION to the parameter's Region\n", nil},
		{"no credentials", prefix + "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: ", []string{"AWS_REGION=eu-central-1"}},
		{"no parameter", prefix + `there is none in eu-central-1; put one: printf 'base64:%s' "$(openssl rand -base64 32)" | aws ssm put-parameter --region eu-central-1 --type SecureString --name /p --value file:///dev/stdin` + "\n", newSSM(t, 400, `{"__type":"ParameterNotFound"}`)},
		{"denied", prefix + "operation error SSM: GetParameter, ", newSSM(t, 400, `{"__type":"AccessDeniedException","Message":"no"}`)},
		{"String", prefix + "its type is \"String\", but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name /p --value …\n", newSSM(t, 200, testParameter("String", testSecret))},
		{"no answer", prefix + "the answer of Systems Manager has no parameter\n", newSSM(t, 200, `{}`)},
		{"short", `token: using parameter "/p": misconfigured: the secret has 7 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32` + "\n", newSSM(t, 200, testParameter("SecureString", "hunter2"))},
		{"document cut", `token: using parameter "/p": misconfigured: the secret document is not valid JSON` + "\n", newSSM(t, 200, testParameter("SecureString", `{\"current\":\"`+testSecret))},
		{"several keys", `token: using parameter "/p": it has several keys and none of them is the current one; choose one by its id` + "\n", newSSM(t, 200, testParameter("SecureString", `{\"keys\":{\"a\":\"`+testSecret+`\",\"b\":\"`+testSecret+`\"}}`))},
		{"bad base64", `token: using parameter "/p": misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)` + "\n", newSSM(t, 200, testParameter("SecureString", "base64:?"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t, tt.env, "--subject", "s", "--secret-path", "/p")
			// A text that ends a line is the whole one, another is the SDK's from there on.
			whole := strings.HasSuffix(tt.text, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, tt.text) || whole && got.Stderr != tt.text {
				t.Errorf("got %+v, want %q", got, tt.text)
			}
		})
	}
}
