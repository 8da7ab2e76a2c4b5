package secret

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
)

// TestRefreshFindsNewKeys: two rotations in a row are found at once.
func TestRefreshFindsNewKeys(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	ssm.set(testPath, `{"current":"`+otherSecret+`","previous":"`+testSecret+`"}`)
	wantRefresh(t, s, "other test", true)
	wantKeys(t, s, "other test")
	ssm.set(testPath, `{"current":"`+thirdSecret+`","previous":"`+otherSecret+`"}`)
	wantRefresh(t, s, "third other", true)
	wantCalls(t, ssm, 3)
	// The keys that a refresh has read are as fresh as any.
	clock.add(DefaultMaxAge - 1)
	wantKeys(t, s, "third other")
	wantCalls(t, ssm, 3)
}

// TestRefreshIsLimited: credentials that fit no key make few calls, however
// many there are, and rotations do not count.
func TestRefreshIsLimited(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	for range 100 {
		wantRefresh(t, s, "test", false)
	}
	wantCalls(t, ssm, 1+burst)
	for range 3 {
		clock.add(fresh.MinInterval)
		wantRefresh(t, s, "test", false)
		wantRefresh(t, s, "test", false)
	}
	wantCalls(t, ssm, 1+burst+3)

	// A key that came a moment later is found after MinInterval at most.
	ssm.set(testPath, otherSecret)
	wantRefresh(t, s, "test", false)
	clock.add(fresh.MinInterval)
	wantRefresh(t, s, "other", true)
	wantCalls(t, ssm, 1+burst+4)
	// The next rotation is found too, because the one before cost nothing.
	ssm.set(testPath, thirdSecret)
	wantRefresh(t, s, "third", true)
	// Who may still have the keys from before is told, with a call and without.
	wantRefresh(t, s, "third", true)
	wantRefresh(t, s, "third", true)
	clock.add(-time.Hour) // a clock that is set back gives no reading
	wantRefresh(t, s, "third", true)
	wantCalls(t, ssm, 1+burst+6)
}

// TestRefreshTogether: callers that wait for another's reading make none of
// their own, and are told of its change.
func TestRefreshTogether(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, _ := testSource(t, ssm)
	wantKeys(t, s, "test")
	ssm.set(testPath, otherSecret)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { wantRefresh(t, s, "other", true) })
	}
	wait.Wait()
	if n := ssm.calls(); n > 2+burst { // the change costs none of the burst
		t.Errorf("%d calls of Systems Manager", n)
	}
}

// TestRefreshFails: what cannot be judged is not called bad, and costs one
// reading; the old keys stay good meanwhile.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, clock := testSource(t, ssm)
	wantKeys(t, s, "test")
	ssm.fail(down)
	for range 10 {
		keys, changed, err := s.Refresh(t.Context())
		if keys != nil || changed || !errors.Is(err, authz.ErrUnavailable) {
			t.Errorf("got %v, %v, %v", keys, changed, err)
		}
	}
	wantCalls(t, ssm, 4)
	wantKeys(t, s, "test")
	ssm.set(testPath, otherSecret)
	clock.add(fresh.MinInterval)
	wantRefresh(t, s, "other", true)
}

// TestRefreshOfAValue: what cannot change is not read again.
func TestRefreshOfAValue(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, err := New(Config{Value: `{"current":"` + testSecret + `"}`, now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	wantRefresh(t, s, "test", true) // the first reading
	clock.add(48 * time.Hour)
	wantKeys(t, s, "test")
	wantRefresh(t, s, "test", false)
}

// TestRefreshBeforeKeys: the first reading may be Refresh's.
func TestRefreshBeforeKeys(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	s, _ := testSource(t, ssm)
	wantRefresh(t, s, "test", true)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 1)
}
