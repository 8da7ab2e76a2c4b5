package apikey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// TestRotationKeepsPrefix: the authorizer that takes the old key takes the new
// one, whatever the administrator's prefix is.
func TestRotationKeepsPrefix(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	acme := c.admin(clock)
	acme.Prefix = "acme"
	_, old := create(t, acme, Spec{Subject: "s", Tier: "free"})
	key, _, _, err := c.admin(clock).Rotate(t.Context(), old.CredentialID(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, Config{Store: c.authorizer(t), now: clock.now, Prefix: "acme"})
	if _, err := verify(t, v, key.Reveal()); err != nil {
		t.Errorf("the key %s is refused: %v", key, err)
	}
}

// TestRotationRaces: what is taken from a key while it is being rotated is not in
// its successor.
func TestRotationRaces(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(context.Context, *cloud, Admin, Record) error {
		return func(ctx context.Context, c *cloud, _ Admin, r Record) error {
			_, err := c.sdk.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String(keyTable), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: r.Digest.String()}},
				UpdateExpression: aws.String("SET #n = :v"), ExpressionAttributeNames: map[string]string{"#n": name},
				ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: value}},
			})
			return err
		}
	}
	full, bare := Spec{Subject: "s", Tier: "pro", Name: "n", Permissions: []string{"admin:all"}}, Spec{Subject: "s", Tier: "pro"}
	for _, tt := range []struct {
		name string
		spec Spec
		race func(context.Context, *cloud, Admin, Record) error
	}{
		{"tier", full, func(ctx context.Context, _ *cloud, a Admin, r Record) error {
			_, err := a.SetTier(ctx, r.CredentialID(), "free")
			return err
		}},
		{"permissions taken", full, func(ctx context.Context, _ *cloud, a Admin, r Record) error {
			_, err := a.SetPermissions(ctx, r.CredentialID(), nil)
			return err
		}},
		{"permissions given", bare, func(ctx context.Context, _ *cloud, a Admin, r Record) error {
			_, err := a.SetPermissions(ctx, r.CredentialID(), []string{"a"})
			return err
		}},
		{"disabled", full, func(ctx context.Context, _ *cloud, a Admin, r Record) error {
			_, err := a.Disable(ctx, r.CredentialID())
			return err
		}},
		{"rotated", full, func(ctx context.Context, _ *cloud, a Admin, r Record) error {
			_, next, _, err := a.Rotate(ctx, r.CredentialID(), time.Hour)
			if err != nil {
				return err
			}
			_, err = a.Delete(ctx, next.CredentialID())
			return err
		}},
		{"owner", full, set("subject", "t")},
		{"name", full, set("name", "m")},
		{"name given", bare, set("name", "m")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, clock := newCloud(t), newClock()
			admin, raced := c.admin(clock), false
			_, old := create(t, admin, tt.spec)
			racing := newDynamoDB(c.between(t, c.Root(), func(operation string, carryOut func()) bool {
				if operation == "TransactWriteItems" && !raced {
					raced = true
					if err := tt.race(t.Context(), c, admin, old); err != nil {
						t.Error(err)
					}
				}
				carryOut()
				return false
			}))
			key, _, _, err := Admin{DynamoDB: racing, clock: clock.now}.Rotate(t.Context(), old.CredentialID(), time.Hour)
			want := fmt.Sprintf("rotating API key %q: the API key cannot be changed so: somebody else has changed or deleted it meanwhile; look at it and try again", old.CredentialID())
			if fmt.Sprint(err) != want || !errors.Is(err, ErrConflict) || key != (Key{}) || !raced {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if n := len(c.items(t, keyTable, "")); n != 1 {
				t.Errorf("there are %d keys", n)
			}
		})
	}
}

// TestRotateDenied: the error names the permissions of a transaction's parts,
// which has none of its own.
func TestRotateDenied(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	_, old := create(t, c.admin(clock), Spec{Subject: "s", Tier: "free"})
	table := "arn:aws:dynamodb:" + endpointtest.Account.Region + ":" + endpointtest.Account.ID + ":table/" + keyTable
	rotate := func(name, actions string) error {
		admin := Admin{DynamoDB: newDynamoDB(c.Role(t, name, endpointtest.Allow(actions, table))), clock: clock.now}
		_, _, _, err := admin.Rotate(t.Context(), old.CredentialID(), time.Hour)
		return err
	}
	if err := rotate("reader", "dynamodb:Scan"); !strings.HasSuffix(fmt.Sprint(err), "; allow the caller dynamodb:PutItem and dynamodb:UpdateItem on the table") {
		t.Errorf("got %v", err)
	}
	if err := rotate("rotator", "dynamodb:Scan,dynamodb:PutItem,dynamodb:UpdateItem"); err != nil {
		t.Error(err)
	}
}

