package apikey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// longest returns permissions that have, as JSON escapes them, as many bytes
// together as are allowed, beginning with first.
func longest(t *testing.T, first string) []string {
	t.Helper()
	var permissions []string
	left := maxPermissionsBytes + 1 // each has one byte between it and the next
	for left > maxPermissionBytes {
		p := fmt.Sprint(first, len(permissions), strings.Repeat("<", 10))
		permissions, left = append(permissions, p), left-len(p)-5*10-1
	}
	permissions = append(permissions, first+strings.Repeat("x", left-len(first)-1))
	if err := CheckPermissions(permissions); err != nil {
		t.Fatal(err)
	}
	more := append([]string{permissions[0] + "y"}, permissions[1:]...)
	if err := CheckPermissions(more); fmt.Sprint(err) != "the permissions have 1025 bytes together, allowed are 1024; give fewer, shorter ones or ones with *" {
		t.Fatalf("one byte more: %v", err)
	}
	return permissions
}

// TestLargestRecordIsLetIn: what Create and NewTiers allow fits into the
// authorizer context.
func TestLargestRecordIsLetIn(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	own, name := longest(t, "own"), strings.Repeat("t", MaxTierBytes)
	tiers, err := NewTiers(map[string]Tier{name: {Permissions: longest(t, "tier"), Quota: Quota{PerMinute: 1, PerDay: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	key, record := create(t, c.admin(clock), Spec{Subject: strings.Repeat("<", authz.MaxSubjectBytes), Tier: name, Permissions: own})
	store := c.authorizer(t)
	v := newVerifier(t, Config{Store: store, Tiers: tiers, now: clock.now})
	h := authz.Handler{Chain: authz.Chain{{Extractor: Header{}, Verifier: v}}, Limiter: newLimiter(t, LimiterConfig{Counters: store, Tiers: tiers, now: clock.now})}
	event := events.APIGatewayV2CustomAuthorizerV2Request{Version: "2.0", RouteKey: "GET /", RawPath: "/", Headers: map[string]string{"x-api-key": key.Reveal()}}
	event.RequestContext.HTTP.Method = "GET"
	answer, err := h.Handle(t.Context(), event)
	if err != nil || !answer.IsAuthorized || answer.Context["credentialId"] != record.CredentialID() {
		t.Fatalf("got %v, %v", answer.IsAuthorized, err)
	}
	encoded, err := json.Marshal(answer.Context)
	if err != nil || len(encoded) > authz.MaxContextBytes || len(encoded) < 2*maxPermissionsBytes+5*authz.MaxSubjectBytes {
		t.Errorf("the context has %d bytes, %v", len(encoded), err)
	}
}

// TestReadsAreConsistent: a key that has been disabled is not let in by an older
// copy of its record, and no administrator works on one.
func TestReadsAreConsistent(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	_, record := create(t, c.admin(clock), Spec{Subject: "s", Tier: "free"})
	consistent := map[string]bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ ConsistentRead bool }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil {
			t.Error(err)
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		consistent[operation] = in.ConsistentRead
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		c.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	env := c.Root()
	env["AWS_ENDPOINT_URL"] = proxy.URL
	store := newDynamoDB(env)
	if _, err := store.Key(t.Context(), record.Digest); err != nil {
		t.Error(err)
	}
	if _, err := store.keys.Items(t.Context()); err != nil {
		t.Error(err)
	}
	if !consistent["GetItem"] || !consistent["Scan"] || len(consistent) != 2 {
		t.Errorf("got %v", consistent)
	}
}

// TestTimeLimits: an authorizer is done, or gives up, within the 10 s that API
// Gateway waits for it; and one exchange leaves time for another.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	if all := 3*defaultTimeout + useTimeout; all >= 10*time.Second {
		t.Errorf("three calls and a use may take %v", all)
	}
	for timeout, want := range map[time.Duration]time.Duration{time.Hour: 48 * time.Minute, 0: 2 * time.Second} {
		var left time.Duration
		refused := errors.New("no credentials")
		store := NewDynamoDB(DynamoDBConfig{
			KeyTable: "t", Timeout: timeout, Getenv: endpointtest.Environment{"AWS_REGION": "eu-central-1"}.Get,
			sleep: func(context.Context, time.Duration) error { return refused },
			Credentials: func(ctx context.Context) (aws.Credentials, error) {
				end, _ := ctx.Deadline()
				left = time.Until(end)
				return aws.Credentials{}, refused
			},
		})
		if _, err := store.Key(t.Context(), Digest{}); !errors.Is(err, authz.ErrUnavailable) || left > want || left < want*9/10 {
			t.Errorf("of %v an exchange may take %v, want %v: %v", timeout, left, want, err)
		}
	}
}

// TestAnswersThatAreNoneFailClosed: what is not DynamoDB's answer counts no
// request, and is no record.
func TestAnswersThatAreNoneFailClosed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"<html>log in to the hotel</html>", "null", "", "[]"} {
		store := answering(t, http.StatusOK, body)
		room, err := store.Count(t.Context(), "w", 1, newClock().t)
		if room || !errors.Is(err, authz.ErrUnavailable) {
			t.Errorf("%q: room %v, %v", body, room, err)
		}
		if _, err := store.Key(t.Context(), Digest{}); !errors.Is(err, authz.ErrUnavailable) || errors.Is(err, authz.ErrUnknownKey) {
			t.Errorf("%q: got %v", body, err)
		}
		_, _, err = Admin{DynamoDB: store}.Create(t.Context(), Spec{Subject: "s", Tier: "free"})
		if !errors.Is(err, ErrUncertain) {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// TestUnprocessedKeys: what DynamoDB leaves unread is read later, after a pause;
// and not for ever.
func TestUnprocessedKeys(t *testing.T) {
	t.Parallel()
	var pauses []time.Duration
	perCall, calls := 40, 0 // how many keys are read of each request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		type request struct{ Keys []awsjson.Item }
		var in struct{ RequestItems map[string]request }
		var out struct {
			Responses       map[string][]awsjson.Item
			UnprocessedKeys map[string]request
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		keys := in.RequestItems[stateTable].Keys
		read := keys[:min(perCall, len(keys))]
		for _, key := range read {
			key["lastUsed"] = awsjson.Number(1700000000)
		}
		out.Responses = map[string][]awsjson.Item{stateTable: read}
		if left := keys[len(read):]; len(left) > 0 {
			out.UnprocessedKeys = map[string]request{stateTable: {left}}
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	env := endpointtest.Environment{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.URL}
	store := NewDynamoDB(DynamoDBConfig{StateTable: stateTable, Timeout: time.Minute, Getenv: env.Get, sleep: func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}})
	var records []Record
	for i := range maxBatch + 20 {
		records = append(records, Record{Digest: Digest{byte(i)}})
	}
	used, err := store.lastUsed(t.Context(), records)
	if err != nil || len(used) != len(records) || calls != 3 || len(pauses) != 2 {
		t.Errorf("got %d uses, %v, in %d calls with the pauses %v", len(used), err, calls, pauses)
	}
	for _, d := range used {
		if !d.Equal(time.Unix(1700000000, 0)) {
			t.Errorf("got %v", d)
		}
	}
	perCall, calls = 10, 0 // what gets on, if slowly, is not given up
	if used, err = store.lastUsed(t.Context(), records); err != nil || len(used) != len(records) || calls != 12 {
		t.Errorf("got %d uses, %v, in %d calls", len(used), err, calls)
	}
	perCall, calls, pauses = 0, 0, nil
	used, err = store.lastUsed(t.Context(), records[:2])
	if want := `table "events-authorizer-state": unavailable: DynamoDB leaves 2 items unread; try again later`; fmt.Sprint(err) != want || !errors.Is(err, authz.ErrUnavailable) || len(used) != 0 || calls != maxVain+1 || len(pauses) != maxVain {
		t.Errorf("got %v, in %d calls with the pauses %v", err, calls, pauses)
	}
	for i := 1; i < len(pauses); i++ {
		if pauses[i] < pauses[i-1] {
			t.Errorf("the pauses %v do not grow", pauses)
		}
	}
}

// TestStateTableFails: keys are shown all the same.
func TestStateTableFails(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	_, record := create(t, admin, Spec{Subject: "s", Tier: "free"})
	_, other := create(t, admin, Spec{Subject: "s", Tier: "free"})
	gone := *admin.DynamoDB
	gone.state.Name = "gone"
	const missing = `state table "gone": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account?`
	failing := Admin{DynamoDB: &gone, clock: clock.now}
	info, err := failing.Show(ctx, record.CredentialID())
	if want := fmt.Sprintf("reading when API key %q was last used: %s", record.CredentialID(), missing); fmt.Sprint(err) != want || info.Digest != record.Digest || !info.LastUsed.IsZero() {
		t.Errorf("got %+v, %v", info, err)
	}
	infos, err := failing.List(ctx)
	if fmt.Sprint(err) != "listing API keys: reading when they were last used: "+missing || len(infos) != 2 {
		t.Errorf("got %d keys, %v", len(infos), err)
	}
	// One bad item leaves the others.
	for id, value := range map[string]types.AttributeValue{record.CredentialID(): &types.AttributeValueMemberS{Value: "x"}, other.CredentialID(): &types.AttributeValueMemberN{Value: "1700000000"}} {
		if _, err := c.sdk.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(stateTable), Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: "used#" + id}, "lastUsed": value,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	infos, err = admin.List(ctx)
	if want := fmt.Sprintf(`listing API keys: reading when they were last used: item "used#%s" of table "events-authorizer-state": attribute "lastUsed": it is no number; delete the item`, record.CredentialID()); fmt.Sprint(err) != want || len(infos) != 2 {
		t.Errorf("got %d keys, %v\nwant %s", len(infos), err, want)
	}
	for _, info := range infos {
		if info.LastUsed.IsZero() != (info.Digest == record.Digest) {
			t.Errorf("got %+v", info)
		}
	}
}

// TestAdminOfNothing: what is forgotten is said, and nothing panics.
func TestAdminOfNothing(t *testing.T) {
	t.Parallel()
	const want = "misconfigured: apikey.Admin.DynamoDB is not set; make it with NewDynamoDB"
	for _, admin := range []Admin{{}, {DynamoDB: &DynamoDB{}}} {
		ctx := t.Context()
		for name, do := range map[string]func() error{
			"creating an API key: ": func() error { _, _, err := admin.Create(ctx, Spec{Subject: "s", Tier: "t"}); return err },
			"listing API keys: ":    func() error { _, err := admin.List(ctx); return err },
			"":                      func() error { _, err := admin.Show(ctx, "key_1"); return err },
		} {
			if err := do(); fmt.Sprint(err) != name+want || !errors.Is(err, authz.ErrMisconfigured) {
				t.Errorf("got %v, want %s", err, name+want)
			}
		}
		for _, do := range []func(context.Context, string) (Record, error){admin.Disable, admin.Enable, admin.Delete} {
			if _, err := do(ctx, "key_1"); fmt.Sprint(err) != want {
				t.Errorf("got %v", err)
			}
		}
		if _, _, _, err := admin.Rotate(ctx, "key_1", 0); fmt.Sprint(err) != want {
			t.Errorf("got %v", err)
		}
	}
}

// TestTimesAreWholeSecondsUntil9999: what is stored is what was said.
func TestTimesAreWholeSecondsUntil9999(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	_, record := create(t, admin, Spec{Subject: "s", Tier: "free", Life: 90*time.Minute + 700*time.Millisecond})
	wantRecord(t, admin, record)
	_, next, replaced, err := admin.Rotate(ctx, record.CredentialID(), 1500*time.Millisecond)
	if err != nil || replaced.ExpiresAt.Nanosecond() != 0 {
		t.Fatalf("got %+v, %v", replaced, err)
	}
	wantRecord(t, admin, replaced)
	wantRecord(t, admin, next)
	const tooLate = "its expiry is outside the years 1970 to 9999; give it a shorter life, or none"
	clock.t = time.Date(9999, 12, 31, 22, 0, 0, 0, time.UTC)
	if _, _, err := admin.Create(ctx, Spec{Subject: "s", Tier: "free", Life: 2 * time.Hour}); fmt.Sprint(err) != "creating an API key: "+tooLate {
		t.Errorf("got %v", err)
	}
	_, last := create(t, admin, Spec{Subject: "s", Tier: "free", Life: 2*time.Hour - time.Second})
	wantRecord(t, admin, last)
	_, forever := create(t, admin, Spec{Subject: "s", Tier: "free"})
	if _, _, _, err := admin.Rotate(ctx, forever.CredentialID(), 2*time.Hour); fmt.Sprint(err) != fmt.Sprintf("rotating API key %q: %s", forever.CredentialID(), tooLate) {
		t.Errorf("got %v", err)
	}
}
