package apikey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// CounterStore keeps the counters of quotas. [DynamoDB] is one.
type CounterStore interface {
	// Count adds one to the counter of a window and returns true, unless the
	// counter has reached limit, when it returns false. It does both in one
	// step. After end the counter is not asked for any more. The error wraps
	// authz.ErrUnavailable or authz.ErrMisconfigured.
	Count(ctx context.Context, window string, limit int, end time.Time) (bool, error)
}

// LimiterConfig is what a [Limiter] is made of.
type LimiterConfig struct {
	// Counters keeps the counters. Required.
	Counters CounterStore
	// Tiers has the quota of each tier. Required.
	Tiers Tiers
	// Untiered is the quota of principals without a tier, for instance of
	// tokens. Defaults to nil: such a principal is authz.ErrMisconfigured. The
	// zero Quota sets no limit.
	Untiered *Quota

	now func() time.Time // the clock; of tests another
}

// Limiter is the [authz.Limiter] of quotas by tier. It counts the requests of
// principals of any kind: those of an API key by its credential id, each key by
// itself, so that a key and the one that it was rotated to have a quota each;
// all others by method, issuer, tenant and subject, so that a caller with a new
// token does not begin anew.
//
// The quota is exact if API Gateway reuses no answer (a TTL of 0), and if no
// answer of the store is lost: see [DynamoDB.Count].
type Limiter struct {
	cfg LimiterConfig

	mu   sync.Mutex
	full map[string]bool // windows that have no room, those that have ended included
}

// NewLimiter returns a limiter, or authz.ErrMisconfigured with what is wrong.
func NewLimiter(cfg LimiterConfig) (*Limiter, error) {
	switch {
	case cfg.Counters == nil:
		return nil, fmt.Errorf("%w: apikey.LimiterConfig.Counters is not set", authz.ErrMisconfigured)
	case len(cfg.Tiers.byName) == 0:
		return nil, fmt.Errorf("%w: apikey.LimiterConfig.Tiers is not set; make them with NewTiers", authz.ErrMisconfigured)
	}
	if cfg.Untiered != nil {
		if err := cfg.Untiered.check(); err != nil {
			return nil, fmt.Errorf("%w: apikey.LimiterConfig.Untiered: %w", authz.ErrMisconfigured, err)
		}
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	return &Limiter{cfg: cfg, full: map[string]bool{}}, nil
}

// window is a period with a limit of its own.
type window struct {
	id       string
	unit     string
	limit    int
	end      time.Time
	exceeded error
}

func (w window) refusal() error {
	return fmt.Errorf("%w: all %d requests of the %s have been made; the next begins at %s", w.exceeded, w.limit, w.unit, w.end.Format(time.RFC3339))
}

// windows are those that a principal's request falls into now and that have a
// limit.
func windows(p authz.Principal, quota Quota, now time.Time) []window {
	var windows []window
	add := func(unit string, length int64, limit int, exceeded error) {
		if limit > 0 {
			// Unix time has no leap seconds: its days begin at midnight UTC.
			begin := now.Unix() / length * length
			id := counted(p) + "#" + unit + "#" + strconv.FormatInt(begin, 10)
			windows = append(windows, window{id, unit, limit, time.Unix(begin+length, 0).UTC(), exceeded})
		}
	}
	add("minute", 60, quota.PerMinute, authz.ErrRateLimited)
	add("day", 24*60*60, quota.PerDay, authz.ErrQuotaExceeded)
	return windows
}

// Take implements [authz.Limiter]. The minute is counted first, then the day: a
// client that is refused for its rate uses up nothing of its day, and once the
// day is used up it does not matter what was counted for the minute.
//
// A window that has been found full is remembered, so that a client that goes on
// costs no further call. An administrator who deletes a
// counter frees its window for new execution environments only; a higher limit
// works at once.
func (l *Limiter) Take(ctx context.Context, p authz.Principal, _ authz.Request) error {
	quota, err := l.quota(p)
	if err != nil {
		return err
	}
	windows := windows(p, quota, l.cfg.now())
	for _, w := range windows {
		if l.isFull(w) {
			return w.refusal()
		}
	}
	for _, w := range windows {
		room, err := l.cfg.Counters.Count(ctx, w.id, w.limit, w.end)
		if err != nil {
			return fmt.Errorf("counting a request: %w", err)
		}
		if !room {
			l.setFull(w)
			return w.refusal()
		}
	}
	return nil
}

func (l *Limiter) quota(p authz.Principal) (Quota, error) {
	if p.Tier != "" {
		tier, err := l.cfg.Tiers.tier(p.Tier)
		return tier.Quota, err
	}
	if l.cfg.Untiered == nil {
		return Quota{}, fmt.Errorf("%w: the principal has no tier; set apikey.LimiterConfig.Untiered to a quota for such", authz.ErrMisconfigured)
	}
	return *l.cfg.Untiered, nil
}

// counted names whose requests are counted together. Names that a stranger may
// have chosen are hashed, each with its length in front: no two principals have
// one name.
func counted(p authz.Principal) string {
	if p.Method == Scheme && p.CredentialID != "" {
		return p.CredentialID
	}
	hash := sha256.New()
	for _, s := range []string{p.Method, p.Issuer, p.Tenant, p.Subject} {
		fmt.Fprintf(hash, "%d:%s", len(s), s)
	}
	return "subject_" + hex.EncodeToString(hash.Sum(nil))
}

func (l *Limiter) isFull(w window) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full[w.key()]
}

func (l *Limiter) setFull(w window) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.full) >= maxSeen {
		clear(l.full)
	}
	l.full[w.key()] = true
}

// key has the limit in it: with a higher one the window has room again.
func (w window) key() string { return w.id + "#" + strconv.Itoa(w.limit) }
