package apikey

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// useInterval is how long a recorded use stands for later ones.
	useInterval = 5 * time.Minute
	// useTimeout bounds the recording of a use, for which a request waits: a
	// Lambda environment does nothing after its answer.
	useTimeout = 500 * time.Millisecond
	// maxSeen is how many keys are remembered, about a megabyte.
	maxSeen = 10_000
)

// UseStore keeps when each key was last used. [DynamoDB] is one.
type UseStore interface {
	// RecordUse stores that a key was used now, unless a use after since is
	// stored already.
	RecordUse(ctx context.Context, credentialID string, now, since time.Time) error
}

// uses records each key once an interval: it remembers which it has recorded,
// so that most requests write nothing, and the condition of the write is for
// the other execution environments.
type uses struct {
	store   UseStore
	timeout time.Duration
	logger  *slog.Logger

	mu     sync.Mutex
	seen   map[string]time.Time
	failed bool // the last attempt
}

func (u *uses) record(ctx context.Context, credentialID string, now time.Time) {
	if u.store == nil || !u.due(credentialID, now) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	err := u.store.RecordUse(ctx, credentialID, now, now.Add(-useInterval))
	u.mu.Lock()
	first := err != nil && !u.failed
	u.failed = err != nil
	u.mu.Unlock()
	if first { // once, until it has succeeded again
		u.logger.WarnContext(ctx, "recording the use of API keys fails", "error", err)
	}
}

// due also remembers an attempt that is going to fail: an outage costs each key
// one attempt an interval.
func (u *uses) due(credentialID string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.seen[credentialID]; ok && now.Sub(last) < useInterval {
		return false
	}
	if len(u.seen) >= maxSeen {
		clear(u.seen)
	}
	u.seen[credentialID] = now
	return true
}
