package apikey

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// storeFunc is a function as a Store.
type storeFunc func(Digest) (Record, error)

func (f storeFunc) Key(_ context.Context, d Digest) (Record, error) { return f(d) }

func newVerifier(t testing.TB, cfg Config) *Verifier {
	t.Helper()
	if len(cfg.Tiers.byName) == 0 {
		cfg.Tiers = testTiers(t)
	}
	v, err := NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verify verifies a key as it comes from its header.
func verify(t testing.TB, v *Verifier, key string) (authz.Principal, error) {
	t.Helper()
	return v.Verify(t.Context(), authz.Request{}, authz.NewCredential(Scheme, key))
}

// wantError wants an error's text, its sentinel and, in its CredentialError,
// the id of the key.
func wantError(t *testing.T, err error, text string, sentinel error, id string) {
	t.Helper()
	if fmt.Sprint(err) != text || !errors.Is(err, sentinel) {
		t.Errorf("got error\n%v\nwant\n%s", err, text)
	}
	var described *authz.CredentialError
	if errors.As(err, &described) != (id != "") || described != nil && (described.CredentialID != id || described.Method != "APIKey") {
		t.Errorf("the error is about %+v, want %q", described, id)
	}
}

// TestChecklist11States lets a key go through its states, against DynamoDB,
// with the authorizer's permissions only.
func TestChecklist11States(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	admin, ctx := c.admin(clock), t.Context()
	v := newVerifier(t, Config{Store: c.authorizer(t), now: clock.now})
	key, record, err := admin.Create(ctx, Spec{Subject: "usr_abc", Tier: "free", Name: "ci", Permissions: []string{"events:read", "events:delete"}, Life: 90 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	id := record.CredentialID()
	p, err := verify(t, v, key.Reveal())
	want := authz.Principal{Identity: authz.Identity{
		Subject: "usr_abc", Method: "APIKey", CredentialID: id, Tier: "free",
		Permissions: []string{"events:delete", "events:read"}, ExpiresAt: time.Date(2026, 3, 1, 13, 0, 30, 0, time.UTC),
	}, IssuedAt: record.CreatedAt, KeyID: id}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Fatalf("got %+v, %v, want %+v", p, err, want)
	}
	if _, err := admin.Disable(ctx, id); err != nil {
		t.Fatal(err)
	}
	_, err = verify(t, v, key.Reveal())
	wantError(t, err, "revoked: the API key is disabled", authz.ErrRevoked, id)
	if _, err := admin.Enable(ctx, record.Start); err != nil {
		t.Fatal(err)
	}
	clock.t = record.ExpiresAt.Add(-time.Nanosecond)
	if p, err = verify(t, v, key.Reveal()); err != nil || !p.ExpiresAt.Equal(record.ExpiresAt) {
		t.Errorf("got %+v, %v", p, err)
	}
	clock.t = record.ExpiresAt
	_, err = verify(t, v, key.Reveal())
	wantError(t, err, "expired: the API key expired at 2026-03-01T13:30:30Z", authz.ErrExpired, id)
	if _, err := admin.Delete(ctx, id); err != nil {
		t.Fatal(err)
	}
	_, err = verify(t, v, key.Reveal())
	wantError(t, err, "looking up an API key: unknown key: there is no such API key", authz.ErrUnknownKey, id)
}

// TestChecklist11OnlyDigestIsStored looks for the key in the table.
func TestChecklist11OnlyDigestIsStored(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	key, record, err := c.admin(clock).Create(t.Context(), Spec{Subject: "usr_abc", Tier: "free"})
	if err != nil {
		t.Fatal(err)
	}
	items := c.items(t, keyTable, "")
	if len(items) != 1 || !reflect.DeepEqual(items[0], map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: record.Digest.String()}, "start": &types.AttributeValueMemberS{Value: key.Start()},
		"subject": &types.AttributeValueMemberS{Value: "usr_abc"}, "tier": &types.AttributeValueMemberS{Value: "free"},
		"status": &types.AttributeValueMemberS{Value: "active"}, "createdAt": &types.AttributeValueMemberN{Value: "1772366430"},
	}) {
		t.Error("the item is not what is documented")
	}
	if strings.Contains(c.console.String(), key.Reveal()) {
		t.Error("the key has been sent")
	}
}

// TestChecklist11NoLookUpOfWhatIsNoKey: prefix and checksum come before any
// call.
func TestChecklist11NoLookUpOfWhatIsNoKey(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	v := newVerifier(t, Config{Store: storeFunc(func(Digest) (Record, error) {
		calls.Add(1)
		return Record{}, authz.ErrUnknownKey
	})})
	for _, text := range []string{"", "pha_", exampleKey[:52], exampleKey + "0", exampleKey[:52] + "0", strings.ToUpper(exampleKey), "sk_" + exampleKey[4:]} {
		if _, err := verify(t, v, text); err == nil || calls.Load() != 0 {
			t.Errorf("%q: got %v and %d look-ups", text, err, calls.Load())
		}
	}
	if _, err := verify(t, v, exampleKey); !errors.Is(err, authz.ErrUnknownKey) || calls.Load() != 1 {
		t.Errorf("got %v and %d look-ups", err, calls.Load())
	}
}

