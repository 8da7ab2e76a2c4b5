package local

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
)

// TestMethods deploys the Events API with every method of authentication and
// uses each of them.
func TestMethods(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{
		Project: repository, Stack: "dev", Settings: map[string]string{"authMethods": "jwt,apikey,signature"},
		Concurrency: 2 * (trialQuota + beyondQuota), // an authorizer and a handler for each request at once
	})
	d.verify(t, 0)
	d.verifyByCommand(t)
	d.testTokenPermissions(t)
	try := Tries(d.Deployment)
	wantTries(t, try,
		"DELETE /events/{id}: none 401, bad 403, token 404, expired 403, apikey 404, signature 404, own 401",
		"GET /events: none 200, own 200",
		"GET /events/{id}: none 404, own 404",
		"POST /events: none 401, bad 403, token 201, expired 403, apikey 201, signature 201, own 401",
	)
	d.testAPIKeys(t)
	d.testQuota(t)
	d.testReplay(t)
	d.testOneCredential(t)
	d.testTableOutage(t)

	// Back to tokens alone: another authorizer, and no tables.
	d.set(t, "authMethods", "jwt")
	d.up(t, map[string]int{"create": 6, "update": 4, "delete": 8})
	d.verify(t, 0)
	wantTries(t, try,
		"DELETE /events/{id}: none 401, bad 403, token 404, expired 403, own 401",
		"GET /events: none 200, own 200",
		"GET /events/{id}: none 404, own 404",
		"POST /events: none 401, bad 403, token 201, expired 403, own 401",
	)
}

func (d deployed) testTokenPermissions(t *testing.T) {
	t.Helper()
	for _, tt := range []struct {
		name          string
		claims        map[string]any
		create, erase int
	}{
		{"none", nil, 403, 403},
		{"one, as a scope", map[string]any{"scope": "events:write other"}, 201, 403},
		{"one, as a permission", map[string]any{"permissions": []string{"events:delete"}, "scope": "events:write"}, 403, 404},
		{"all", map[string]any{"permissions": []string{"events:*"}}, 201, 404},
		{"of another type", map[string]any{"permissions": "events:*"}, 403, 403},
	} {
		header := with("Authorization", "Bearer "+d.signToken(t, d.Secret, tt.claims))
		if status, body := d.call(t, "POST", "/events", anEvent, header, http.DefaultClient); status != tt.create {
			t.Errorf("%s: POST is %d, not %d: %s", tt.name, status, tt.create, body)
		}
		if status, body := d.call(t, "DELETE", "/events/evt_00000000000000000000000000", "", header, http.DefaultClient); status != tt.erase {
			t.Errorf("%s: DELETE is %d, not %d: %s", tt.name, status, tt.erase, body)
		}
	}
}

// admin administers the stack's API keys.
func (d deployed) admin(t testing.TB) apikey.Admin {
	t.Helper()
	keys, err := d.Output("apiKeyTableName")
	if err != nil {
		t.Fatal(err)
	}
	state, err := d.Output("stateTableName")
	if err != nil {
		t.Fatal(err)
	}
	env := d.AWS.Environment()
	return apikey.Admin{DynamoDB: apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: keys, StateTable: state,
		Getenv: func(name string) string { return env[name] },
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"]}, nil
		},
	})}
}

func (d deployed) newKey(t testing.TB, spec apikey.Spec) (http.Header, apikey.Record) {
	t.Helper()
	key, record, err := d.admin(t).Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return with("X-Api-Key", d.credentials.add(key.Reveal())), record
}

