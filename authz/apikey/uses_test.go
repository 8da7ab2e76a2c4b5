package apikey

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// useFunc is a function as a UseStore.
type useFunc func(ctx context.Context, id string, now, since time.Time) error

func (f useFunc) RecordUse(ctx context.Context, id string, now, since time.Time) error {
	return f(ctx, id, now, since)
}

// TestChecklist11LastUsed: at most one write an interval and environment, one
// an interval that changes anything, and the administrator sees it.
func TestChecklist11LastUsed(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	admin, ctx, store := c.admin(clock), t.Context(), c.authorizer(t)
	key, record, err := admin.Create(ctx, Spec{Subject: "usr_abc", Tier: "free"})
	if err != nil {
		t.Fatal(err)
	}
	var writes int
	counted := useFunc(func(ctx context.Context, id string, now, since time.Time) error {
		writes++
		return store.RecordUse(ctx, id, now, since)
	})
	environments := []*Verifier{
		newVerifier(t, Config{Store: store, Uses: counted, now: clock.now}),
		newVerifier(t, Config{Store: store, Uses: counted, now: clock.now}),
	}
	for _, v := range environments {
		v.uses.timeout = time.Minute // a machine with other work may be slow
	}
	use := func() time.Time {
		t.Helper()
		for _, v := range environments {
			for range 3 {
				if _, err := verify(t, v, key.Reveal()); err != nil {
					t.Fatal(err)
				}
			}
		}
		info, err := admin.Show(ctx, record.CredentialID())
		if err != nil {
			t.Fatal(err)
		}
		return info.LastUsed
	}
	if info, err := admin.Show(ctx, record.CredentialID()); err != nil || !info.LastUsed.IsZero() {
		t.Errorf("got %v, %v before the first use", info.LastUsed, err)
	}
	first := clock.t.Truncate(time.Second)
	if got := use(); !got.Equal(first) || writes != 2 {
		t.Errorf("got %v and %d writes", got, writes)
	}
	clock.t = clock.t.Add(5*time.Minute - time.Second)
	if got := use(); !got.Equal(first) || writes != 2 {
		t.Errorf("got %v and %d writes", got, writes)
	}
	clock.t = clock.t.Add(2 * time.Second)
	if got := use(); !got.Equal(clock.t.Truncate(time.Second)) || writes != 4 {
		t.Errorf("got %v and %d writes", got, writes)
	}
	items := c.items(t, stateTable, "used#"+record.CredentialID())
	if len(items) != 1 || items[0]["expiresAt"].(*types.AttributeValueMemberN).Value != fmt.Sprint(clock.t.Add(400*24*time.Hour).Unix()) {
		t.Errorf("got %d items", len(items))
	}
}

// TestLastUsedFailureFailsNoRequest, is logged once, and costs one attempt an
// interval.
func TestLastUsedFailureFailsNoRequest(t *testing.T) {
	t.Parallel()
	clock := newClock()
	var log strings.Builder
	var fails = true
	var attempts int
	v := newVerifier(t, Config{
		Store: storeFunc(func(d Digest) (Record, error) { return Record{Digest: d, Subject: "s", Tier: "free"}, nil }),
		Uses: useFunc(func(ctx context.Context, _ string, _, _ time.Time) error {
			attempts++
			if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > useTimeout {
				t.Error("the attempt has no time limit, or a longer one")
			}
			if fails {
				return authz.ErrUnavailable
			}
			return nil
		}),
		now: clock.now, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for i, fail := range []bool{true, true, false, true} {
		fails = fail
		for range 3 {
			if _, err := verify(t, v, exampleKey); err != nil {
				t.Fatal(err)
			}
		}
		if attempts != i+1 {
			t.Errorf("got %d attempts in %d intervals", attempts, i+1)
		}
		clock.t = clock.t.Add(5 * time.Minute)
	}
	if strings.Count(log.String(), "\n") != 2 || !strings.Contains(log.String(), `level=WARN msg="recording the use of API keys fails" error=unavailable`) {
		t.Errorf("got log %s", log.String())
	}
}

func TestUsesRememberBoundedly(t *testing.T) {
	t.Parallel()
	u := &uses{seen: map[string]time.Time{}}
	for i := range 3 * maxSeen {
		if !u.due(fmt.Sprint(i), newClock().t) {
			t.Fatal("a new key is not recorded")
		}
	}
	if len(u.seen) > maxSeen {
		t.Errorf("%d keys are remembered", len(u.seen))
	}
}
