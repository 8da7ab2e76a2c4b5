package gateway

import (
	"maps"
	"sync"
	"time"
)

// The account's limits in a Region (developer guide, http-api-throttling).
const (
	accountRate  = 10_000 // requests per second
	accountBurst = 5_000  // requests
)

// bucket is a token bucket: it holds at most burst tokens, gains rate of them
// a second, and every request takes one.
type bucket struct {
	rate  float64
	burst int

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newBucket(rate float64, burst int, now time.Time) *bucket {
	return &bucket{rate: rate, burst: burst, tokens: float64(burst), filled: now}
}

// take takes a token if there is one. A limit of 0 lets nothing through.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.filled); passed > 0 {
		b.tokens = min(float64(b.burst), b.tokens+b.rate*passed.Seconds())
		b.filled = now
	}
	if b.rate <= 0 || b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// bucketName names a bucket: every route has its own in every stage.
type bucketName struct{ stage, routeKey string }

// limits are the limits of a route in a stage: its own settings, and where
// they say nothing the stage's defaults, and then the account's limit.
func (s Stage) limits(routeKey string) (rate float64, burst int, limited bool) {
	rate, burst = accountRate, accountBurst
	settings := []RouteSettings{s.RouteSettings[routeKey]}
	if s.DefaultRouteSettings != nil {
		settings = append([]RouteSettings{*s.DefaultRouteSettings}, settings...)
	}
	for _, set := range settings {
		if set.ThrottlingRateLimit != nil {
			rate, limited = *set.ThrottlingRateLimit, true
		}
		if set.ThrottlingBurstLimit != nil {
			burst, limited = *set.ThrottlingBurstLimit, true
		}
	}
	return rate, burst, limited
}

// deployBuckets returns the buckets of a stage by route key. A bucket whose
// limits stay keeps its tokens.
func (a *api) deployBuckets(stage Stage, now time.Time) map[string]*bucket {
	served := map[string]*bucket{}
	for _, route := range a.routes {
		rate, burst, limited := stage.limits(route.RouteKey)
		if !limited {
			continue
		}
		name := bucketName{stage.Name, route.RouteKey}
		if b := a.buckets[name]; b == nil || b.rate != rate || b.burst != burst {
			a.buckets[name] = newBucket(rate, burst, now)
		}
		served[route.RouteKey] = a.buckets[name]
	}
	maps.DeleteFunc(a.buckets, func(name bucketName, b *bucket) bool {
		return name.stage == stage.Name && served[name.routeKey] != b
	})
	return served
}

// throttled says why a request is over a limit; empty where it is not.
func (s *Service) throttled(r *request) string {
	now := s.now()
	if !s.accountBucket.take(now) {
		return "throttled: over the account's limit of 10000 requests a second with bursts of 5000"
	}
	if r.route == nil {
		return ""
	}
	b := r.stage.buckets[r.route.key.text]
	switch {
	case b == nil || b.take(now):
		return ""
	case b.rate == 0 || b.burst == 0:
		return "throttled: ThrottlingRateLimit or ThrottlingBurstLimit is 0, which lets no request through: the AWS provider sends 0 for what a program leaves out, so set both"
	}
	return "throttled: over the route's limit, raise ThrottlingRateLimit and ThrottlingBurstLimit of the stage"
}

func (r RouteSettings) check(where string) error {
	if (r.ThrottlingBurstLimit != nil && *r.ThrottlingBurstLimit < 0) || (r.ThrottlingRateLimit != nil && *r.ThrottlingRateLimit < 0) {
		return badRequest("Invalid throttling limits of %s. They should not be negative.", where)
	}
	return nil
}

func (r RouteSettings) clone() RouteSettings {
	if r.ThrottlingBurstLimit != nil {
		burst := *r.ThrottlingBurstLimit
		r.ThrottlingBurstLimit = &burst
	}
	if r.ThrottlingRateLimit != nil {
		rate := *r.ThrottlingRateLimit
		r.ThrottlingRateLimit = &rate
	}
	return r
}
