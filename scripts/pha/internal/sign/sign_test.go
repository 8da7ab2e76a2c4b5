package sign

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	oneKey     = `{"keys":{"partner-1":"` + testSecret + `"}}`
	twoKeys    = `{"keys":{"partner-1":"` + testSecret + `","partner-2":"base64:YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtb3ItbW9yZSE="}}`
)

// keysPath is the parameter of the keys.
const keysPath = "/events-api/dev/signing-keys"

func TestMain(m *testing.M) { clitest.Main(m, New) }

// sign runs the command with the keys in its environment. No output may have
// the secret.
func sign(t *testing.T, env []string, args ...string) clitest.Result {
	t.Helper()
	got := clitest.Run(t, env, args...)
	if strings.Contains(got.Stdout+got.Stderr, testSecret) {
		t.Fatal("the secret is printed")
	}
	return got
}

// TestCurlLine: the printed line is accepted as it stands, once.
func TestCurlLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a file's name")
	if err := os.WriteFile(file, []byte("{\"a\":1}\r\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		args       []string
		want       string
	}{
		{"GET", "/events?limit=5", nil, "GET /events?limit=5  "},
		{"no path", "", nil, "GET /  "},
		{"empty query", "/?", nil, "GET /?  "},
		{"DELETE", "/events/1", []string{"--method", "DELETE"}, "DELETE /events/1  "},
		{"POST without a body", "/events", []string{"--method", "POST"}, "POST /events  "},
		{"body", "/events", []string{"--body", `{"name":"Launch"}`}, `POST /events application/json {"name":"Launch"}`},
		{"GET with a body", "/events", []string{"--method", "GET", "--body", "x"}, "GET /events application/json x"},
		{"body for a shell", "/events", []string{"--body", "it's $HOME `id` \"\\\n!*"}, "POST /events application/json it's $HOME `id` \"\\\n!*"},
		{"body like a file", "/events", []string{"--body", "@/etc/hostname", "--content-type", "text/plain; charset=utf-8"}, "POST /events text/plain; charset=utf-8 @/etc/hostname"},
		{"body of a file", "/events", []string{"--method", "PUT", "--body-file", file}, "PUT /events application/json {\"a\":1}\r\n\n"},
		{"path in other encodings", "/caf%C3%A9/a%20b%2Bc/it's;x=1?q=%2F&r=it%27s", nil, "GET /caf%C3%A9/a%20b+c/it%27s;x=1?q=%2F&r=it%27s  "},
		{"path not encoded", "/café au lait", nil, "GET /caf%C3%A9%20au%20lait  "},
		{"what curl takes for a pattern", "/a?x[]=1&y={1,2}&z=it's", nil, "GET /a?x[]=1&y={1,2}&z=it's  "},
		{"fragment", "/events#top", nil, "GET /events  "},
	}
	url := newAPI(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign(t, []string{"SIGNING_KEYS=" + oneKey}, append([]string{"--curl", "--url", url + tt.path}, tt.args...)...)
			if got.Code != 0 || !regexp.MustCompile(`^signed with the key "partner-1", for one request by \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(got.Stderr) {
				t.Fatalf("exit code %d: %s", got.Code, got.Stderr)
			}
			if answer := runLine(t, nil, got.Stdout); answer != tt.want {
				t.Errorf("%s\nanswered %q, want %q", got.Stdout, answer, tt.want)
			}
			if answer := sendAs(t, got.Stdout); !strings.HasSuffix(answer, "replayed") {
				t.Errorf("the second time: %q", answer)
			}
		})
	}
}

// TestHeaders: the headers are those that curl reads from its standard input.
func TestHeaders(t *testing.T) {
	t.Parallel()
	url := newAPI(t)
	got := sign(t, []string{"SIGNING_KEYS=" + oneKey}, "--url", url+"/events", "--body", "{}")
	lines := strings.Split(strings.TrimSuffix(got.Stdout, "\n"), "\n")
	wanted := []string{"Content-Digest: sha-256=:", "Content-Type: application/json", "Signature: sig1=:", `Signature-Input: sig1=("@method" "@path" "@query" "@authority" "content-digest");created=`}
	if got.Code != 0 || len(lines) != len(wanted) {
		t.Fatalf("got %+v", got)
	}
	words := []string{"curl", "--request", "POST", "--data-raw", "'{}'", "--url", cli.Quote(url + "/events")}
	for i, line := range lines {
		if !strings.HasPrefix(line, wanted[i]) {
			t.Errorf("line %d is %q, want %q", i, line, wanted[i])
		}
		words = append(words, "--header", cli.Quote(line))
	}
	line := strings.Join(words, " ")
	if _, err := exec.LookPath("curl"); err == nil {
		line = "printf '%s' \"$HEADERS\" | curl --header @- --data-raw '{}' " + cli.Quote(url+"/events")
	}
	if answer := runLine(t, []string{"HEADERS=" + got.Stdout}, line); answer != "POST /events application/json {}" {
		t.Errorf("answered %q", answer)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	got := sign(t, []string{"SIGNING_KEYS=" + oneKey}, "--curl", "--method", "HEAD", "--url", "https://api.example.com/")
	if words := split(t, got.Stdout); got.Code != 0 || words[2] != "--head" {
		t.Errorf("got %q", words)
	}
}

// TestKeySources: parameter, file and environment; which key is chosen; whose
// host is signed and for how long.
func TestKeySources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, []byte(twoKeys+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		env  []string
		args []string
		key  string
	}{
		{"parameter", newSSM(t, keysPath, oneKey), []string{"--keys-path", keysPath}, "partner-1"},
		{"another parameter", newSSM(t, "/p", twoKeys), []string{"--keys-path", "/p", "--key-id", "partner-2"}, "partner-2"},
		{"file before environment", []string{"SIGNING_KEYS=" + oneKey}, []string{"--keys-file", file, "--key-id", "partner-2"}, "partner-2"},
		{"environment", []string{"SIGNING_KEYS=" + twoKeys}, []string{"--key-id", "partner-1", "--authority", "Origin.example", "--expires-in", "30s"}, "partner-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign(t, tt.env, append(tt.args, "--url", "https://api.example.com/")...)
			if got.Code != 0 || !strings.Contains(got.Stdout, `;keyid="`+tt.key+`"`) {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(got.Stdout, ";expires=") != (tt.name == "environment") {
				t.Errorf("got %s", got.Stdout)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	const url = "https://api.example.com/"
	tests := []struct {
		name string
		args []string
		text string
	}{
		{"no URL", nil, "--url is missing"},
		{"no scheme", []string{"--url", "api.example.com/events"}, `--url is "api.example.com/events", which is not an http or https URL`},
		{"another scheme", []string{"--url", "ftp://x/"}, `--url is "ftp://x/", which is not an http or https URL`},
		{"broken URL", []string{"--url", "https://x/%zz"}, `--url: parse "https://x/%zz": invalid URL escape "%zz"`},
		{"password", []string{"--url", "https://user:hunter2@x/"}, "--url has a user name, which is a second credential; leave it out"},
		{"password in a broken URL", []string{"--url", "https://user:hunter2@x/%zz"}, "--url is not an http or https URL; it is not shown, because it has an @ and so maybe a password"},
		{"password with a slash", []string{"--url", "https://user:hun/ter2@x/"}, "--url is not an http or https URL; it is not shown, because it has an @ and so maybe a password"},
		{"password with a bad escape", []string{"--url", "https://user:hunter2%zz@x/"}, "--url is not an http or https URL; it is not shown, because it has an @ and so maybe a password"},
		{"password without scheme", []string{"--url", "user:hunter2@x/"}, "--url is not an http or https URL; it is not shown, because it has an @ and so maybe a password"},
		{"password in another scheme", []string{"--url", "ftp://user:hunter2@x/"}, "--url has a user name, which is a second credential; leave it out"},
		{"user name", []string{"--url", "https://u@x/"}, "--url has a user name, which is a second credential; leave it out"},
		{"encoded slash", []string{"--url", url + "a%2Fb"}, "signing a request: the path has an encoded slash, which API Gateway decodes"},
		{"percent", []string{"--url", url + "100%25"}, "signing a request: the path has an encoded percent sign or question mark; API Gateway decodes twice and cuts the path at a question mark"},
		{"dots", []string{"--url", url + "a/../b"}, "signing a request: the path has a segment . or .., which clients and proxies resolve; resolve it"},
		{"query with a space", []string{"--url", url + "?a=b c"}, "signing a request: the query string has a character outside visible ASCII; percent-encode it"},
		{"method in lower case", []string{"--url", url, "--method", "get"}, "signing a request: the method is not in upper-case letters"},
		{"no method", []string{"--url", url, "--method", "A B"}, `net/http: invalid method "A B"`},
		{"authority", []string{"--url", url, "--authority", "https://x"}, "signing a request: the authority is not a host name or address with an optional port"},
		{"two bodies", []string{"--url", url, "--body", "a", "--body-file", "b"}, "--body and --body-file are both given"},
		{"HEAD with a body", []string{"--url", url, "--method", "HEAD", "--body", "b"}, "--method is HEAD, which curl sends without a body; leave the body out"},
		{"body of stdin", []string{"--url", url, "--body-file", "-"}, "--body-file is -, but the body is read twice, here and by curl; write it to a file"},
		{"content type with a line break", []string{"--url", url, "--content-type", "a\nb"}, "--content-type has a character outside printable ASCII"},
		{"lifetime too short", []string{"--url", url, "--expires-in", "1ms"}, "--expires-in is 1ms, allowed is 1s to 5m0s"},
		{"lifetime too long", []string{"--url", url, "--expires-in", "6m"}, "--expires-in is 6m0s, allowed is 1s to 5m0s"},
		{"path without slash", []string{"--url", url, "--keys-path", "p"}, `--keys-path is "p", which neither begins with a slash nor is the ARN of a secret of Secrets Manager`},
		{"which key", []string{"--url", url}, "environment variable SIGNING_KEYS has 2 keys; choose one with --key-id"},
		{"argument", []string{"--url", url, "more"}, `unexpected argument "more"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if tt.name != "which key" {
				args = append([]string{"--key-id", "partner-1"}, args...)
			}
			want := clitest.UsageError("sign", tt.text)
			if got := sign(t, []string{"SIGNING_KEYS=" + twoKeys}, args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	const url = "https://api.example.com/"
	missing := filepath.Join(t.TempDir(), "none")
	tests := []struct {
		name string
		env  []string
		args []string
		text string
	}{
		{"no Region", nil, []string{"--keys-path", keysPath}, `reading parameter "/events-api/dev/signing-keys": no AWS Region is configured`},
		{"no parameter", newSSM(t, "/p", oneKey), []string{"--keys-path", keysPath}, `reading parameter "/events-api/dev/signing-keys": there is none in eu-central-1; put one: printf '{"keys": {"partner-1": "base64:%s"}}' "$(openssl rand -base64 32)" | aws ssm put-parameter --region eu-central-1 --type SecureString --name /events-api/dev/signing-keys --value file:///dev/stdin` + "\n"},
		{"no such key", []string{"SIGNING_KEYS=" + oneKey}, []string{"--key-id", "partner-2"}, `environment variable SIGNING_KEYS has no key with the id "partner-2"`},
		{"no ids", []string{"SIGNING_KEYS=" + testSecret}, nil, `using environment variable SIGNING_KEYS: its keys have no ids; write {"keys": {"key id": "secret"}}`},
		{"short secret", []string{`SIGNING_KEYS={"keys":{"k":"short"}}`}, nil, "using environment variable SIGNING_KEYS: key 1: misconfigured: the secret has 5 bytes, HS256 needs at least 32"},
		{"no keys file", nil, []string{"--keys-file", missing}, "reading the keys: open " + missing},
		{"no body file", []string{"SIGNING_KEYS=" + oneKey}, []string{"--body-file", missing}, "reading the body: open " + missing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign(t, tt.env, append(tt.args, "--url", url)...)
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "pha sign: "+tt.text) {
				t.Errorf("got %+v, want %q", got, tt.text)
			}
		})
	}
}

// TestCure: the command that the error names makes keys that sign. Functions
// stand for the programs: the one of the AWS CLI prints its arguments, and keeps
// what is behind the path of --value.
func TestCure(t *testing.T) {
	t.Parallel()
	got := sign(t, newSSM(t, "/p", oneKey), "--keys-path", keysPath, "--url", "https://api.example.com/")
	_, cure, found := strings.Cut(got.Stderr, "put one: ")
	if !found {
		t.Fatalf("got %+v", got)
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	command := exec.CommandContext(t.Context(), "sh", "-c", `openssl() { printf 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n'; }
aws() { echo "$*"; for last; do :; done; cat "${last#file://}" >'`+file+`'; }
`+cure)
	output, err := command.CombinedOutput()
	if want := "ssm put-parameter --region eu-central-1 --type SecureString --name /events-api/dev/signing-keys --value file:///dev/stdin\n"; err != nil || string(output) != want {
		t.Fatalf("%s\nsays %q, %v; want %q", cure, output, err, want)
	}
	if got := sign(t, nil, "--keys-file", file, "--url", "https://api.example.com/"); got.Code != 0 || !strings.Contains(got.Stdout, `;keyid="partner-1"`) {
		t.Errorf("with the keys of the cure: %+v", got)
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "ssm", "ssm-fips.us-east-1.api.aws", "--keys-path", keysPath, "--url", "https://a.example")
}
