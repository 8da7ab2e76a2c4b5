package local

import (
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/revocation"
)

// TestRevocation deploys the Events API with a table of revocations: first with every
// method, then with tokens and answers that are cached for 5 minutes, at last without
// the table.
func TestRevocation(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev", Settings: map[string]string{"authMethods": "jwt,apikey,signature", "revocation": "true"}})
	d.testRevokedMethods(t)

	d.set(t, "authMethods", "jwt")
	d.set(t, ttlKey, "5m")
	d.up(t, map[string]int{"create": 6, "update": 4, "delete": 8}) // the table stays
	d.up(t, map[string]int{})
	d.verify(t, 5*time.Minute)
	d.testRevokedInCache(t)

	d.set(t, "revocation", "false")
	d.up(t, map[string]int{"update": 3, "delete": 1})
	d.expect(t, http.StatusCreated, "POST", "/events", with("Authorization", "Bearer "+d.token(t)))
}

// judged sends a POST and wants a status. On a busy machine the authorizer may give up
// its read of the table, which is a 500 and kept by nobody: it is asked again.
func (d deployed) judged(t *testing.T, want int, header http.Header, client *http.Client) {
	t.Helper()
	for range maxAttempts {
		status, body := d.call(t, "POST", "/events", anEvent, header, client)
		if status == http.StatusInternalServerError {
			t.Logf("POST is 500: %s", body)
			continue
		}
		if status != want {
			t.Errorf("POST is %d, not %d: %s", status, want, body)
		}
		return
	}
	t.Errorf("POST is 500 each of %d times", maxAttempts)
}

// revocations is the table, for whoever may write it.
func (d deployed) revocations(t *testing.T) *revocation.Table {
	t.Helper()
	name, err := d.Output("revocationTableName")
	if err != nil {
		t.Fatal(err)
	}
	env := d.AWS.Environment()
	return revocation.NewTable(revocation.Config{Table: name, Timeout: time.Minute, Getenv: func(name string) string { return env[name] }})
}

// testRevokedMethods withdraws credentials of each method, and the withdrawal.
func (d deployed) testRevokedMethods(t *testing.T) {
	t.Helper()
	table := d.revocations(t)
	key, record := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	otherKey, _ := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	signing, _ := d.signing(t)
	token := with("Authorization", "Bearer "+d.sign(t, d.Secret, "usr_key", everything))
	now := time.Now()
	for _, tt := range []struct {
		target                revocation.Target
		key, other, sign, jwt int
	}{
		{revocation.Target{Kind: revocation.Key, ID: record.CredentialID()}, 403, 201, 201, 201},
		{revocation.Target{Kind: revocation.Credential, ID: record.CredentialID()}, 403, 201, 201, 201},
		{revocation.Target{Kind: revocation.Key, ID: SigningKeyID}, 201, 201, 403, 201},
		{revocation.Target{Kind: revocation.Subject, ID: "usr_key"}, 403, 403, 201, 403},
		{revocation.Target{Kind: revocation.Subject, ID: "usr_key", Issuer: "https://a.example"}, 201, 201, 201, 201},
	} {
		if _, err := table.Add(t.Context(), revocation.Entry{Target: tt.target, Before: now}); err != nil {
			t.Fatal(err)
		}
		d.judged(t, tt.key, key, http.DefaultClient)
		d.judged(t, tt.other, otherKey, http.DefaultClient)
		d.judged(t, tt.sign, nil, signing)
		d.judged(t, tt.jwt, token, http.DefaultClient)
		if err := table.Remove(t.Context(), tt.target); err != nil {
			t.Fatal(err)
		}
	}
	for _, header := range []http.Header{key, otherKey, token} {
		d.judged(t, http.StatusCreated, header, http.DefaultClient)
	}
}

// revoke runs the command as a developer does: it finds the table and the API in the
// state of the stack.
func (d deployed) revoke(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	dir, backend := d.Workspace()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./scripts/pha", "revoke", "--project", dir}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = repository, append(d.environ(), "PULUMI_BACKEND_URL="+backend), strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("pha revoke %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// testRevokedInCache withdraws credentials whose answers are in the cache.
func (d deployed) testRevokedInCache(t *testing.T) {
	t.Helper()
	header := func(subject string, claims map[string]any) http.Header {
		return with("Authorization", "Bearer "+d.sign(t, d.Secret, subject, claims))
	}
	leaked, sibling, stranger := header("usr_abc", nil), header("usr_abc", map[string]any{"n": 2}), header("usr_other", nil)
	all := []http.Header{leaked, sibling, stranger}
	for _, header := range all {
		d.judged(t, http.StatusCreated, header, http.DefaultClient)
	}
	runs := d.invocations(t, "authorizer")
	for _, header := range all {
		d.judged(t, http.StatusCreated, header, http.DefaultClient)
	}
	if n := d.invocations(t, "authorizer") - runs; n != 0 {
		t.Errorf("the authorizer has run %d times for answers in the cache", n)
	}

	// With its wait, and the token on standard input.
	out := d.revoke(t, leaked.Get("Authorization"), "--token", "-")
	if !strings.Contains(out, "revoked: token ") || !strings.Contains(out, "in 11s once more") {
		t.Errorf("pha revoke says %s", out)
	}
	d.judged(t, http.StatusForbidden, leaked, http.DefaultClient)
	d.judged(t, http.StatusCreated, sibling, http.DefaultClient)
	d.judged(t, http.StatusCreated, stranger, http.DefaultClient)

	d.revoke(t, "", "--no-wait", "--subject", "usr_abc")
	time.Sleep(1100 * time.Millisecond) // the next second, in which the subject logs in again
	d.judged(t, http.StatusForbidden, sibling, http.DefaultClient)
	d.judged(t, http.StatusCreated, stranger, http.DefaultClient)
	d.judged(t, http.StatusCreated, header("usr_abc", map[string]any{"n": 3}), http.DefaultClient)
	if log := d.log(t, "authorizer"); !bytes.Contains(log, []byte(`"reason":"revoked","error":"revoked: there is an entry for its subject, and it was issued before the entry's moment"`)) {
		t.Error("the authorizer's log does not say why")
	}

	// Without the table nobody gets in whose answer is not in the cache.
	d.AWS.SetOutage("dynamodb", true)
	d.expect(t, http.StatusInternalServerError, "POST", "/events", header("usr_new", nil))
	d.AWS.SetOutage("dynamodb", false)
	if log := d.log(t, "authorizer"); !bytes.Contains(log, []byte(`"error":"looking for revocations: revocation table \"`)) {
		t.Error("the authorizer's log does not say that the table did not answer")
	}
	d.revoke(t, "", "--no-wait", "--undo", "--subject", "usr_abc")
	d.judged(t, http.StatusCreated, sibling, http.DefaultClient)
}
