package parameter

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

const testARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:app/jwt-Ab1Cd2"

// vault is a Secrets Manager with one secret.
type vault struct {
	mu       sync.Mutex
	versions []vaultVersion // oldest first; the last is current
	// before is called with each request; what it returns is the answer, unless it is
	// empty.
	before func(v *vault, action string) (status int, body string)
}

type vaultVersion struct{ id, text string }

// startVault returns the environment that leads there, for the command and its path.
func startVault(t *testing.T, v *vault) []string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
		var input struct{ SecretId, VersionStage, SecretString, ClientRequestToken string }
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil || input.SecretId != testARN || !strings.Contains(r.Header.Get("Authorization"), "/us-west-2/secretsmanager/") {
			t.Errorf("%s of %q, signed with %q: %v", action, input.SecretId, r.Header.Get("Authorization"), err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if v.before != nil {
			if status, body := v.before(v, action); status != 0 {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return
			}
		}
		at := len(v.versions) - 1
		switch {
		case action == "PutSecretValue":
			if v.versions[at].id != input.ClientRequestToken { // or else it is done already
				v.versions = append(v.versions, vaultVersion{input.ClientRequestToken, input.SecretString})
				at++
			}
		case input.VersionStage == "AWSPREVIOUS":
			at--
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"VersionId": v.versions[at].id, "SecretString": v.versions[at].text, "CreatedDate": 1.7e9})
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "TEST_PATH=" + testARN}
}

func TestReadKeyOfSecret(t *testing.T) {
	t.Parallel()
	v := &vault{versions: []vaultVersion{{"v1", `{"current":{"kid":"k2","secret":"` + otherSecret + `"},"previous":{"kid":"k1","secret":"` + testSecret + `"}}`}}}
	if got := clitest.Run(t, startVault(t, v), "key", "k1"); got.Code != 0 || got.Stdout != "k1 "+testSecret {
		t.Errorf("exit code %d: %s", got.Code, got.Stderr)
	}
}

func TestReadSecretFails(t *testing.T) {
	t.Parallel()
	const prefix = `pha demo: reading secret "` + testARN + `": `
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"none": {400, `{"__type":"ResourceNotFoundException"}`, "there is none in us-west-2, or it has no value; give it one: echo example | aws secretsmanager put-secret-value --region us-west-2 --secret-id " + testARN +
			" --secret-string file:///dev/stdin; or make one, whose ARN is another then: aws secretsmanager create-secret --region us-west-2 --name app/jwt\n"},
		"binary": {200, `{"VersionId":"v","SecretBinary":"YQ=="}`, "it has no text; a binary value is not read; put a text: aws secretsmanager put-secret-value --secret-id " + testARN + " --secret-string …\n"},
		"denied": {400, `{"__type":"AccessDeniedException"}`, "operation error Secrets Manager: GetSecretValue, "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &vault{before: func(*vault, string) (int, string) { return test.status, test.body }}
			got := clitest.Run(t, append(startVault(t, v), "AWS_MAX_ATTEMPTS=3"), "put", otherSecret)
			if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, prefix+test.want) {
				t.Errorf("got %+v, want %q", got, prefix+test.want)
			}
		})
	}
}

// TestPutSecret: a put is tried again, and made once; a change of somebody else at the
// same time is seen.
func TestPutSecret(t *testing.T) {
	t.Parallel()
	once := func(act func(v *vault) (int, string)) func(*vault, string) (int, string) {
		done := false
		return func(v *vault, action string) (int, string) {
			if action != "PutSecretValue" || done {
				return 0, ""
			}
			done = true
			return act(v)
		}
	}
	for _, tt := range []struct {
		name   string
		before func(*vault, string) (int, string)
		count  int
		code   int
		want   string
	}{
		{"made", nil, 2, 0, "version ID, true: "},
		{"tried again", once(func(*vault) (int, string) { return 500, "" }), 2, 0, "version ID, true: "},
		{"refused", once(func(*vault) (int, string) { return 400, `{"__type":"AccessDeniedException"}` }), 1, 1,
			`pha demo: writing secret "` + testARN + `": operation error Secrets Manager: PutSecretValue, `},
		{"somebody else before", once(func(v *vault) (int, string) {
			v.versions = append(v.versions, vaultVersion{"theirs", "x"})
			return 0, ""
		}), 3, 0, `version ID, true: secret "` + testARN + `" was version v1 and is version ID now: somebody else has changed it at the same time, and what was written between is not in force; see aws secretsmanager list-secret-version-ids --secret-id ` + testARN},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := &vault{versions: []vaultVersion{{"v1", testSecret}}, before: tt.before}
			got := clitest.Run(t, append(startVault(t, v), "AWS_MAX_ATTEMPTS=3"), "put", otherSecret)
			id := v.versions[len(v.versions)-1].id
			if text := strings.ReplaceAll(got.Stdout+got.Stderr, id, "ID"); got.Code != tt.code || !strings.HasPrefix(text, tt.want) && got.Code == 1 || got.Code == 0 && text != tt.want {
				t.Errorf("got %+v, want %q", got, tt.want)
			}
			if len(v.versions) != tt.count {
				t.Errorf("there are %d versions, want %d", len(v.versions), tt.count)
			}
		})
	}
}
