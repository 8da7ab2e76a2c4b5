package page

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

// What is kept, whether somebody looks or not: the oldest goes first.
const (
	keptRequests = 10_000
	// keptBytes is for what functions got and answered: older requests lose it.
	keptBytes = 32 << 20
	// keptEarly is how many invocations or requests may be known of before their request
	// is answered: those in flight.
	keptEarly = 10_000
)

// entry is a request that was answered.
type entry struct {
	seq      uint64
	decision live.Decision
	// reason and text are what authz's log says of a refusal or failure.
	reason, text string
	calls        []endpoint.Call
	slot         int64 // of the counts
}

// recorder keeps the last requests and counts all. Requests wait for it: it does no more
// than to keep what it is given.
type recorder struct {
	now func() time.Time

	mu   sync.Mutex
	ring []*entry // the one with seq is at (seq-1) % keptRequests
	head uint64   // the last seq
	// bytes are those of the documents of the requests after bare, up to which none has
	// any.
	bytes int
	bare  uint64
	// open are refused requests that a log line may say more of, by their ids.
	open map[string]*entry
	// changed are the seqs of requests of which more is known, in that order; changes
	// counts them all.
	changed []uint64
	changes uint64
	// early are calls by invocations and reasons by requests, whose request is not
	// answered yet.
	early  map[string]*early
	order  []string
	counts counter
}

type early struct {
	calls        []endpoint.Call
	reason, text string
}

func newRecorder(now func() time.Time) *recorder {
	return &recorder{now: now, open: map[string]*entry{}, early: map[string]*early{}}
}

// decided takes a request that is answered.
func (r *recorder) decided(d live.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.head++
	e := &entry{seq: r.head, decision: d}
	for _, id := range []string{d.Authorizer.RequestID, d.Handler.RequestID, d.RequestID} {
		if known := r.early[id]; known != nil {
			e.calls = append(e.calls, known.calls...)
			e.reason, e.text = known.reason+e.reason, known.text+e.text
			delete(r.early, id)
		}
	}
	if len(r.ring) < keptRequests {
		r.ring = append(r.ring, e)
	} else {
		at := &r.ring[(e.seq-1)%keptRequests]
		r.forget(*at)
		*at = e
	}
	r.bytes += size(d)
	for r.bytes > keptBytes {
		r.bare++
		if old := r.at(r.bare); old != nil {
			r.bytes -= size(old.decision)
			strip(&old.decision)
		}
	}
	if denied(d) && e.reason == "" && d.Authorizer.RequestID != "" {
		r.open[d.RequestID] = e
	}
	e.slot = r.counts.add(r.now(), e)
}

// forget is told of an entry that makes room for another.
func (r *recorder) forget(old *entry) {
	delete(r.open, old.decision.RequestID)
	if old.seq > r.bare {
		r.bytes -= size(old.decision)
		r.bare = old.seq
	}
}

func size(d live.Decision) int {
	return len(d.Authorizer.Event) + len(d.Authorizer.Answer) + len(d.Handler.Event) + len(d.Handler.Answer)
}

func strip(d *live.Decision) {
	d.Authorizer.Event, d.Authorizer.Answer, d.Handler.Event, d.Handler.Answer = nil, nil, nil, nil
}

// at is the entry with a seq; nil where it is not kept.
func (r *recorder) at(seq uint64) *entry {
	if seq == 0 || seq > r.head || seq+keptRequests <= r.head {
		return nil
	}
	return r.ring[(seq-1)%keptRequests]
}

// before is what is known of an invocation or a request that is not answered yet.
func (r *recorder) before(id string) *early {
	known := r.early[id]
	if known == nil {
		if len(r.order) == keptEarly {
			delete(r.early, r.order[0])
			r.order = r.order[1:]
		}
		known = &early{}
		r.early[id], r.order = known, append(r.order, id)
	}
	return known
}

// called takes a call of a function that runs.
func (r *recorder) called(c endpoint.Call) {
	if c.RequestID == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.before(c.RequestID)
	known.calls = append(known.calls, c)
}

// logged takes what functions have logged, and finds in it why authz has refused requests.
func (r *recorder) logged(_ string, events []logs.Event) {
	for _, event := range events {
		if !strings.Contains(event.Message, `"apiRequestId":"`) || !strings.Contains(event.Message, `"reason":"`) {
			continue
		}
		var line struct{ Reason, Error, APIRequestID string }
		if json.Unmarshal([]byte(event.Message), &line) == nil && line.APIRequestID != "" && line.Reason != "" {
			r.explain(line.APIRequestID, line.Reason, line.Error)
		}
	}
}

func (r *recorder) explain(requestID, reason, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.open[requestID]
	if e == nil {
		known := r.before(requestID)
		known.reason, known.text = reason, text
		return
	}
	delete(r.open, requestID)
	r.counts.renamed(e.slot, reasonOf(*e), reason)
	e.reason, e.text = reason, text
	if r.changes++; len(r.changed) < keptRequests {
		r.changed = append(r.changed, e.seq)
	} else {
		r.changed[(r.changes-1)%keptRequests] = e.seq
	}
}

// position is how far somebody has read.
type position struct{ head, changes uint64 }

// end is where somebody begins to read who wants the last requests, but not more than
// some.
func (r *recorder) end(back uint64) position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return position{r.head - min(back, r.head), r.changes}
}

// since returns copies of the entries that are new or have changed since a position, not
// more than limit new ones and as many changed ones, and how many new ones were left out.
func (r *recorder) since(p position, limit uint64) (found []entry, dropped uint64, next position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.head = min(p.head, r.head)
	first := p.head
	if n := r.head - p.head; n > limit {
		dropped, first = n-limit, r.head-limit
	}
	for _, seq := range r.changedSince(p.changes, limit) {
		if e := r.at(seq); e != nil && seq <= first {
			found = append(found, *e)
		}
	}
	found = slices.Grow(found, int(r.head-first)) //nolint:gosec // at most limit
	for seq := first + 1; seq <= r.head; seq++ {
		found = append(found, *r.at(seq))
	}
	return found, dropped, position{r.head, r.changes}
}

func (r *recorder) changedSince(changes, limit uint64) []uint64 {
	changes = max(changes, r.changes-min(limit, r.changes))
	var seqs []uint64
	for ; changes < r.changes; changes++ {
		seqs = append(seqs, r.changed[changes%keptRequests])
	}
	return seqs
}

// find returns a copy of an entry.
func (r *recorder) find(seq uint64) (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.at(seq); e != nil {
		return *e, true
	}
	return entry{}, false
}

// summary is what was counted.
func (r *recorder) summary() counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts.summary(r.now(), r.head)
}
