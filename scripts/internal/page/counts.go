package page

import (
	"cmp"
	"math"
	"math/bits"
	"net/http"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// bucketSeconds is how long a bucket of the counts is, slots how many there are: ten
// minutes.
const (
	bucketSeconds = 5
	slots         = 120
)

// counter counts requests by time.
type counter struct {
	slots [slots]*slot // the one of a time is at its number % slots
}

// slot counts those of a bucket's time.
type slot struct {
	number               int64 // since the Unix epoch
	requests, runs, hits int
	status               map[string]int
	latency              histogram
	reasons              map[string]int
}

func numberAt(now time.Time) int64 { return now.Unix() / bucketSeconds }

// add counts a request, and returns the number of its slot.
func (c *counter) add(now time.Time, e *entry) int64 {
	number := numberAt(now)
	at := &c.slots[number%slots]
	if *at == nil || (*at).number != number {
		*at = &slot{number: number, status: map[string]int{}, reasons: map[string]int{}}
	}
	s, d := *at, e.decision
	s.requests++
	s.status[classOf(d.Status)]++
	s.latency.add(d.Latency)
	if d.Authorizer.RequestID != "" {
		s.runs++
	}
	if d.Cache.Hit {
		s.hits++
	}
	if denied(d) {
		s.reasons[reasonOf(*e)]++
	}
	return number
}

// renamed is told that a refusal has another reason than was counted.
func (c *counter) renamed(number int64, before, reason string) {
	if s := c.slots[number%slots]; s != nil && s.number == number {
		if s.reasons[before]--; s.reasons[before] == 0 {
			delete(s.reasons, before)
		}
		s.reasons[reason]++
	}
}

// summary is what the page shows, up to now.
func (c *counter) summary(now time.Time, total uint64) counts {
	var all histogram
	reasons := map[string]int{}
	out := counts{BucketSeconds: bucketSeconds, Total: total, Buckets: make([]bucket, 0, slots), Denials: []reasonCount{}}
	last := numberAt(now)
	for number := last - slots + 1; number <= last; number++ {
		b := bucket{At: number * bucketSeconds * 1000, Status: map[string]int{}}
		if s := c.slots[number%slots]; s != nil && s.number == number {
			b.Requests, b.Runs, b.Hits = s.requests, s.runs, s.hits
			b.P50, b.P99 = s.latency.quantile(0.5), s.latency.quantile(0.99)
			for class, n := range s.status {
				b.Status[class] = n
			}
			for reason, n := range s.reasons {
				reasons[reason] += n
			}
			all.merge(&s.latency)
		}
		out.Buckets = append(out.Buckets, b)
	}
	for reason, n := range reasons {
		out.Denials = append(out.Denials, reasonCount{reason, n})
	}
	slices.SortFunc(out.Denials, func(a, b reasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	out.P50, out.P99 = all.quantile(0.5), all.quantile(0.99)
	return out
}

// classOf is how a status is counted.
func classOf(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "401"
	case status == http.StatusForbidden:
		return "403"
	case status >= 500:
		return "5xx"
	case status >= 400:
		return "4xx"
	case status >= 300:
		return "3xx"
	}
	return "2xx"
}

// denied tells that a request was refused, or could not be judged, before the handler.
func denied(d live.Decision) bool {
	return !d.Allowed && (d.Status == http.StatusUnauthorized || d.Status == http.StatusForbidden ||
		d.Status == http.StatusTooManyRequests || d.Status == http.StatusInternalServerError)
}

// histogram counts durations, in microseconds up to some minutes, to a sixteenth of each.
type histogram struct {
	counts [384]uint32
	total  int
}

func (h *histogram) add(d time.Duration) {
	n := uint64(max(d.Microseconds(), 0))
	exponent := max(bits.Len64(n)-5, 0)
	h.counts[min(exponent*16+int(n>>exponent), len(h.counts)-1)]++ //nolint:gosec // below 32
	h.total++
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// quantile is in milliseconds; 0 where nothing was counted.
func (h *histogram) quantile(q float64) float64 {
	rank := int(math.Ceil(q * float64(h.total)))
	for i, n := range h.counts {
		if rank -= int(n); n > 0 && rank <= 0 {
			exponent := max(i/16-1, 0)
			return (float64(i-exponent*16) + 0.5) * float64(uint64(1)<<exponent) / 1000
		}
	}
	return 0
}
