package rotate

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
	path        = "/events-api/dev/jwt-secret"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// cloud is a Parameter Store behind the endpoint of the local AWS.
type cloud struct {
	store  *ssm.Service
	server *endpointtest.Server
	// root and reader are environments that lead there: one that may do
	// everything, one of a role that may only read.
	root, reader []string

	mu  sync.Mutex
	now time.Time
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{now: time.Now()}
	c.store = ssm.New(endpointtest.Account, func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now
	})
	c.server = endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"ssm": c.store.Handler()}})
	c.root = c.server.Root().Environ()
	c.reader = c.server.Role(t, "reader", endpointtest.Allow("ssm:GetParameter", "*")).Environ()
	return c
}

// put changes the parameter, age ago.
func (c *cloud) put(t *testing.T, name, kind, value string, age time.Duration) {
	t.Helper()
	c.mu.Lock()
	c.now = time.Now().Add(-age)
	c.mu.Unlock()
	if _, _, err := c.store.Put(ssm.Parameter{Name: name, Type: kind, Value: value, Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.now = time.Now()
	c.mu.Unlock()
}

// age puts what the parameter says once more, age ago.
func (c *cloud) age(t *testing.T, name string, age time.Duration) {
	t.Helper()
	p, err := c.store.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	c.put(t, name, p.Type, p.Value, age)
}

// secrets are those of the parameter: current, previous, next.
func (c *cloud) secrets(t *testing.T, name string) (s [3]string) {
	t.Helper()
	p, err := c.store.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secret.ParseKeys(authz.HS256, p.Value); err != nil || p.Type != ssm.TypeSecureString {
		t.Errorf("an authorizer cannot use the parameter, a %s: %v", p.Type, err)
	}
	d, err := secret.ParseDocument(p.Value)
	if err != nil {
		t.Fatal(err)
	}
	return [3]string{d.Current.Value(), d.Previous.Value(), d.Next.Value()}
}

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// run runs the command, which must succeed, and compares what it prints,
// without times of day.
func (c *cloud) run(t *testing.T, want string, args ...string) {
	t.Helper()
	got := clitest.Run(t, c.root, append(args, "--secret-path", path)...)
	if got.Code != 0 || got.Stderr != "" {
		t.Fatalf("%v: exit code %d: %s", args, got.Code, got.Stderr)
	}
	if text := timestamp.ReplaceAllString(got.Stdout, "TIME"); text != want {
		t.Errorf("%v printed\n%s\nwant\n%s", args, text, want)
	}
	for _, value := range c.secrets(t, path) {
		if value != "" && strings.Contains(got.Stdout, strings.TrimPrefix(value, "base64:")) {
			t.Error("a secret is printed")
		}
	}
}

// TestRotation: one secret becomes a document, a second rotation follows when
// the first is finished.
func TestRotation(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.put(t, path, ssm.TypeSecureString, testSecret+"\n", 0)
	const rotated = `secret rotated: parameter /events-api/dev/jwt-secret, Region eu-central-1, version VERSION
It is encrypted with the account's default key, alias/aws/ssm.
From now on sign with the new secret; go run ./scripts/pha token does. Authorizers find it
with the first token that it has signed, and read it in 5m0s, at TIME, in any case.
Tokens of the secret before stay good. When the last of them has expired, drop it:
go run ./scripts/pha rotate --secret-path /events-api/dev/jwt-secret --finish
`
	c.run(t, strings.ReplaceAll(rotated, "VERSION", "2"))
	first := c.secrets(t, path)
	if first[0] == testSecret || !strings.HasPrefix(first[0], "base64:") || first[1] != testSecret+"\n" {
		t.Error("the rotation is not one")
	}
	c.run(t, `previous secret dropped: parameter /events-api/dev/jwt-secret, Region eu-central-1, version 3
It is encrypted with the account's default key, alias/aws/ssm.
Tokens that it has signed are refused at the latest in 3m0s, at TIME: the authorizers
keep their keys for 1m0s, API Gateway keeps what they answered for 2m0s. To end the latter
at once, run go run ./scripts/pha reset-cache in 1m0s, at TIME.
An authorizer that cannot reach AWS keeps its keys for up to 1h0m0s.
`, "--finish", "--min-age", "0s", "--max-age", "1m", "--cache-ttl", "2m")
	if c.secrets(t, path) != [3]string{first[0]} {
		t.Error("the old secret is not dropped, or the new one has changed")
	}
	c.run(t, `next secret made: parameter /events-api/dev/jwt-secret, Region eu-central-1, version 4
It is encrypted with the account's default key, alias/aws/ssm.
The current secret signs as before. All authorizers accept the next one in 5m0s, at TIME.
Then sign with it: go run ./scripts/pha rotate --secret-path /events-api/dev/jwt-secret
`, "--prepare")
	prepared := c.secrets(t, path)
	if prepared[0] != first[0] || prepared[1] != "" || prepared[2] == "" {
		t.Error("the preparation is not one")
	}
	// Not yet: the authorizers would not know it.
	const tooYoung = `pha rotate: rotating parameter "/events-api/dev/jwt-secret": the next secret would sign before every authorizer knows it: the parameter was changed at TIME, less than --max-age 5m0s ago; do it after TIME, or give a shorter --max-age if that is the authorizer's SECRET_MAX_AGE, or if somebody knows the current secret` + "\n"
	if got := clitest.Run(t, c.root, "--secret-path", path); got.Code != 1 || timestamp.ReplaceAllString(got.Stderr, "TIME") != tooYoung {
		t.Errorf("got %+v, want %q", got, tooYoung)
	}
	c.age(t, path, 5*time.Minute) // which makes a version 5
	c.run(t, strings.ReplaceAll(rotated, "VERSION", "6"))
	if c.secrets(t, path) != [3]string{prepared[2], first[0]} {
		t.Error("the next secret is not the current one, or the current one not the previous")
	}
}

// TestTooEarly: what would drop a previous secret whose tokens may be good, or sign
// with a prepared one that not every authorizer has had the time to read, is refused
// and changes nothing.
func TestTooEarly(t *testing.T) {
	t.Parallel()
	const (
		previous = `{"current":"` + testSecret + `","previous":"` + otherSecret + `"}`
		next     = `{"current":"` + testSecret + `","next":"` + otherSecret + `"}`
	)
	refusals := map[string]string{
		previous: "this would drop the previous secret, whose tokens may still be good: ",
		next:     "the next secret would sign before every authorizer knows it: ",
	}
	tests := []struct {
		name     string
		document string
		age      time.Duration
		args     []string
		refused  bool
	}{
		{"rotate too early", previous, 23 * time.Hour, nil, true},
		{"rotate in time", previous, 25 * time.Hour, nil, false},
		{"finish too early", previous, 23 * time.Hour, []string{"--finish"}, true},
		{"finish in time", previous, 25 * time.Hour, []string{"--finish"}, false},
		{"tokens live an hour, too early", previous, 30 * time.Minute, []string{"--finish", "--min-age", "1h"}, true},
		{"tokens live an hour", previous, 90 * time.Minute, []string{"--finish", "--min-age", "1h"}, false},
		{"a next one drops nothing", previous, 0, []string{"--prepare"}, false},
		{"the next one signs too early", next, 4 * time.Minute, nil, true},
		{"the next one signs in time", next, 5 * time.Minute, nil, false},
		{"authorizers that read once an hour, too early", next, 55 * time.Minute, []string{"--max-age", "1h"}, true},
		{"authorizers that read once an hour", next, time.Hour, []string{"--max-age", "1h"}, false},
		{"authorizers that read each second", next, 2 * time.Second, []string{"--max-age", "1s"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			c.put(t, "/p", ssm.TypeSecureString, tt.document, tt.age)
			got := clitest.Run(t, c.root, append(tt.args, "--secret-path", "/p")...)
			p, err := c.store.Get("/p")
			if err != nil || (got.Code == 1) != tt.refused || (p.Value == tt.document) != tt.refused {
				t.Fatalf("got %+v, version %d, %v", got, p.Version, err)
			}
			if want := `pha rotate: rotating parameter "/p": ` + refusals[tt.document] + "the parameter was changed at "; tt.refused && !strings.HasPrefix(got.Stderr, want) {
				t.Errorf("got %q, want %q", got.Stderr, want)
			}
			if !tt.refused && !strings.Contains(got.Stdout, "parameter /p, Region eu-central-1, version 2\n") {
				t.Errorf("got %q", got.Stdout)
			}
			if s := c.secrets(t, "/p"); tt.document == next && !tt.refused && s != [3]string{otherSecret, testSecret} {
				t.Error("the next secret is not the current one, or the current one not the previous")
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		text string
	}{
		{"both steps", []string{"--prepare", "--finish"}, "--prepare and --finish are given together; choose one"},
		{"key of a secret", []string{"--secret-path", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-Ab1Cd2", "--kms-key", "alias/mine"},
			"--kms-key is for parameters: a secret of Secrets Manager keeps its key; change it with aws secretsmanager update-secret --kms-key-id"},
		{"another ARN", []string{"--secret-path", "arn:aws:ssm:eu-central-1:123456789012:parameter/jwt"},
			`--secret-path is "arn:aws:ssm:eu-central-1:123456789012:parameter/jwt", which neither begins with a slash nor is the ARN of a secret of Secrets Manager`},
		{"path without slash", []string{"--secret-path", "p"}, `--secret-path is "p", which neither begins with a slash nor is the ARN of a secret of Secrets Manager`},
		{"negative age", []string{"--min-age", "-1s"}, "--min-age, --max-age and --cache-ttl must not be negative"},
		{"unknown flag", []string{"--nope"}, "unknown flag: --nope"},
		{"number without unit", []string{"--min-age", "1"}, `invalid argument "1" for --min-age: write a number with a unit, such as 90s, 15m or 24h`},
		{"argument", []string{"finish"}, `unexpected argument "finish"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := clitest.UsageError("rotate", tt.text)
			if got := clitest.Run(t, nil, tt.args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for name, value := range map[string]string{
		"/good": testSecret, "/short": "hunter2", "/cut": `{"current":"` + testSecret, "/keys": `{"keys":{"a":"` + testSecret + `"}}`,
		"/next": `{"current":"` + testSecret + `","next":"` + otherSecret + `"}`, "/bad": `{"current":"` + testSecret + `","previous":"x"}`,
	} {
		c.put(t, name, ssm.TypeSecureString, value, 48*time.Hour)
	}
	tests := []struct {
		name, path, flag, text string
		env                    []string
	}{
		{"no parameter", "/none", "", `reading parameter "/none": there is none in eu-central-1; put one: printf `, c.root},
		{"no permission to write", "/good", "", `writing parameter "/good": operation error SSM: PutParameter, `, c.reader},
		{"short", "/short", "", `rotating parameter "/short": previous: misconfigured: the secret has 7 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32` + "\n", c.root},
		{"cut", "/cut", "", `rotating parameter "/cut": misconfigured: the secret document is not valid JSON` + "\n", c.root},
		{"several users", "/keys", "", `rotating parameter "/keys": the document has the form {"keys": …}: each key has a user of its own; add a key, hand it out, and take the old one away when its user has changed over` + "\n", c.root},
		{"nothing to finish", "/good", "--finish", `rotating parameter "/good": there is no previous secret to drop` + "\n", c.root},
		{"prepared twice", "/next", "--prepare", `rotating parameter "/next": there is a next secret already; rotate to sign with it` + "\n", c.root},
		{"unusable previous", "/bad", "--prepare", `rotating parameter "/bad": previous: misconfigured: the secret has 1 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32` + "\n", c.root},
		{"no such key", "/good", "--kms-key=alias/none", `writing parameter "/good": operation error SSM: PutParameter, `, c.root},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--secret-path", tt.path}
			if tt.flag != "" {
				args = append(args, tt.flag)
			}
			got := clitest.Run(t, tt.env, args...)
			want := "pha rotate: " + tt.text
			// A text that ends a line is the whole one.
			whole := strings.HasSuffix(want, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, want) || whole && got.Stderr != want {
				t.Errorf("got %+v, want %q", got, want)
			}
			if strings.Contains(got.Stderr, testSecret) || strings.Contains(got.Stderr, otherSecret) || strings.Contains(got.Stderr, "hunter2") {
				t.Error("a secret is printed")
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "ssm", "ssm-fips.us-east-1.api.aws", "--secret-path", path)
}