func (d deployed) testAPIKeys(t *testing.T) {
	t.Helper()
	admin := d.admin(t)
	key, record := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	status, body := d.call(t, "POST", "/events", anEvent, key, http.DefaultClient)
	if status != http.StatusCreated || !strings.Contains(body, `"createdBy":"usr_key"`) {
		t.Fatalf("POST with a key is %d: %s", status, body)
	}
	d.expect(t, http.StatusForbidden, "DELETE", "/events/evt_1", key)

	// Every change holds for the next request: nothing is cached.
	if _, err := admin.SetTier(t.Context(), record.CredentialID(), "partner"); err != nil {
		t.Fatal(err)
	}
	d.expect(t, http.StatusNotFound, "DELETE", "/events/evt_00000000000000000000000000", key)
	if _, err := admin.Disable(t.Context(), record.CredentialID()); err != nil {
		t.Fatal(err)
	}
	d.expect(t, http.StatusForbidden, "POST", "/events", key)
	if _, err := admin.Enable(t.Context(), record.CredentialID()); err != nil {
		t.Fatal(err)
	}
	d.expect(t, http.StatusCreated, "POST", "/events", key)
	d.testLastUsed(t, admin, key, record)
	if _, err := admin.Delete(t.Context(), record.CredentialID()); err != nil {
		t.Fatal(err)
	}
	d.expect(t, http.StatusForbidden, "POST", "/events", key)
	d.expect(t, http.StatusForbidden, "POST", "/events", with("X-Api-Key", "pha_not-a-key"))
	d.expect(t, http.StatusUnauthorized, "POST", "/events", nil)

	// A tier that the authorizer does not have is nobody's fault but ours.
	strange, _ := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "strange"})
	d.expect(t, http.StatusInternalServerError, "POST", "/events", strange)
}

// testLastUsed wants the use of a key to be recorded. A request waits half a
// second for that, so that a busy machine may miss it, and its environment then
// does not try again for minutes: another key's is recorded anew.
func (d deployed) testLastUsed(t *testing.T, admin apikey.Admin, key http.Header, record apikey.Record) {
	t.Helper()
	for range maxAttempts {
		d.expect(t, http.StatusCreated, "POST", "/events", key)
		info, err := admin.Show(t.Context(), record.CredentialID())
		if err != nil {
			t.Fatal(err)
		}
		if !info.LastUsed.IsZero() {
			return
		}
		key, record = d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	}
	t.Errorf("of %d keys that were used, none was last used at any time", maxAttempts)
}

// trialQuota is how many requests a day a key of the tier trial is good for, and
// beyondQuota how many more are sent.
const trialQuota, beyondQuota = 100, 50

// maxAttempts is how often what a busy machine can spoil is tried.
const maxAttempts = 3

// testQuota sends more requests at once than the key is good for: exactly as many
// as that pass. Where a write to the counter took too long on a busy machine,
// its request is a 500, and it may have counted, even twice: fewer pass then,
// which is as documented, and proves nothing. So it is tried again with a new
// key; but more than the quota pass at no time.
func (d deployed) testQuota(t *testing.T) {
	t.Helper()
	var counts map[int]int
	for attempt := 0; attempt < maxAttempts; {
		day := time.Now().UTC().YearDay()
		counts = d.storm(t, trialQuota+beyondQuota)
		if time.Now().UTC().YearDay() != day {
			continue // a new day, with a new quota, began meanwhile
		}
		passed, refused, failed := counts[http.StatusCreated], counts[http.StatusForbidden], counts[http.StatusInternalServerError]
		switch {
		case passed > trialQuota || passed+refused+failed != trialQuota+beyondQuota:
			t.Fatalf("the answers are %v, want %d times 201 and %d times 403", counts, trialQuota, beyondQuota)
		case passed == trialQuota && refused == beyondQuota:
			return
		}
		attempt++
		t.Logf("the answers are %v; once more with another key", counts)
	}
	t.Errorf("the answers are %v, want %d times 201 and %d times 403", counts, trialQuota, beyondQuota)
}

// storm sends n requests at once with a new key, and counts the answers by
// status.
func (d deployed) storm(t *testing.T, n int) map[int]int {
	t.Helper()
	key, _ := d.newKey(t, apikey.Spec{Subject: "usr_trial", Tier: "trial"})
	var mu sync.Mutex
	counts := map[int]int{}
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			status, _ := d.call(t, "POST", "/events", anEvent, key, http.DefaultClient)
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	wait.Wait()
	return counts
}

// recorder keeps the last request that it sent, as it was signed.
type recorder struct{ last http.Header }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.last = req.Header.Clone()
	return http.DefaultTransport.RoundTrip(req)
}

