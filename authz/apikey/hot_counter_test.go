package apikey

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
)

// hotTable is a table in which each item takes so many writes a second, as a partition
// of DynamoDB does (developer guide, "Designing partition keys"), and counts.
type hotTable struct {
	perSecond int

	mu     sync.Mutex
	next   map[string]time.Time
	counts map[string]int
}

func (h *hotTable) RoundTrip(r *http.Request) (*http.Response, error) {
	var input struct {
		Key struct{ ID struct{ S string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
		return nil, err
	}
	time.Sleep(3 * time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	id, now := input.Key.ID.S, time.Now()
	status, body := http.StatusOK, "{}"
	// What was left in the last tenth of a second may be made up for.
	if at := h.next[id]; at.After(now.Add(100 * time.Millisecond)) {
		status, body = http.StatusBadRequest, `{"__type":"ThrottlingException","message":"Throughput exceeds the current capacity of your table or index."}`
	} else {
		if at.Before(now) {
			at = now
		}
		h.next[id] = at.Add(time.Second / time.Duration(h.perSecond))
		h.counts[id]++
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestHotCounter: what docs/scale.md says of a caller with many requests. Each is counted
// in one item, which takes 1,000 writes a second; what DynamoDB throttles for longer than
// the repetitions last is a fault, 500, and never let in. Two keys have two items.
func TestHotCounter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		perSecond, keys int
		least, most     int // failures, in thousandths
	}{
		{900, 1, 0, 0},
		{1500, 1, 200, 400},
		{1500, 2, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d requests of %d keys", test.perSecond, test.keys), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const seconds = 10
				table := &hotTable{perSecond: 1000, next: map[string]time.Time{}, counts: map[string]int{}}
				client := awsjson.NewDynamoDB(awsjson.Config{Getenv: func(name string) string {
					return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}[name]
				}, Transport: table, Timeout: defaultTimeout})
				tiers, err := NewTiers(map[string]Tier{"partner": {Quota: Quota{PerDay: 1_000_000}}})
				if err != nil {
					t.Fatal(err)
				}
				limiter, err := NewLimiter(LimiterConfig{Counters: &DynamoDB{state: client.StateTable("state")}, Tiers: tiers})
				if err != nil {
					t.Fatal(err)
				}
				var mu sync.Mutex
				let, failed := 0, 0
				var wait sync.WaitGroup
				for n := range seconds * test.perSecond {
					time.Sleep(time.Second / time.Duration(test.perSecond))
					wait.Go(func() {
						err := limiter.Take(t.Context(), authz.Principal{Identity: authz.Identity{
							Method: Scheme, CredentialID: fmt.Sprint("key", n%test.keys), Tier: "partner",
						}}, authz.Request{})
						mu.Lock()
						defer mu.Unlock()
						switch {
						case err == nil:
							let++
						case errors.Is(err, authz.ErrUnavailable):
							failed++
						default:
							t.Error(err)
						}
					})
				}
				wait.Wait()
				counted := 0
				for _, n := range table.counts {
					counted += n
				}
				if counted != let || len(table.counts) != test.keys {
					t.Errorf("%d were let in, %d are counted in %d items", let, counted, len(table.counts))
				}
				if share := 1000 * failed / (failed + let); share < test.least || share > test.most {
					t.Errorf("%d of %d failed, want %d to %d thousandths", failed, failed+let, test.least, test.most)
				}
			})
		})
	}
}
