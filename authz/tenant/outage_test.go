package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
)

// TestDocumentsChange: what is new is found at once, what is gone is gone after
// MaxAge.
func TestDocumentsChange(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	next := newHMAC("ada", authz.HS256)
	rotated := jwt(next.header("kid", "ada-2"), next.claims(), next.sign)
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	checkVerify(t, g, ada, "")
	s.put("bob", bob.document())
	checkVerify(t, g, bob, "")
	s.put("ada", ada.document("keys", []any{ada.writtenKey("ada-key"), next.writtenKey("ada-2")}))
	if p, err := g.Verify(t.Context(), ada.request(), rotated); err != nil || p.Tenant != "ada" {
		t.Errorf("the new key is refused: %v", err)
	}
	checkVerify(t, g, ada, "")
	s.put("ada", next.document("suspended", true, "keys", []any{next.writtenKey("ada-2")}))
	s.put("bob", "")
	s.after(DefaultMaxAge - 1)
	checkVerify(t, g, ada, "")
	checkVerify(t, g, bob, "")
	s.after(1)
	if _, err := g.Verify(t.Context(), ada.request(), jwt(next.header("kid", "ada-2"), next.claims("exp", testNow+1_000_000), next.sign)); text(err) != adaSuspended {
		t.Errorf("got %q, want %q", text(err), adaSuspended)
	}
	checkVerify(t, g, ada, unknownText)
	checkVerify(t, g, bob, unknownText)
}

// TestStrangersDoNotCauseReadings: however many bad credentials come, the
// readings are few, and wait for MinInterval then.
func TestStrangersDoNotCauseReadings(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	for range 100 {
		checkVerify(t, g, bob, unknownText)
		_, _ = g.Verify(t.Context(), ada.request(), jwt(ada.header(), ada.claims(), bob.sign))
	}
	few := s.count()
	if few > 5 {
		t.Errorf("made %d readings", few)
	}
	s.after(fresh.MinInterval)
	for range 100 {
		checkVerify(t, g, bob, unknownText)
	}
	if n := s.count(); n != few+1 {
		t.Errorf("made %d readings after an interval, want 1", n-few)
	}
}

// TestOutage: without documents a fault, never an allow; recovery with the
// next request; old documents for a bounded time, and only while the store is
// unavailable.
func TestOutage(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	down := fmt.Errorf("%w: the store is down", authz.ErrUnavailable)
	const downText = "reading the tenants: unavailable: the store is down"
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	s.fail(down)
	for range 3 {
		checkVerify(t, g, ada, downText)
		if err := g.Policy().Decide(t.Context(), authz.Principal{Identity: authz.Identity{Subject: "s", Tenant: "ada"}}, ada.request()); text(err) != downText {
			t.Errorf("the policy gives %q", text(err))
		}
	}
	s.fail(nil)
	s.after(time.Second) // a failure is kept
	checkVerify(t, g, ada, "")

	s.fail(down)
	s.after(fresh.MaxStale - 1)
	checkVerify(t, g, ada, "")
	checkVerify(t, g, bob, downText) // might be new
	s.after(1)
	checkVerify(t, g, ada, downText) // the failure of the request before
	s.after(time.Second)
	checkVerify(t, g, ada, downText)
	s.fail(nil)
	s.after(time.Second) // a failure is kept
	checkVerify(t, g, ada, "")

	s.after(DefaultMaxAge)
	s.fail(fmt.Errorf("%w: no permission", authz.ErrMisconfigured))
	checkVerify(t, g, ada, "reading the tenants: misconfigured: no permission")
	s.fail(down)
	s.after(time.Second)
	checkVerify(t, g, ada, downText) // what was misconfigured is not used again
	s.fail(nil)
	s.after(time.Second) // a failure is kept
	checkVerify(t, g, ada, "")
}

// slowReader takes its time for a reading.
type slowReader struct {
	*store
	takes time.Duration
}

func (r slowReader) ByPath(ctx context.Context, path string) (map[string]string, error) {
	select {
	case <-time.After(r.takes):
		return r.store.ByPath(ctx, path)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", authz.ErrUnavailable, ctx.Err())
	}
}

// TestSuspensionOfManyTenants: a reading that takes long is renewed all the same,
// so that a suspension waits for MaxAge and not for MaxStale.
func TestSuspensionOfManyTenants(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	synctest.Test(t, func(t *testing.T) {
		s, g := newStore(t, every, func(p *Parameters) {
			s, _ := p.Reader.(*store)
			p.Reader = slowReader{s, 3 * time.Second}
		})
		invoke := func() string {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := g.Verify(ctx, ada.request(), ada.long())
			return text(err)
		}
		s.put("ada", ada.document())
		if got := invoke(); got != "" {
			t.Fatal(got)
		}
		s.put("ada", ada.document("suspended", true))
		s.after(DefaultMaxAge)
		if got := invoke(); got != adaSuspended {
			t.Errorf("got %q, want %q", got, adaSuspended)
		}
	})
}

// TestUnchangedDocumentsAreNotReadAgain: what was made of them is kept, by all
// ways to read.
func TestUnchangedDocumentsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	made := 0
	s, g := newStore(t, every, func(p *Parameters) {
		p.Configure = func(*Tenant) error { made++; return nil }
	})
	s.put("ada", ada.document())
	checkMade := func(readings, want int) {
		t.Helper()
		checkVerify(t, g, ada, "")
		if made != want || s.count() != readings {
			t.Errorf("made %d tenants in %d readings, want %d in %d", made, s.count(), want, readings)
		}
	}
	checkMade(1, 1)
	s.after(DefaultMaxAge)
	checkMade(2, 1)
	checkVerify(t, g, bob, unknownText)
	checkMade(3, 1)
	s.fail(fmt.Errorf("%w: no permission", authz.ErrMisconfigured))
	s.after(DefaultMaxAge)
	checkVerify(t, g, ada, "reading the tenants: misconfigured: no permission")
	s.fail(nil)
	s.after(time.Second)
	checkMade(5, 1)
	s.put("bob", bob.document())
	s.after(DefaultMaxAge)
	checkMade(6, 3)
}

// TestSingleFlight: requests that come together read once.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() { checkVerify(t, g, ada, "") })
	}
	group.Wait()
	if n := s.count(); n != 1 {
		t.Errorf("made %d readings, want 1", n)
	}
}

// TestConfigure: what a document cannot say, and what it may not change.
func TestConfigure(t *testing.T) {
	t.Parallel()
	ada, bob, cid := issuers()[0], issuers()[1], issuers()[2]
	s, g := newStore(t, []Selector{PathParameter{"tenant"}}, func(p *Parameters) {
		p.Configure = func(t *Tenant) error {
			switch t.ID {
			case "bob":
				t.ID = "ada"
			case "cid":
				return errors.New("not this one")
			}
			t.JWT.Map = func(_ authz.Claims, p *authz.Principal) error { p.Tier = "set"; return nil }
			return nil
		}
	})
	for _, i := range []*issuerOf{ada, bob, cid} {
		s.put(i.id, i.document())
	}
	if p, err := g.Verify(t.Context(), ada.request(), ada.token()); err != nil || p.Tier != "set" {
		t.Errorf("got tier %q, %v", p.Tier, err)
	}
	checkVerify(t, g, bob, `tenant "bob": using parameter "/app/tenants/bob": misconfigured: Parameters.Configure changed the id`)
	checkVerify(t, g, cid, `tenant "cid": using parameter "/app/tenants/cid": misconfigured: not this one`)
}
