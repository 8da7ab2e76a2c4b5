package verify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestRunChecksTheCache(t *testing.T) {
	t.Parallel()
	const (
		cached = "with TTL 5m0s a second call with the same token does not run the authorizer"
		fresh  = "with TTL 0 a second call with the same token runs the authorizer again"
	)
	tests := []struct {
		name   string
		ttl    time.Duration
		before [2]int // how often authorizer and handler have run
		after  [2]int
		status int
		want   string
	}{
		{"cached", 5 * time.Minute, [2]int{3, 4}, [2]int{4, 6}, 201, "ok   " + cached},
		{"not cached", 0, [2]int{3, 4}, [2]int{5, 6}, 201, "ok   " + fresh},
		{"not cached, but it should be", 5 * time.Minute, [2]int{}, [2]int{2, 2}, 201, "FAIL " + cached + ": the authorizer ran 2 times, not 1"},
		{"cached, but it should not be", 0, [2]int{}, [2]int{1, 2}, 201, "FAIL " + fresh + ": the authorizer ran 1 times, not 2"},
		{"another handler", 0, [2]int{}, [2]int{2, 0}, 201, "FAIL " + fresh + ": the handler ran 0 times, not twice"},
		{"refused", 0, [2]int{}, [2]int{}, 500, "FAIL " + fresh + ": POST /events with a valid token is 500, not 201"},
		{"no log", 0, [2]int{-1}, [2]int{}, 201, "FAIL " + fresh + ": no log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sent := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "Bearer new" {
					sent++
				}
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			cache := &Cache{
				TTL:   tt.ttl,
				Token: func(string) (string, error) { return "new", nil },
				Invocations: func() (authorizer, handler int, err error) {
					ran := tt.before
					if sent == 2 {
						ran = tt.after
					}
					if ran[0] < 0 {
						return 0, 0, errors.New("no log")
					}
					return ran[0], ran[1], nil
				},
			}
			var last Result
			if err := Run(t.Context(), Options{APIURL: server.URL, Token: token, Cache: cache}, func(r Result) { last = r }); !errors.Is(err, ErrFailed) {
				t.Errorf("the error is %v", err) // of the checks before
			}
			if last.String() != tt.want {
				t.Errorf("got %q, want %q", last, tt.want)
			}
		})
	}
}
