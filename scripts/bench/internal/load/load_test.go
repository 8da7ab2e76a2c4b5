package load

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	var seen [40]atomic.Int64
	var now, most atomic.Int64
	perSecond, median, err := Batch(t.Context(), 4, len(seen), func(_ context.Context, i int) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		seen[i].Add(1)
		return nil
	})
	if err != nil || perSecond <= 0 || perSecond > 4000 || median < 0.001 {
		t.Errorf("%g a second, %g s each: %v", perSecond, median, err)
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("request %d was sent %d times", i, n)
		}
	}
	if n := most.Load(); n > 4 {
		t.Errorf("%d were sent at once", n)
	}
}

// TestBatchFails: the first failure ends a batch, and so does the end of its context.
func TestBatchFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var sent atomic.Int64
	_, _, err := Batch(t.Context(), 1, 10, func(context.Context, int) error {
		if sent.Add(1) == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || sent.Load() != 3 {
		t.Errorf("after %d requests: %v", sent.Load(), err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, _, err := Batch(ctx, 2, 10, func(context.Context, int) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/things", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Send(req, http.StatusForbidden); err != nil {
		t.Error(err)
	}
	if err := Send(req, http.StatusOK); err == nil || err.Error() != "GET /things: status 403, want 200: no\n" {
		t.Errorf("the error is %v", err)
	}
}
