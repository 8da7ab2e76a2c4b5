package apikey

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/authz"
)

func create(t *testing.T, admin Admin, spec Spec) (Key, Record) {
	t.Helper()
	key, record, err := admin.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return key, record
}

// wantRecord wants the stored record to be this one.
func wantRecord(t *testing.T, admin Admin, want Record) {
	t.Helper()
	got, err := admin.Show(t.Context(), want.CredentialID())
	if err != nil || !reflect.DeepEqual(got.Record, want) {
		t.Errorf("got %+v, %v\nwant %+v", got.Record, err, want)
	}
}

func TestChecklist11Changes(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	_, record := create(t, admin, Spec{Subject: "usr_abc", Tier: "free", Name: "ci", Permissions: []string{"b", "a"}, Life: 24 * time.Hour})
	want := Record{
		Digest: record.Digest, Start: record.Start, Name: "ci", Subject: "usr_abc", Tier: "free", Permissions: []string{"a", "b"},
		CreatedAt: time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), ExpiresAt: time.Date(2026, 3, 2, 12, 0, 30, 0, time.UTC),
	}
	wantRecord(t, admin, want)
	id := record.CredentialID()
	steps := []struct {
		name string
		do   func() (Record, error)
		edit func()
		err  string // after the key's id
	}{
		{"enable", func() (Record, error) { return admin.Enable(ctx, id) }, nil, "the API key cannot be changed so: it is not disabled"},
		{"disable", func() (Record, error) { return admin.Disable(ctx, id) }, func() { want.Disabled = true }, ""},
		{"disable again", func() (Record, error) { return admin.Disable(ctx, id) }, nil, "the API key cannot be changed so: it is disabled already"},
		{"retier", func() (Record, error) { return admin.SetTier(ctx, record.Start, "pro") }, func() { want.Tier = "pro" }, ""},
		{"retier to the same", func() (Record, error) { return admin.SetTier(ctx, id, "pro") }, nil, `the API key cannot be changed so: its tier is "pro" already`},
		{"retier to no name", func() (Record, error) { return admin.SetTier(ctx, id, "P") }, nil, `tier "P": its name is not 1 to 32 lower-case letters, digits and hyphens`},
		{"no permissions", func() (Record, error) { return admin.SetPermissions(ctx, id, nil) }, func() { want.Permissions = nil }, ""},
		{"no permissions again", func() (Record, error) { return admin.SetPermissions(ctx, id, nil) }, nil, ""},
		{"permissions", func() (Record, error) { return admin.SetPermissions(ctx, id, []string{"y", "x"}) }, func() { want.Permissions = []string{"x", "y"} }, ""},
		{"bad permission", func() (Record, error) { return admin.SetPermissions(ctx, id, []string{"x y"}) }, nil, `permission "x y" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`},
		{"enable", func() (Record, error) { return admin.Enable(ctx, id) }, func() { want.Disabled = false }, ""},
	}
	for _, step := range steps {
		got, err := step.do()
		if step.edit != nil {
			step.edit()
		}
		if step.err != "" && fmt.Sprint(err) != fmt.Sprintf("API key %q: %s", id, step.err) || step.err == "" && (err != nil || !reflect.DeepEqual(got, want)) {
			t.Errorf("%s: got %+v, %v", step.name, got, err)
		}
		wantRecord(t, admin, want)
	}
	if _, err := admin.Disable(ctx, id); err != nil {
		t.Fatal(err)
	}
	clock.t = want.ExpiresAt
	if _, err := admin.Enable(ctx, id); fmt.Sprint(err) != fmt.Sprintf("API key %q: the API key cannot be changed so: it expired at 2026-03-02T12:00:30Z and would be refused all the same; create another", id) {
		t.Errorf("got %v", err)
	}
}

