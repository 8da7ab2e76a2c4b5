package apikey

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

const (
	keyTable   = "events-api-keys"
	stateTable = "events-authorizer-state"
)

// newCloud starts a local AWS with the two tables, and returns the environment
// that leads to it, and a client that may do everything in it.
func newCloud(t *testing.T) (endpointtest.Environment, *endpointtest.Server, *sdk.Client) {
	t.Helper()
	server := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": dynamodb.New(endpointtest.Account, nil).Handler()}})
	client := server.CreateTables(t, keyTable, stateTable)
	environment := server.Root()
	environment["API_KEY_TABLE_NAME"], environment["AUTHORIZER_STATE_TABLE_NAME"] = keyTable, stateTable
	return environment, server, client
}

// run runs the command with the two tables, unless args name others.
func run(t *testing.T, env []string, args ...string) clitest.Result {
	t.Helper()
	return clitest.Run(t, env, append([]string{"--table=" + keyTable, "--state-table=" + stateTable}, args...)...)
}

// newAWS is newCloud with a way to look up keys in it.
func newAWS(t *testing.T) (env []string, tables *apikey.DynamoDB) {
	t.Helper()
	environment, _, _ := newCloud(t)
	return environment.Environ(), apikey.NewDynamoDB(apikey.DynamoDBConfig{Timeout: time.Minute, Getenv: environment.Get})
}

// succeed runs the command and wants it to write what pattern says to stderr.
func succeed(t *testing.T, env []string, pattern string, args ...string) string {
	t.Helper()
	got := run(t, env, args...)
	if got.Code != 0 || !regexp.MustCompile("^"+pattern+"$").MatchString(got.Stderr) {
		t.Fatalf("%s: exit code %d, %s", args, got.Code, got.Stderr)
	}
	return got.Stdout
}

// newKey runs the command, which is to write one key alone.
func newKey(t *testing.T, env []string, pattern string, args ...string) apikey.Key {
	t.Helper()
	stdout := succeed(t, env, pattern, args...)
	key, err := apikey.Parse("pha", strings.TrimSuffix(stdout, "\n"))
	if err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("stdout is not one key on one line: %v", err)
	}
	return key
}