// TestLostKeys: a key whose record is stored is given, although the answer to
// that was lost or not waited for; and where it cannot be known, the error says
// what to do.
func TestLostKeys(t *testing.T) {
	t.Parallel()
	type attempt struct {
		// what becomes of each write and, after it, of reads
		written, answered, readable, interrupted bool
	}
	for name, tt := range map[string]struct {
		attempt
		given bool
	}{
		"answers lost":              {attempt{written: true, readable: true}, true},
		"interrupted":               {attempt{written: true, answered: true, readable: true, interrupted: true}, true},
		"nothing to be known":       {attempt{written: true}, false},
		"not written":               {attempt{readable: true}, false},
		"interrupted, not written":  {attempt{readable: true, interrupted: true}, false},
		"interrupted, not readable": {attempt{written: true, interrupted: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock := newCloud(t), newClock()
			store := c.authorizer(t)
			_, old := create(t, c.admin(clock), Spec{Subject: "s", Tier: "free"})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var sent atomic.Bool
			env := c.between(t, c.Root(), func(operation string, carryOut func()) bool {
				if !writes(operation) {
					carryOut()
					return sent.Load() && !tt.readable
				}
				sent.Store(true)
				if tt.written {
					carryOut()
				}
				if tt.interrupted {
					cancel()
				}
				return !tt.answered
			})
			admin := Admin{DynamoDB: newDynamoDB(env), clock: clock.now}
			check := func(key Key, err error, want string) {
				t.Helper()
				if tt.given != (err == nil) || tt.given != (key != Key{}) || !tt.given && (!errors.Is(err, ErrUncertain) || !errors.Is(err, authz.ErrUnavailable) || !strings.Contains(err.Error(), want)) {
					t.Errorf("key given %v, %v\nwant %s", key != Key{}, err, want)
				}
				if _, err := store.Key(t.Context(), key.Digest()); tt.given && err != nil {
					t.Error(err)
				}
			}
			key, _, replaced, err := admin.Rotate(ctx, old.CredentialID(), time.Hour)
			check(key, err, "; it may have been done all the same: show "+old.CredentialID()+"; if it says replaced by key_")
			if tt.given {
				wantRecord(t, c.admin(clock), replaced)
			}
			sent.Store(false)
			if tt.interrupted {
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
			}
			key, _, err = admin.Create(ctx, Spec{Subject: "s", Tier: "free"})
			check(key, err, "; it may have been done all the same: list the keys; if key_")
		})
	}
}

