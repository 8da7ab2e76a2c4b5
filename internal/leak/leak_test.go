// Package leak searches what the tests print for tokens, secrets and keys.
package leak

import (
	"bytes"
	"os/exec"
	"regexp"
	"testing"
)

// packages are those that handle credentials and whose tests are quick. The
// tests of whole deployments search their logs, state and output themselves,
// for the very credentials that they have made.
var packages = []string{
	"./authz/...", "./handlers/...", "./scripts/...",
	"./internal/awsjson", "./internal/token", "./internal/verify", "./internal/events/...", "./internal/httpapi",
	"./internal/localaws/ssm", "./internal/localaws/endpoint",
}

// shapes are what a credential looks like, of whatever test.
var shapes = map[string]*regexp.Regexp{
	"a token":             regexp.MustCompile(`eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}`),
	"an API key":          regexp.MustCompile(`\bpha_[0-9A-Za-z]{45,}`),
	"a request signature": regexp.MustCompile(`\bsig\w*=:[0-9A-Za-z+/]{43}=:`),
	"a secret in base64":  regexp.MustCompile(`base64:[0-9A-Za-z+/]{40,}`),
	"a secret document":   regexp.MustCompile(`"(current|previous|next|secret)":\s*"[^"]{32,}"`),
	"a secret of a test":  regexp.MustCompile(`0123456789abcdef0123456789abcdef|(?i)30313233343536373839616263646566`),
}

// TestNoCredentialIsPrinted runs the tests of these packages, with everything
// that they and the code under test print or log shown.
func TestNoCredentialIsPrinted(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-v"}, packages...)...)
	cmd.Dir = "../.."
	output, err := cmd.CombinedOutput()
	for kind, shape := range shapes {
		for _, found := range shape.FindAllIndex(output, -1) {
			line := bytes.Count(output[:found[0]], []byte("\n"))
			t.Errorf("%s is printed, in line %d, after %s", kind, line+1, context(output[:found[0]]))
		}
	}
	if err != nil {
		t.Errorf("the tests themselves fail: %v; run them alone: go test %v", err, packages)
	}
	if n := bytes.Count(output, []byte("\n--- PASS: ")); n < 100 {
		t.Errorf("only %d tests ran", n)
	}
}

// TestShapes: each kind of credential would be found.
func TestShapes(t *testing.T) {
	t.Parallel()
	for kind, text := range map[string]string{
		"a token":             "x Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3JfYWJjIiwiZXhwIjoxNzAwMDAwMDYwfQ.H4WmcZSbiREPpvd6atBE3-l3XRLeq4-rzweUZZBH-J0",
		"an API key":          "pha_" + "0123456789012345678901234567890123456789012345678",
		"a request signature": "Signature: sig1=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
		"a secret in base64":  "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"a secret document":   `{"current": "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"}`,
		"a secret of a test":  `got "0123456789abcdef0123456789abcdef"`,
	} {
		if !shapes[kind].MatchString(text) {
			t.Errorf("%s is not found", kind)
		}
	}
}

// context is the last test that was begun, which says where to look.
func context(before []byte) []byte {
	lines := regexp.MustCompile(`(?m)^=== (RUN|CONT|NAME) +.*$`).FindAll(before, -1)
	if len(lines) == 0 {
		return nil
	}
	return bytes.TrimSpace(lines[len(lines)-1])
}