// signing returns a client that signs with the deployment's key.
func (d deployed) signing(t testing.TB) (*http.Client, *recorder) {
	t.Helper()
	key, err := authz.NewHMACKey(authz.HS256, SigningKeyID, d.SigningKey)
	if err != nil {
		t.Fatal(err)
	}
	record := &recorder{}
	return &http.Client{Transport: &httpsig.Signer{Key: key, Base: record}}, record
}

// testReplay sends signed requests twice, and with another body.
func (d deployed) testReplay(t *testing.T) {
	t.Helper()
	client, sent := d.signing(t)
	status, body := d.call(t, "POST", "/events", anEvent, nil, client)
	if status != http.StatusCreated || !strings.Contains(body, `"createdBy":"`+SigningKeyID+`"`) {
		t.Fatalf("a signed POST is %d: %s", status, body)
	}
	d.expect(t, http.StatusForbidden, "POST", "/events", sent.last)

	if status, body = d.call(t, "DELETE", "/events/evt_00000000000000000000000000", "", nil, client); status != http.StatusNotFound {
		t.Fatalf("a signed DELETE is %d: %s", status, body)
	}
	d.expect(t, http.StatusForbidden, "DELETE", "/events/evt_00000000000000000000000000", sent.last)

	// What is signed for one request is good for no other.
	intercepted := errors.New("intercepted")
	key := client.Transport.(*httpsig.Signer).Key
	for _, tt := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"another path", "POST", "/events/x", anEvent, http.StatusNotFound}, // no such route
		{"another method", "DELETE", "/events/evt_1", anEvent, http.StatusForbidden},
		{"another query", "POST", "/events?a=b", anEvent, http.StatusForbidden},
		{"another body", "POST", "/events", `{"name":"y"}`, http.StatusBadRequest},
	} {
		var signed http.Header
		stop := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			signed = r.Header.Clone()
			return nil, intercepted
		})
		url, _ := d.Output("apiUrl")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/events", bytes.NewReader([]byte(anEvent)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (&http.Client{Transport: &httpsig.Signer{Key: key, Base: stop}}).Do(req); !errors.Is(err, intercepted) {
			t.Fatal(err)
		}
		if status, body := d.call(t, tt.method, tt.path, tt.body, signed, http.DefaultClient); status != tt.want {
			t.Errorf("%s: %d, not %d: %s", tt.name, status, tt.want, body)
		}
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (d deployed) testOneCredential(t *testing.T) {
	t.Helper()
	key, _ := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	key.Set("Authorization", "Bearer "+d.token(t))
	d.expect(t, http.StatusForbidden, "POST", "/events", key)
}

// testTableOutage: without its tables the authorizer lets nobody in who needs
// them, and goes on as soon as they are back.
func (d deployed) testTableOutage(t *testing.T) {
	t.Helper()
	key, _ := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "standard"})
	client, _ := d.signing(t)
	starts := d.initialisations(t, "multiauthorizer-jwt-apikey-signature")
	d.AWS.SetOutage("dynamodb", true)
	d.expect(t, http.StatusInternalServerError, "POST", "/events", key)
	if status, _ := d.call(t, "POST", "/events", anEvent, nil, client); status != http.StatusInternalServerError {
		t.Errorf("a signed POST is %d, not 500", status)
	}
	d.AWS.SetOutage("dynamodb", false)
	d.expect(t, http.StatusCreated, "POST", "/events", key)
	if status, _ := d.call(t, "POST", "/events", anEvent, nil, client); status != http.StatusCreated {
		t.Errorf("a signed POST is %d, not 201", status)
	}
	if after := d.initialisations(t, "multiauthorizer-jwt-apikey-signature"); after != starts {
		t.Errorf("the authorizer started %d times more", after-starts)
	}
}

// initialisations counts how often an authorizer has started.
func (d deployed) initialisations(t testing.TB, function string) int {
	t.Helper()
	return bytes.Count(d.log(t, function), []byte("Init Duration: "))
}