// TestUnreadableItems: items that are no records hinder nothing but the work on
// themselves, are named with what to do, and can be deleted.
func TestUnreadableItems(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	key, good := create(t, admin, Spec{Subject: "s", Tier: "free"})
	digest := strings.Repeat("a", 64)
	for _, id := range []string{"note", digest, strings.Repeat("n", 100), key.Reveal()} {
		if _, err := c.sdk.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(keyTable), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}}); err != nil {
			t.Fatal(err)
		}
	}
	const (
		of   = ` of table "events-api-keys": misconfigured: `
		cure = "; repair it, or delete it with aws dynamodb delete-item"
		noID = of + "a record of the API key table: its id is no digest: it is not 64 lower-case hexadecimal digits" + cure
	)
	infos, err := admin.List(ctx)
	if len(infos) != 1 || infos[0].Digest != good.Digest || !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %d keys, %v", len(infos), err)
	}
	for _, want := range []string{
		`item "note"` + noID, `item "` + strings.Repeat("n", 64) + `"…` + noID, "item (not shown: it may be a key)" + noID,
		`item "` + digest + `"` + of + `the record of API key "key_aaaaaaaaaaaaaaaa" has no good attribute "start"` + cure,
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	if lines := strings.Count(fmt.Sprint(err), "\n"); lines != 3 || strings.Contains(fmt.Sprint(err), key.Reveal()) {
		t.Errorf("got %d lines", lines)
	}
	if _, err := admin.Disable(ctx, "note"); fmt.Sprint(err) != `item "note"`+noID {
		t.Errorf("got %v", err)
	}
	if _, err := admin.Delete(ctx, ""); !errors.Is(err, ErrNotFound) { // which is no name of items without a start
		t.Errorf("got %v", err)
	}
	if _, err := admin.Disable(ctx, good.Start); err != nil {
		t.Error(err)
	}
	if gone, err := admin.Delete(ctx, "note"); err != nil || !reflect.DeepEqual(gone, Record{}) {
		t.Errorf("got %+v, %v", gone, err)
	}
	if gone, err := admin.Delete(ctx, "key_aaaaaaaaaaaaaaaa"); err != nil || gone.Digest.String() != digest {
		t.Errorf("got %+v, %v", gone, err)
	}
	if gone, err := admin.Delete(ctx, good.Digest.String()); err != nil || gone.Subject != "s" {
		t.Errorf("got %+v, %v", gone, err)
	}
	if n := len(c.items(t, keyTable, "")); n != 2 {
		t.Errorf("%d items are left", n)
	}
	for i := range maxBad {
		if _, err := c.sdk.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(keyTable), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: fmt.Sprint(i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admin.List(ctx); strings.Count(fmt.Sprint(err), "\n") != maxBad || !strings.HasSuffix(fmt.Sprint(err), "\nand 2 items more") {
		t.Errorf("got %v", err)
	}
}

// TestChangesCheckWhatTheyChange: a record with a value that nobody would let in
// can be disabled and repaired.
func TestChangesCheckWhatTheyChange(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	bad := Record{Digest: Digest{1}, Start: "pha_12345678", Subject: "s\n", Tier: "Gold", Permissions: []string{"a b"}, CreatedAt: clock.t.Truncate(time.Second)}
	if err := admin.DynamoDB.putRecord(ctx, bad); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Disable(ctx, bad.Start); err != nil {
		t.Error(err)
	}
	if _, err := admin.Enable(ctx, bad.Start); err != nil {
		t.Error(err)
	}
	if _, err := admin.SetTier(ctx, bad.Start, "gold"); err != nil {
		t.Error(err)
	}
	if _, err := admin.SetPermissions(ctx, bad.Start, []string{"ab"}); err != nil {
		t.Error(err)
	}
	_, _, _, err := admin.Rotate(ctx, bad.Start, 0)
	if want := fmt.Sprintf("rotating API key %q: the subject has a character that is not printable", bad.CredentialID()); fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestAdminPermissions: those that are documented are enough for everything,
// lost answers included.
func TestAdminPermissions(t *testing.T) {
	t.Parallel()
	for _, losing := range []bool{false, true} {
		c, clock, ctx := newCloud(t), newClock(), t.Context()
		table := "arn:aws:dynamodb:" + endpointtest.Account.Region + ":" + endpointtest.Account.ID + ":table/"
		env := c.Role(t, "admin",
			endpointtest.Allow("dynamodb:GetItem,dynamodb:PutItem,dynamodb:UpdateItem,dynamodb:DeleteItem,dynamodb:Scan", table+keyTable),
			endpointtest.Allow("dynamodb:BatchGetItem", table+stateTable))
		last := ""
		if losing { // the first answer to each operation
			env = c.between(t, env, func(operation string, carryOut func()) bool {
				carryOut()
				repeated := operation == last
				last = operation
				return !repeated
			})
		}
		admin := Admin{DynamoDB: newDynamoDB(env), clock: clock.now}
		_, record := create(t, admin, Spec{Subject: "s", Tier: "free", Life: time.Hour})
		id := record.CredentialID()
		for name, do := range map[string]func() error{
			"SetTier":        func() error { _, err := admin.SetTier(ctx, id, "pro"); return err },
			"SetPermissions": func() error { _, err := admin.SetPermissions(ctx, id, []string{"a"}); return err },
			"Show":           func() error { _, err := admin.Show(ctx, id); return err },
			"List":           func() error { _, err := admin.List(ctx); return err },
		} {
			if err := do(); err != nil {
				t.Errorf("losing %v: %s: %v", losing, name, err)
			}
		}
		if _, err := admin.Disable(ctx, id); err != nil {
			t.Errorf("losing %v: %v", losing, err)
		}
		if _, err := admin.Enable(ctx, id); err != nil {
			t.Errorf("losing %v: %v", losing, err)
		}
		if _, _, _, err := admin.Rotate(ctx, id, time.Minute); err != nil {
			t.Errorf("losing %v: %v", losing, err)
		}
		if _, err := admin.Delete(ctx, id); err != nil {
			t.Errorf("losing %v: %v", losing, err)
		}
	}
}

// TestLookIsReported: a look for a lost key that is refused says so.
func TestLookIsReported(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	table := "arn:aws:dynamodb:" + endpointtest.Account.Region + ":" + endpointtest.Account.ID + ":table/"
	env := c.between(t, c.Role(t, "creator", endpointtest.Allow("dynamodb:PutItem", table+keyTable)), func(operation string, carryOut func()) bool {
		carryOut()
		return writes(operation)
	})
	_, _, err := Admin{DynamoDB: newDynamoDB(env), clock: clock.now}.Create(t.Context(), Spec{Subject: "s", Tier: "free"})
	if !errors.Is(err, ErrUncertain) || !strings.Contains(fmt.Sprint(err), `; looking for it: API key table "events-api-keys": misconfigured: DynamoDB answered status 400, "AccessDeniedException"`) {
		t.Errorf("got %v", err)
	}
}

// TestLostThenRefused: a refusal of the repetition says nothing of the first
// attempt, whose answer was lost.
func TestLostThenRefused(t *testing.T) {
	t.Parallel()
	c, lost := newCloud(t), false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch put := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem"); {
		case put && !lost:
			lost = true
			c.Handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case put:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ExpiredTokenException"}`)
		default:
			c.Handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	env := c.Root()
	env["AWS_ENDPOINT_URL"] = server.URL
	key, _, err := Admin{DynamoDB: newDynamoDB(env)}.Create(t.Context(), Spec{Subject: "s", Tier: "free"})
	if n := len(c.items(t, keyTable, "")); err != nil || key == (Key{}) || n != 1 {
		t.Errorf("got %v, %d keys are stored", err, n)
	}
}
