package apikey

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConcurrentChanges: of changes at the same time one is made, and a key
// that is being disabled has no successor.
func TestConcurrentChanges(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	admin := c.admin(clock)
	_, old := create(t, admin, Spec{Subject: "s", Tier: "free"})
	_, other := create(t, admin, Spec{Subject: "s", Tier: "free"})
	if _, err := admin.Disable(ctx, other.CredentialID()); err != nil {
		t.Fatal(err)
	}
	disabled := old
	disabled.Disabled = true
	const changed = "the API key cannot be changed so: somebody else has changed or deleted it meanwhile; look at it and try again"
	stale := other
	staleRotated := stale
	staleRotated.ReplacedBy = "key_0000000000000000"
	if err := admin.DynamoDB.replaceRecord(ctx, stale, staleRotated, Record{Digest: Digest{1}, Start: "x", Subject: "s", Tier: "free", CreatedAt: clock.t}); fmt.Sprint(err) != changed {
		t.Errorf("a disabled key is rotated: %v", err)
	}
	if len(c.items(t, keyTable, "")) != 2 {
		t.Error("the successor is stored all the same")
	}
	var made atomic.Int32
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			changedTo := old
			changedTo.Tier = fmt.Sprintf("tier%d", i)
			switch err := admin.DynamoDB.updateRecord(ctx, old, changedTo); {
			case err == nil:
				made.Add(1)
			case err.Error() != changed:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d changes are made", made.Load())
	}
	if _, err := admin.Delete(ctx, old.CredentialID()); err != nil {
		t.Fatal(err)
	}
	if err := admin.DynamoDB.updateRecord(ctx, old, disabled); fmt.Sprint(err) != changed {
		t.Errorf("a deleted key is changed: %v", err)
	}
}

// TestLostAnswers: a call that is carried out and repeated, because its answer
// was lost, does what it would have done once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	c, clock, ctx := newCloud(t), newClock(), t.Context()
	var lost atomic.Int32
	store := newDynamoDB(c.between(t, c.Root(), func(operation string, carryOut func()) bool {
		carryOut()
		return writes(operation) && lost.Add(1)%2 == 1
	}))
	admin := Admin{DynamoDB: store, clock: clock.now}
	_, record := create(t, admin, Spec{Subject: "s", Tier: "free"})
	if _, err := admin.Disable(ctx, record.Start); err != nil {
		t.Error(err)
	}
	if _, err := admin.Enable(ctx, record.Start); err != nil {
		t.Error(err)
	}
	_, successor, _, err := admin.Rotate(ctx, record.Start, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Delete(ctx, record.Start); err != nil {
		t.Error(err)
	}
	if infos, err := admin.List(ctx); err != nil || len(infos) != 1 || infos[0].Digest != successor.Digest {
		t.Errorf("got %d keys, %v", len(infos), err)
	}
	// A counter never lets more than its limit through.
	passed := 0
	for range 20 {
		room, err := store.Count(ctx, "w", 10, clock.t.Add(time.Minute))
		if err != nil {
			t.Error(err)
		}
		if room {
			passed++
		}
	}
	if passed != 5 { // each was counted twice
		t.Errorf("%d pass", passed)
	}
	if lost.Load() < 20 {
		t.Errorf("only %d writes came through the proxy", lost.Load())
	}
}
