package page

import (
	"cmp"
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
	// keptEarly is how many invocations may be known of before their request is answered:
	// those in flight.
	keptEarly = 10_000
	// keptCalls is how many calls of AWS are kept of a request, keptText how long the text
	// of its refusal may be, in bytes.
	keptCalls = 100
	keptText  = 500
)

// entry is a request that was answered.
type entry struct {
	seq      uint64
	decision live.Decision
	known
	slot int64 // of the counts
	// apis are those that were deployed then, or before a deployment that was being made.
	apis      []api
	deploying bool
}

// known is what is known of an invocation, or of a request's.
type known struct {
	// reason and text are what authz's log says of a refusal or failure. What the cache
	// answers has no text: that may quote what only the request had for which the authorizer
	// ran.
	reason, text string
	calls        []endpoint.Call
	// further is how many calls there were beside these.
	further int
}

func (k *known) add(calls ...endpoint.Call) {
	room := min(len(calls), keptCalls-len(k.calls))
	k.calls = append(k.calls, calls[:room]...)
	k.further += len(calls) - room
}

// recorder keeps the last requests and counts all. Requests wait for it: it does no more
// than to keep what it is given.
type recorder struct {
	now func() time.Time

	mu        sync.Mutex
	apis      []api
	deploying bool
	ring      []*entry // the one with seq is at (seq-1) % keptRequests
	head      uint64   // the last seq
	// bytes are those of the documents of the requests after bare, up to which none has
	// any.
	bytes int
	bare  uint64
	// runs are requests by the invocations that were made for them. Lambda's ids of these
	// are known to the functions that run, and to nobody else.
	runs map[string]*entry
	// denials are the requests that were refused, by the invocation that made the
	// authorizer's answer, for which the cache may have answered several: in their order.
	denials map[string][]*entry
	// changed are the seqs of requests of which more is known, in that order; changes
	// counts them all.
	changed []uint64
	changes uint64
	// early is what is known of invocations whose request is not answered yet.
	early  map[string]*known
	order  []string
	counts counter
}

func newRecorder(now func() time.Time) *recorder {
	return &recorder{now: now, runs: map[string]*entry{}, denials: map[string][]*entry{}, early: map[string]*known{}}
}

// deploys is told that what is deployed changes from now on.
func (r *recorder) deploys() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deploying = true
}

// serves is told what is deployed from now on.
func (r *recorder) serves(apis []api) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apis, r.deploying = apis, false
}

// decided takes a request that is answered.
func (r *recorder) decided(d live.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.head++
	e := &entry{seq: r.head, decision: d, apis: r.apis, deploying: r.deploying}
	if id := answeredIn(d); id != "" {
		if others := r.denials[id]; len(others) > 0 {
			e.reason = others[0].reason
		} else if early := r.early[id]; early != nil {
			e.reason = early.reason
		}
		r.denials[id] = append(r.denials[id], e)
	}
	for _, id := range [...]string{d.Authorizer.RequestID, d.Handler.RequestID} {
		if id == "" {
			continue
		}
		if early := r.early[id]; early != nil {
			e.add(early.calls...)
			e.further += early.further
			if id == d.Authorizer.RequestID && e.reason != "" {
				e.text = early.text
			}
			delete(r.early, id)
		}
		r.runs[id] = e
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
	e.slot = r.counts.add(r.now(), e)
}

// forget is told of an entry that makes room for another.
func (r *recorder) forget(old *entry) {
	delete(r.runs, old.decision.Authorizer.RequestID)
	delete(r.runs, old.decision.Handler.RequestID)
	if id := answeredIn(old.decision); id != "" {
		others := r.denials[id]
		others[0] = nil // for the garbage collector
		if others = others[1:]; len(others) > 0 {
			r.denials[id] = others
		} else {
			delete(r.denials, id)
		}
	}
	if old.seq > r.bare {
		r.bytes -= size(old.decision)
		r.bare = old.seq
	}
}

// answeredIn is the invocation that made the authorizer's answer to a request that was
// refused or could not be judged; empty where there is none.
func answeredIn(d live.Decision) string {
	if !denied(d) {
		return ""
	}
	return cmp.Or(d.Authorizer.RequestID, d.Cache.RequestID)
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

// before is what is known of an invocation whose request is not answered yet.
func (r *recorder) before(id string) *known {
	early := r.early[id]
	if early == nil {
		if len(r.order) == keptEarly {
			delete(r.early, r.order[0])
			r.order = r.order[1:]
		}
		early = &known{}
		r.early[id], r.order = early, append(r.order, id)
	}
	return early
}

// called takes a call of a function that runs, which may go on after the request was
// answered.
func (r *recorder) called(c endpoint.Call) {
	if c.RequestID == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.runs[c.RequestID]
	if e == nil {
		r.before(c.RequestID).add(c)
		return
	}
	e.add(c)
	r.hasChanged(e)
}

// logged takes what functions have logged, and finds in it why authz has refused requests.
func (r *recorder) logged(_ string, events []logs.Event) {
	for _, event := range events {
		if !strings.Contains(event.Message, `"requestId":"`) || !strings.Contains(event.Message, `"reason":"`) {
			continue
		}
		var line struct{ Reason, Error, RequestID string }
		if json.Unmarshal([]byte(event.Message), &line) == nil && line.RequestID != "" && cures[line.Reason] != "" {
			r.explain(line.RequestID, line.Reason, strings.ToValidUTF8(line.Error[:min(len(line.Error), keptText)], ""))
		}
	}
}

// explain takes why an authorizer has refused or failed in an invocation. Whoever says so
// knows the invocation's id: the authorizer itself.
func (r *recorder) explain(requestID, reason, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runs[requestID] == nil {
		early := r.before(requestID)
		early.reason, early.text = reason, text
	}
	for _, e := range r.denials[requestID] {
		if e.reason == "" {
			r.counts.renamed(e.slot, reasonOf(*e), reason)
			e.reason = reason
			if e.decision.Authorizer.RequestID == requestID {
				e.text = text
			}
			r.hasChanged(e)
		}
	}
}

// hasChanged has readers told of an entry once more.
func (r *recorder) hasChanged(e *entry) {
	if r.changes++; len(r.changed) < keptRequests {
		r.changed = append(r.changed, e.seq)
	} else {
		r.changed[(r.changes-1)%keptRequests] = e.seq
	}
}

// position is how far somebody has read.
type position struct{ head, changes uint64 }

// kept is from where on requests are kept.
func (r *recorder) kept() position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return position{r.head - min(keptRequests, r.head), r.changes}
}

// since returns copies of the entries that are new or have changed since a position, not
// more than limit new ones and as many changed ones. Where there are more new ones, oldest
// has the first of them returned; else it is the last, and dropped is how many were left
// out.
func (r *recorder) since(p position, limit uint64, oldest bool) (found []entry, dropped uint64, next position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	head := min(p.head, r.head)
	first := max(head, r.head-min(keptRequests, r.head)) // after this one
	last := r.head
	if oldest {
		last = min(last, first+limit)
	} else {
		first = max(first, r.head-min(limit, r.head))
	}
	for _, seq := range r.changedSince(min(p.changes, r.changes), limit) {
		if e := r.at(seq); e != nil && seq <= head {
			found = append(found, *e)
		}
	}
	found = slices.Grow(found, int(last-first)) //nolint:gosec // at most limit
	for seq := first + 1; seq <= last; seq++ {
		found = append(found, *r.at(seq))
	}
	return found, first - head, position{last, r.changes}
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
