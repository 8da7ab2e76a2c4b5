package dynamodb

import (
	"math"
	"strconv"
)

const (
	// neverExpires is an expiry that does not come.
	neverExpires = math.MaxInt64
	// longExpired is how long ago an expiry may be, in seconds: an older one
	// is taken for a mistake and ignored (developer guide,
	// time-to-live-ttl-before-you-start: five years).
	longExpired = 5 * 365 * 24 * 60 * 60
)

// expiry is the second, of the Unix epoch, after which an item has expired:
// the number in the table's TTL attribute. What is no number does not expire.
func (t *table) expiry(it item) int64 {
	a, ok := it[t.TTLAttribute]
	if t.TTLAttribute == "" || !ok || a.kind != "N" {
		return neverExpires
	}
	seconds, err := strconv.ParseFloat(a.text, 64)
	if err != nil || seconds < 0 || seconds >= math.MaxInt64 {
		return neverExpires
	}
	return int64(seconds)
}

// expire removes the items that have expired, from their tables and indexes.
// It is called before each request, and looks at the items of a table only
// where the time of one of them has come.
func (s *Service) expire() {
	now := s.now().Unix()
	s.mu.RLock()
	due := false
	for _, t := range s.tables {
		due = due || t.expires < now
	}
	s.mu.RUnlock()
	if !due {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		if t.expires < now {
			t.sweep(now)
		}
	}
}

func (t *table) sweep(now int64) {
	t.expires = neverExpires
	var gone []item
	for _, r := range t.primary().rows {
		switch at := t.expiry(r.item); {
		case at >= now:
			t.expires = min(t.expires, at)
		case at >= now-longExpired:
			gone = append(gone, r.item)
		}
	}
	for _, it := range gone {
		t.replace(it, nil)
	}
}

type timeToLive struct {
	AttributeName string
	Enabled       *bool
}

type timeToLiveRequest struct {
	TableName               string
	TimeToLiveSpecification timeToLive
}

func (s *Service) updateTimeToLive(r timeToLiveRequest) (any, error) {
	spec := r.TimeToLiveSpecification
	if n := len(spec.AttributeName); n < 1 || n > 255 || spec.Enabled == nil {
		return nil, validation("1 validation error detected: Value at 'timeToLiveSpecification' failed to satisfy constraint: it needs Enabled, and an AttributeName of 1 to 255 characters")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(r.TableName)
	if err != nil {
		return nil, err
	}
	switch {
	case *spec.Enabled && t.TTLAttribute == spec.AttributeName:
		return nil, validation("TimeToLive is already enabled")
	case !*spec.Enabled && t.TTLAttribute == "":
		return nil, validation("TimeToLive is already disabled")
	case t.TTLAttribute != "" && t.TTLAttribute != spec.AttributeName:
		return nil, validation("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTLAttribute)
	case *spec.Enabled:
		t.setTTL(spec.AttributeName)
	default:
		t.setTTL("")
	}
	return map[string]any{"TimeToLiveSpecification": spec}, nil
}

// setTTL changes the attribute, and finds out anew when the first item
// expires.
func (t *table) setTTL(attribute string) {
	t.TTLAttribute, t.expires = attribute, neverExpires
	for _, r := range t.primary().rows {
		t.expires = min(t.expires, t.expiry(r.item))
	}
}

func (s *Service) describeTimeToLive(r timeToLiveRequest) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.table(r.TableName)
	if err != nil {
		return nil, err
	}
	description := map[string]string{"TimeToLiveStatus": "DISABLED"}
	if t.TTLAttribute != "" {
		description = map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": t.TTLAttribute}
	}
	return map[string]any{"TimeToLiveDescription": description}, nil
}