func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	env, tables := newAWS(t)
	tiers, err := apikey.NewTiers(map[string]apikey.Tier{"free": {}, "pro": {Permissions: []string{"tier"}}})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := apikey.NewVerifier(apikey.Config{Store: tables, Tiers: tiers})
	if err != nil {
		t.Fatal(err)
	}
	works := func(key apikey.Key) string {
		t.Helper()
		p, err := verifier.Verify(t.Context(), authz.Request{}, authz.NewCredential(apikey.Scheme, key.Reveal()))
		if err == nil { // not by the verifier, which waits for it no longer than a slow machine may need
			if err := tables.RecordUse(t.Context(), p.CredentialID, time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprintf("%s %s %s %v", p.Subject, p.Tier, p.Permissions, err)
	}
	const (
		cached = "\nAn answer that API Gateway has cached is reused until its TTL has passed; go run ./scripts/pha reset-cache resets it.\n"
		once   = "\nIt is shown this once and stored as a digest only. Hand it over on a safe way.\n"
		anyKey = `key_[0-9a-f]{16} \(pha_[0-9A-Za-z]{8}…\) of "usr_abc", `
		date   = `20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`
	)
	succeed(t, env, "there are no API keys\n", "list")
	key := newKey(t, env, "created "+anyKey+"active, tier free, permissions a b, expires "+date+once,
		"create", "--subject", "usr_abc", "--tier", "free", "--name", "ci", "--permission", "b", "--permission", "a", "--expires-in", "1h")
	if got := works(key); got != "usr_abc free [a b] <nil>" {
		t.Errorf("got %s", got)
	}
	id, start := key.Digest().CredentialID(), key.Start()
	this := regexp.QuoteMeta(fmt.Sprintf("%s (%s…) of \"usr_abc\", ", id, start))

	var shown map[string]any
	if err := json.Unmarshal([]byte(succeed(t, env, "", "show", id, "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"createdAt", "expiresAt", "lastUsed"} {
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(shown[name])); err != nil || time.Until(at).Abs() > 2*time.Hour {
			t.Errorf("%s is %v", name, shown[name])
		}
		delete(shown, name)
	}
	if want := map[string]any{"id": id, "start": start, "name": "ci", "subject": "usr_abc", "tier": "free", "permissions": []any{"a", "b"}, "status": "active"}; !reflect.DeepEqual(shown, want) {
		t.Errorf("got %v", shown)
	}

	succeed(t, env, "changed "+this+"active, tier pro, permissions a b, expires "+date+cached, "retier", start, "pro")
	succeed(t, env, "changed "+this+"active, tier pro, permissions c, expires "+date+cached, "permissions", id, "c")
	if got := works(key); got != "usr_abc pro [c tier] <nil>" {
		t.Errorf("got %s", got)
	}
	succeed(t, env, "changed "+this+"active, tier pro, expires "+date+cached, "permissions", id)
	succeed(t, env, "disabled "+this+"disabled, tier pro, expires "+date+cached, "disable", id)
	if got := works(key); got != "  [] revoked: the API key is disabled" {
		t.Errorf("got %s", got)
	}
	again := run(t, env, "disable", id)
	if want := (clitest.Result{Code: 1, Stderr: fmt.Sprintf("pha apikey disable: API key %q: the API key cannot be changed so: it is disabled already\n", id)}); again != want {
		t.Errorf("got %+v", again)
	}
	succeed(t, env, "enabled "+this+"active, tier pro, expires "+date+cached, "enable", id)

	next := newKey(t, env, "created "+anyKey+"active, tier pro, expires "+date+"\nit replaces "+this+"expired, tier pro, expires "+date+once, "rotate", "--grace", "0s", id)
	if got := works(next); got != "usr_abc pro [tier] <nil>" {
		t.Errorf("got %s", got)
	}
	if got := works(key); !strings.HasPrefix(got, "  [] expired: the API key expired at ") {
		t.Errorf("got %s", got)
	}
	table := succeed(t, env, "", "list")
	row := func(k apikey.Key, status string) string {
		return regexp.QuoteMeta(k.Digest().CredentialID()+"  "+k.Start()+"  usr_abc  ci    pro   "+status) + " +" + date + "  " + date + "  " + date + "\n"
	}
	rows := row(key, "expired") + row(next, "active")
	if header, rest, _ := strings.Cut(table, "\n"); !regexp.MustCompile(`^ID +START +SUBJECT +NAME +TIER +STATUS +CREATED +EXPIRES +LAST USED$`).MatchString(header) ||
		!regexp.MustCompile("^"+rows+"$").MatchString(rest) && !regexp.MustCompile("^"+row(next, "active")+row(key, "expired")+"$").MatchString(rest) {
		t.Errorf("got\n%s", table)
	}
	if one := succeed(t, env, "", "show", id); !regexp.MustCompile(`(?m)^replaced by  `+next.Digest().CredentialID()+`$`).MatchString(one) || !strings.Contains(one, "\npermissions  -\n") {
		t.Errorf("got\n%s", one)
	}
	succeed(t, env, "deleted "+this+"expired, tier pro, expires "+date+cached, "delete", id)
	var listed []map[string]any
	if err := json.Unmarshal([]byte(succeed(t, env, "", "list", "--json")), &listed); err != nil || len(listed) != 1 || listed[0]["id"] != next.Digest().CredentialID() {
		t.Errorf("got %v, %v", listed, err)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	key, err := apikey.Generate("pha")
	if err != nil {
		t.Fatal(err)
	}
	const all = "create, list, show, disable, enable, retier, permissions, rotate, delete"
	tests := []struct {
		name, text string
		args       []string
	}{
		{"nothing", "the command is missing; there are " + all, nil},
		{"flags only", "the command is missing; there are " + all, []string{"--table", "t"}},
		{"unknown", `there is no command "mint"; there are ` + all, []string{"mint"}},
		{"a key", "there is no command (not shown: it may be a key); there are " + all, []string{key.Reveal()}},
		{"a part of a key", "there is no command (not shown: it may be a key); there are " + all, []string{key.Reveal()[:20]}},
		{"a key as an argument of list", "unexpected argument (not shown: it may be a key)", []string{"--table=t", "list", key.Reveal()}},
		{"a key beside the id", "unexpected argument (not shown: it may be a key)", []string{"--table=t", "show", "key_1", key.Reveal()}},
		{"no id", "the argument ID is missing", []string{"--table=t", "disable"}},
		{"a whole key", "ID is too long for a credential id or the start of one: if it is a whole API key, it is in the shell's history now: rotate it", []string{"--table=t", "disable", key.Reveal()}},
		{"no tier", "the argument TIER is missing", []string{"--table=t", "retier", "key_1"}},
		{"no id before permissions", "the argument ID is missing", []string{"--table=t", "permissions"}},
		{"one argument more", `unexpected argument "c"`, []string{"--table=t", "retier", "a", "b", "c"}},
		{"argument of list", `unexpected argument "x"`, []string{"--table=t", "list", "x"}},
		{"flag of another", "unknown flag: --grace", []string{"--table=t", "list", "--grace", "1h"}},
		{"no subject", "--subject is missing", []string{"--table=t", "create", "--tier", "t"}},
		{"no tier of a new one", "--tier is missing", []string{"--table=t", "create", "--subject", "s"}},
		{"subject", "--subject: the subject has a character that is not printable", []string{"--table=t", "create", "--subject", "a\nb", "--tier", "t"}},
		{"tier", "--tier: its name is not 1 to 32 lower-case letters, digits and hyphens", []string{"--table=t", "create", "--subject", "s", "--tier", "T"}},
		{"name", "--name: the name is not 1 to 255 bytes of printable characters without a space at either end", []string{"--table=t", "create", "--subject", "s", "--tier", "t", "--name", " "}},
		{"prefix", `--prefix: misconfigured: the prefix of API keys is "P", allowed are 2 to 16 lower-case letters and digits`, []string{"--table=t", "create", "--subject", "s", "--tier", "t", "--prefix", "P"}},
		{"permission", `invalid argument "a" for "--permission" flag: permission "a" is there twice`, []string{"--table=t", "create", "--permission", "a", "--permission", "a"}},
		{"life", "--expires-in is 0s, allowed is 1s and more", []string{"--table=t", "create", "--subject", "s", "--tier", "t", "--expires-in", "0s"}},
		{"new tier", "TIER: its name is not 1 to 32 lower-case letters, digits and hyphens", []string{"--table=t", "retier", "key_1", "T"}},
		{"new permissions", `PERMISSION: permission "a b" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`, []string{"--table=t", "permissions", "key_1", "a b"}},
		{"grace without a unit", `invalid argument "1" for --grace: write a number with a unit, such as 90s, 15m or 24h`, []string{"--table=t", "rotate", "key_1", "--grace", "1"}},
		{"life without a unit", `invalid argument "5" for --expires-in: write a number with a unit, such as 90s, 15m or 24h`, []string{"--table=t", "create", "--expires-in", "5"}},
		{"grace", "--grace is -1s, allowed is 0s and more", []string{"--table=t", "rotate", "key_1", "--grace", "-1s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if len(args) > 1 && args[0] == "--table=t" { // behind the subcommand
				args = append(append([]string{}, args[1:]...), args[0])
			}
			name := "apikey"
			if slices.Contains(strings.Split(all, ", "), cmp.Or(args...)) {
				name += " " + args[0]
			}
			want := clitest.UsageError(name, tt.text)
			if got := clitest.Run(t, nil, args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	env, _ := newAWS(t)
	tests := []struct {
		name, text string
		env        []string
		args       []string
	}{
		{"no Region", "no AWS Region is configured; set AWS_REGION to the tables' Region\n", nil, []string{"list", "--table", "t"}},
		{"no credentials", "no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: ", []string{"AWS_REGION=eu-central-1"}, []string{"list", "--table", "t"}},
		{"no table", `listing API keys: API key table "other": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account? The Region is eu-central-1` + "\n", env, []string{"list", "--table", "other"}},
		{"wrong credentials", `creating an API key: API key table "events-api-keys": unavailable: DynamoDB answered status 400, "UnrecognizedClientException": "The security token included in the request is invalid."` + "\n", append(env[:len(env):len(env)], "AWS_ACCESS_KEY_ID=AKIDEXAMPLE"), []string{"create", "--subject", "s", "--tier", "t"}},
		{"no such key", `no such API key: "key_1" is neither the credential id nor the start of one in table "events-api-keys"` + "\n", env, []string{"delete", "key_1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, tt.env, tt.args...)
			// A text that ends a line is the whole one, another is the SDK's from there on.
			whole := strings.HasSuffix(tt.text, "\n")
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "pha apikey "+tt.args[0]+": "+tt.text) || whole && got.Stderr != "pha apikey "+tt.args[0]+": "+tt.text {
				t.Errorf("got exit code %d, %s", got.Code, got.Stderr)
			}
		})
	}
}
