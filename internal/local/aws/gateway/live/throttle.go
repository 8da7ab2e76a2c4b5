package live

import (
	"sync"
	"time"
)

// Limit is how many requests a token bucket lets through: it holds at most Burst
// tokens, gains Rate of them a second, and every request takes one.
type Limit struct {
	Rate  float64
	Burst int
}

// AccountLimit is that of an account in a Region (developer guide,
// http-api-throttling).
var AccountLimit = Limit{Rate: 10_000, Burst: 5_000}

type bucket struct {
	Limit

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newBucket(limit Limit, now time.Time) *bucket {
	return &bucket{Limit: limit, tokens: float64(limit.Burst), filled: now}
}

// take takes a token if there is one. A limit of 0 lets nothing through.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.filled); passed > 0 {
		b.tokens = min(float64(b.Burst), b.tokens+b.Rate*passed.Seconds())
		b.filled = now
	}
	if b.Rate <= 0 || b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// bucketName names a bucket: every route has its own in every stage.
type bucketName struct{ stage, routeKey string }

// bucketsOf returns the buckets of a stage by route key. A bucket whose limit stays
// keeps its tokens. The caller holds a.mu.
func (a *API) bucketsOf(s Stage) map[string]*bucket {
	served := map[string]*bucket{}
	for key, limit := range s.Limits {
		name := bucketName{s.Name, key}
		if b := a.buckets[name]; b == nil || b.Limit != limit {
			a.buckets[name] = newBucket(limit, a.gateway.now())
		}
		served[key] = a.buckets[name]
	}
	return served
}

// throttled says why a request is over a limit, and the cure; empty where it is not.
func (g *Gateway) throttled(r *request) (why string, cure func(*request) string) {
	now := g.now()
	if !g.accountBucket.take(now) {
		return "throttled: over the account's limit of 10000 requests a second with bursts of 5000", (*request).accountCure
	}
	if r.route == nil {
		return "", nil
	}
	b := r.stage.buckets[r.route.Key.text]
	switch {
	case b == nil || b.take(now):
		return "", nil
	case b.Rate == 0 || b.Burst == 0:
		return "throttled: ThrottlingRateLimit or ThrottlingBurstLimit is 0, which lets no request through: the AWS provider sends 0 for what a program leaves out, so set both", (*request).limitCure
	}
	return "throttled: over the route's limit, raise ThrottlingRateLimit and ThrottlingBurstLimit of the stage", (*request).limitCure
}