// TestChecklist11OutageFailsClosed: no DynamoDB is a fault, or by an explicit
// option a denial, never an allow; and it ends without a restart.
func TestChecklist11OutageFailsClosed(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	key, record, err := c.admin(clock).Create(t.Context(), Spec{Subject: "usr_abc", Tier: "free"})
	if err != nil {
		t.Fatal(err)
	}
	store := c.authorizer(t)
	v := newVerifier(t, Config{Store: store, now: clock.now})
	for range 2 {
		if _, err := verify(t, v, key.Reveal()); err != nil {
			t.Fatal(err)
		}
		c.Stop()
		_, err = verify(t, v, key.Reveal())
		if !errors.Is(err, authz.ErrUnavailable) || !strings.HasPrefix(fmt.Sprint(err), "looking up an API key: API key table \"events-api-keys\": unavailable: calling DynamoDB: ") {
			t.Errorf("got %v", err)
		}
		wantError(t, err, err.Error(), authz.ErrUnavailable, record.CredentialID())
		c.Restart(t)
	}
}

// TestFaultsOfTheDeployment are no denials.
func TestFaultsOfTheDeployment(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	key, record, err := c.admin(clock).Create(t.Context(), Spec{Subject: "usr_abc", Tier: "gold"})
	if err != nil {
		t.Fatal(err)
	}
	root := c.root()
	with := func(name, value string) *DynamoDB {
		return NewDynamoDB(DynamoDBConfig{Timeout: time.Minute, Getenv: func(n string) string {
			if n == name {
				return value
			}
			return root[n]
		}})
	}
	tests := []struct {
		name, text string
		store      Store
	}{
		{"unknown tier", `misconfigured: there is no tier "gold"; change the key's tier, or add the tier to the authorizer`, with("", "")},
		{"no table", `looking up an API key: API key table "other": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account?`, with("API_KEY_TABLE_NAME", "other")},
		{"no name", `looking up an API key: misconfigured: the name of the API key table is not set; set API_KEY_TABLE_NAME to it`, with("API_KEY_TABLE_NAME", "")},
		{"no permission", `looking up an API key: API key table "events-api-keys": misconfigured: DynamoDB answered status 400, "AccessDeniedException": "User: arn:aws:sts::000000000000:assumed-role/nobody/nobody is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:eu-central-1:000000000000:table/events-api-keys because no identity-based policy allows the dynamodb:GetItem action"; allow the caller dynamodb:GetItem on the table`, newDynamoDB(c.Role(t, "nobody"))},
		{"another record", "misconfigured: the store gave the record of another API key", storeFunc(func(Digest) (Record, error) { return Record{}, nil })},
		{"no owner", "misconfigured: the record of the API key: the subject is empty", storeFunc(func(d Digest) (Record, error) { return Record{Digest: d, Tier: "free"}, nil })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(t, newVerifier(t, Config{Store: tt.store, now: clock.now}), key.Reveal())
			wantError(t, err, tt.text, authz.ErrMisconfigured, record.CredentialID())
		})
	}
}

// TestRecordsThatCannotBeReadFailClosed writes items as a hand would.
func TestRecordsThatCannotBeReadFailClosed(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	key, record, err := c.admin(clock).Create(t.Context(), Spec{Subject: "usr_abc", Tier: "free", Life: time.Hour, Permissions: []string{"a"}, Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	good := c.items(t, keyTable, "")[0]
	v := newVerifier(t, Config{Store: c.authorizer(t), now: clock.now})
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	for attribute, values := range map[string][]types.AttributeValue{
		"status":      {nil, s(""), s("ACTIVE"), s("expired"), &types.AttributeValueMemberBOOL{Value: true}},
		"expiresAt":   {s("1772366430"), n("0"), n("-1"), n("1e30"), n("253402300800"), n("1.5"), &types.AttributeValueMemberNULL{Value: true}},
		"createdAt":   {nil, s("x")},
		"subject":     {nil, s(""), n("1")},
		"tier":        {nil, n("1")},
		"start":       {nil},
		"name":        {n("1")},
		"replacedBy":  {n("1")},
		"permissions": {s("a"), &types.AttributeValueMemberL{Value: []types.AttributeValue{s("a")}}, &types.AttributeValueMemberNS{Value: []string{"1"}}},
	} {
		for _, value := range values {
			bad := map[string]types.AttributeValue{}
			for name, v := range good {
				bad[name] = v
			}
			bad[attribute] = value
			if value == nil {
				delete(bad, attribute)
			}
			if _, err := c.sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(keyTable), Item: bad}); err != nil {
				t.Fatal(err)
			}
			_, err := verify(t, v, key.Reveal())
			wantError(t, err, fmt.Sprintf("looking up an API key: misconfigured: the record of API key %q has no good attribute %q", record.CredentialID(), attribute), authz.ErrMisconfigured, record.CredentialID())
		}
	}
}

func TestVerifierJudgesOnlyKeys(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, Config{Store: storeFunc(func(Digest) (Record, error) { return Record{}, authz.ErrUnknownKey })})
	for name, credential := range map[string]authz.Credential{
		"another scheme": authz.NewCredential("Signature", exampleKey),
		"a token":        authz.NewCredential(authz.BearerScheme, "a.b.c"),
		"zero":           {},
	} {
		if _, err := v.Verify(t.Context(), authz.Request{}, credential); !errors.Is(err, authz.ErrNotApplicable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewVerifierErrors(t *testing.T) {
	t.Parallel()
	store := storeFunc(func(Digest) (Record, error) { return Record{}, nil })
	for want, cfg := range map[string]Config{
		"misconfigured: apikey.Config.Store is not set":                                                     {Tiers: testTiers(t)},
		"misconfigured: apikey.Config.Tiers is not set; make them with NewTiers":                            {Store: store},
		`misconfigured: the prefix of API keys is "Pha", allowed are 2 to 16 lower-case letters and digits`: {Store: store, Tiers: testTiers(t), Prefix: "Pha"},
	} {
		if _, err := NewVerifier(cfg); fmt.Sprint(err) != want || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