// TestChecklist11Rotation: the old key works for the grace period beside the new
// one, not longer.
func TestChecklist11Rotation(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	v := newVerifier(t, Config{Store: c.authorizer(t), now: clock.now})
	oldKey, old := create(t, admin, Spec{Subject: "usr_abc", Tier: "free", Name: "ci", Permissions: []string{"a"}, Life: 48 * time.Hour})
	clock.t = clock.t.Add(time.Hour)
	newKey, successor, replaced, err := admin.Rotate(ctx, old.Start, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	wantReplaced, now := old, clock.t.Truncate(time.Second)
	wantReplaced.ExpiresAt, wantReplaced.ReplacedBy = now.Add(24*time.Hour), successor.CredentialID()
	wantSuccessor := old
	wantSuccessor.Digest, wantSuccessor.Start, wantSuccessor.CreatedAt, wantSuccessor.ExpiresAt = newKey.Digest(), newKey.Start(), now, now.Add(48*time.Hour)
	if !reflect.DeepEqual(replaced, wantReplaced) || !reflect.DeepEqual(successor, wantSuccessor) {
		t.Errorf("got %+v and %+v", replaced, successor)
	}
	wantRecord(t, admin, wantReplaced)
	wantRecord(t, admin, wantSuccessor)
	for _, step := range []struct {
		at  time.Time
		old error
	}{{now, nil}, {now.Add(24*time.Hour - 1), nil}, {now.Add(24 * time.Hour), authz.ErrExpired}} {
		clock.t = step.at
		if _, err := verify(t, v, newKey.Reveal()); err != nil {
			t.Errorf("at %v the new key is refused: %v", step.at, err)
		}
		if _, err := verify(t, v, oldKey.Reveal()); !errors.Is(err, step.old) {
			t.Errorf("at %v the old key gives %v", step.at, err)
		}
	}
	fails := func(name, want string, grace time.Duration) {
		t.Helper()
		before := len(c.items(t, keyTable, ""))
		if _, _, _, err := admin.Rotate(ctx, name, grace); fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if len(c.items(t, keyTable, "")) != before {
			t.Error("a key is left behind")
		}
	}
	fails(old.CredentialID(), fmt.Sprintf("rotating API key %q: the API key cannot be changed so: it has been rotated already, to %s", old.CredentialID(), successor.CredentialID()), 0)
	fails(successor.Start, "rotating an API key: the grace period is -1s, allowed is 0s and more", -time.Second)
	if _, err := admin.Disable(ctx, successor.Start); err != nil {
		t.Fatal(err)
	}
	fails(successor.Start, fmt.Sprintf("rotating API key %q: the API key cannot be changed so: it is disabled", successor.CredentialID()), 0)
	// The grace period lengthens no life, and 0 is none.
	for _, tt := range []struct{ life, grace, want time.Duration }{{time.Hour, 24 * time.Hour, time.Hour}, {time.Hour, 0, 0}, {0, 0, 0}} {
		_, short := create(t, admin, Spec{Subject: "s", Tier: "free", Life: tt.life})
		_, next, replaced, err := admin.Rotate(ctx, short.CredentialID(), tt.grace)
		if err != nil || !replaced.ExpiresAt.Equal(short.CreatedAt.Add(tt.want)) || next.ExpiresAt.IsZero() != (tt.life == 0) {
			t.Errorf("%+v: got %+v, %v", tt, replaced, err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	key, record := create(t, admin, Spec{Subject: "s", Tier: "free"})
	twin := record
	twin.Digest[0] ^= 1
	if err := admin.DynamoDB.putRecord(ctx, twin); err != nil {
		t.Fatal(err)
	}
	ids := []string{record.CredentialID(), twin.CredentialID()}
	slices.Sort(ids)
	for _, tt := range []struct{ name, want string }{
		{record.CredentialID(), ""},
		{twin.CredentialID(), ""},
		{"key_0", `no such API key: "key_0" is neither the credential id nor the start of one in table "events-api-keys"`},
		{"", `no such API key: "" is neither the credential id nor the start of one in table "events-api-keys"`},
		{record.Start, fmt.Sprintf("the API key cannot be changed so: %q is the start of several; say which: %s", record.Start, strings.Join(ids, ", "))},
		{key.Reveal(), "no such API key: what was given is too long for a credential id or a start; if it is a whole API key, it is in the shell's history now: rotate it"},
	} {
		if _, err := admin.Show(ctx, tt.name); fmt.Sprint(err) != tt.want && (tt.want != "" || err != nil) {
			t.Error("the error is not the one wanted for", tt.want)
		}
	}
}

// TestListReadsEveryPage: more keys than a page or a batch has, the oldest
// first, with their last uses.
func TestListReadsEveryPage(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	const keys = 2*maxBatch + 5
	for i := range keys {
		_, record := create(t, admin, Spec{Subject: fmt.Sprint(i), Tier: "free"})
		clock.t = clock.t.Add(time.Second)
		if i%2 == 0 {
			if err := admin.DynamoDB.RecordUse(ctx, record.CredentialID(), clock.t, clock.t); err != nil {
				t.Fatal(err)
			}
		}
	}
	infos, err := admin.List(ctx)
	if err != nil || len(infos) != keys {
		t.Fatalf("got %d keys, %v", len(infos), err)
	}
	for i, info := range infos {
		if info.Subject != fmt.Sprint(i) || info.LastUsed.IsZero() != (i%2 == 1) || i%2 == 0 && info.LastUsed.Sub(info.CreatedAt) != time.Second {
			t.Errorf("key %d is %+v", i, info)
		}
	}
	withoutState := *admin.DynamoDB
	withoutState.state.Name = ""
	infos, err = Admin{DynamoDB: &withoutState}.List(ctx)
	if err != nil || len(infos) != keys || !infos[0].LastUsed.IsZero() {
		t.Errorf("without a state table: %d keys, %v", len(infos), err)
	}
}

func TestCreateErrors(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	good := Spec{Subject: "s", Tier: "free"}
	tests := []struct {
		name, want string
		edit       func(*Spec, *Admin)
	}{
		{"no owner", "the subject is empty", func(s *Spec, _ *Admin) { s.Subject = "" }},
		{"no tier", `tier "": its name is not 1 to 32 lower-case letters, digits and hyphens`, func(s *Spec, _ *Admin) { s.Tier = "" }},
		{"name", "the name is not 1 to 255 bytes of printable characters without a space at either end", func(s *Spec, _ *Admin) { s.Name = "a\n" }},
		{"permission", `permission "a" is there twice`, func(s *Spec, _ *Admin) { s.Permissions = []string{"a", "a"} }},
		{"negative life", "its life is -1s, allowed is 1s and more", func(s *Spec, _ *Admin) { s.Life = -time.Second }},
		{"life of nothing", "its life is 1ns, allowed is 1s and more", func(s *Spec, _ *Admin) { s.Life = 1 }},
		{"prefix", `misconfigured: the prefix of API keys is "P", allowed are 2 to 16 lower-case letters and digits`, func(_ *Spec, a *Admin) { a.Prefix = "P" }},
		{"no table", `API key table "none": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account?`, func(_ *Spec, a *Admin) {
			missing := *a.DynamoDB
			missing.keys.Name = "none"
			a.DynamoDB = &missing
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			spec, admin := good, c.admin(clock)
			tt.edit(&spec, &admin)
			key, _, err := admin.Create(t.Context(), spec)
			if fmt.Sprint(err) != "creating an API key: "+tt.want || key != (Key{}) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestChecklist11AuthorizerMakesNoKey: the authorizer's permissions are not
// enough to store, change or list a key.
func TestChecklist11AuthorizerMakesNoKey(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	_, record := create(t, c.admin(clock), Spec{Subject: "s", Tier: "free"})
	store := c.authorizer(t)
	changed := record
	changed.Tier = "pro"
	for name, call := range map[string]func(context.Context) error{
		"PutItem":    func(ctx context.Context) error { return store.putRecord(ctx, record) },
		"UpdateItem": func(ctx context.Context) error { return store.updateRecord(ctx, record, changed) },
		"DeleteItem": func(ctx context.Context) error { return store.deleteItem(ctx, record.Digest.String()) },
		"Scan":       func(ctx context.Context) error { _, err := store.keys.Items(ctx); return err },
	} {
		if err := call(ctx); !errors.Is(err, authz.ErrMisconfigured) || !strings.Contains(err.Error(), "is not authorized to perform: dynamodb:"+name+" on") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	out, err := c.sdk.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(keyTable)})
	if err != nil || len(out.Items) != 1 {
		t.Errorf("got %v", err)
	}
}
