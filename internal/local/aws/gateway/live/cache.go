package live

import (
	"container/list"
	"crypto/sha256"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"
)

// Bounds of a result cache. AWS does not say its own; these keep the memory of
// a local one small, and the oldest answers go first.
const (
	maxCachedAnswers = 10_000
	maxCachedBytes   = 16 << 20
)

// answer is what an authorizer decided.
type answer struct {
	// allowed is a simple answer; it does not count where there is a policy.
	allowed bool
	policy  *policy
	// principalID is who the caller is, in a policy answer.
	principalID string
	// context is the JSON object for the integration; nil where there is none.
	context json.RawMessage
	// requestID is Lambda's, of the invocation that made it.
	requestID string
	// policySize is how many bytes the policy had.
	policySize int
}

// size is about how much memory the answer needs.
func (a answer) size() int { return len(a.context) + a.policySize }

// judge says whether the answer allows a request, and why, for the console.
func (a answer) judge(routeARN string) (bool, string) {
	switch {
	case a.policy != nil:
		return a.policy.allows(routeARN)
	case a.allowed:
		return true, "allowed"
	}
	return false, "refused"
}

// cacheKey is the digest of the identity source values: the cache keeps no
// tokens, and an entry's size does not depend on them.
type cacheKey [sha256.Size]byte

func newCacheKey(values []string) cacheKey {
	digest := sha256.New()
	for _, value := range values {
		// The length before each value keeps ("ab", "c") apart from ("a", "bc").
		_, _ = io.WriteString(digest, strconv.Itoa(len(value))+":"+value) // a hash never fails
	}
	return cacheKey(digest.Sum(nil))
}

// resultCache keeps the answers of one authorizer in one stage.
type resultCache struct {
	ttl time.Duration
	now func() time.Time

	mu      sync.Mutex
	entries map[cacheKey]*list.Element
	order   *list.List // of *cacheEntry; all live equally long, so the oldest expires first
	bytes   int
}

type cacheEntry struct {
	key     cacheKey
	answer  answer
	expires time.Time
}

func newResultCache(ttl time.Duration, now func() time.Time) *resultCache {
	return &resultCache{ttl: ttl, now: now, entries: map[cacheKey]*list.Element{}, order: list.New()}
}

// get returns an answer that has not expired, and for how long it is valid.
func (c *resultCache) get(key cacheKey) (answer, time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return answer{}, 0, false
	}
	entry := entryOf(element)
	left := entry.expires.Sub(c.now())
	if left <= 0 {
		c.remove(element)
		return answer{}, 0, false
	}
	return entry.answer, left, true
}

// put keeps an answer for the cache's TTL.
func (c *resultCache) put(key cacheKey, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[key]; ok {
		c.remove(element)
	}
	now := c.now()
	c.entries[key] = c.order.PushBack(&cacheEntry{key: key, answer: a, expires: now.Add(c.ttl)})
	c.bytes += a.size()
	c.clean(now)
}

// count counts the answers that have not expired.
func (c *resultCache) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clean(c.now())
	return c.order.Len()
}

// clean drops what has expired or is too much. The caller holds c.mu.
func (c *resultCache) clean(now time.Time) {
	for oldest := c.order.Front(); oldest != nil; oldest = c.order.Front() {
		full := c.order.Len() > maxCachedAnswers || c.bytes > maxCachedBytes
		if !full && entryOf(oldest).expires.After(now) {
			return
		}
		c.remove(oldest)
	}
}

func (c *resultCache) remove(element *list.Element) {
	entry := entryOf(element)
	c.order.Remove(element)
	delete(c.entries, entry.key)
	c.bytes -= entry.answer.size()
}

func entryOf(element *list.Element) *cacheEntry { return element.Value.(*cacheEntry) }
