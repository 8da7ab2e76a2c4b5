package secret

import (
	"context"
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

// throttlingSSM lets so many requests a second in, and refuses the others: the first
// in each whole second of its clock, or evenly, one after the other. AWS does not say
// which its own is.
type throttlingSSM struct {
	perSecond int
	evenly    bool

	mu      sync.Mutex
	second  int64
	let     int
	next    time.Time
	refused int
}

func (s *throttlingSSM) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	select { // the way there
	case <-time.After(10 * time.Millisecond):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	status, body := http.StatusOK, `{"Parameter":{"Type":"SecureString","Value":"`+testSecret+`"}}`
	if !s.admit(time.Now()) {
		status, body = http.StatusBadRequest, `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	}
	time.Sleep(10 * time.Millisecond) // and back
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *throttlingSSM) admit(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if second := now.Unix(); second != s.second {
		s.second, s.let = second, 0
	}
	if s.let == s.perSecond || s.evenly && now.Before(s.next) {
		s.refused++
		return false
	}
	s.let++
	if s.evenly {
		s.next = now.Add(time.Second / time.Duration(s.perSecond))
	}
	return true
}

// coldStarts reads the secret in so many execution environments that start at
// once, and returns how many have it, and after how long the last one had.
func coldStarts(t *testing.T, ssm *throttlingSSM, n int) (good int, last time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var wait sync.WaitGroup
	start := time.Now()
	for range n {
		source, err := newSource(Config{Paths: []string{testPath}, Getenv: environment("")}, func(getenv func(string) string) *Client {
			return newClient(awsjson.Config{Getenv: getenv, Transport: ssm})
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			if _, err := source.Keys(context.Background()); err == nil {
				mu.Lock()
				defer mu.Unlock()
				good++
				last = max(last, time.Since(start))
			}
		})
	}
	wait.Wait()
	return good, last
}

// TestBurstOfColdStarts: as many execution environments as docs/authz.md says may
// start at once against an account's default of 40 readings a second. Before Lambda
// ends the initialisation each has its secret.
func TestBurstOfColdStarts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 40, 100, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ssm := &throttlingSSM{perSecond: 40}
				good, last := coldStarts(t, ssm, n)
				if good != n || last >= 10*time.Second {
					t.Errorf("%d of %d have the secret, the last after %v", good, n, last)
				}
				t.Logf("the last of %d after %v; %d requests were refused", n, last, ssm.refused)
			})
		})
	}
}

// TestThrottledForEver: the failure is there before Lambda ends the
// initialisation, which would start it again.
func TestThrottledForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ssm, start := &throttlingSSM{}, time.Now()
		client := newClient(awsjson.Config{Getenv: environment(""), Transport: ssm})
		const want = `reading parameter "/events-api/jwt-secret": unavailable: Systems Manager answered status 400, "ThrottlingException": "Rate exceeded"`
		if _, err := client.Get(t.Context(), testPath); !errors.Is(err, authz.ErrUnavailable) || text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
		if took := time.Since(start); took < 6*time.Second || took > 8*time.Second {
			t.Errorf("it was tried for %v", took)
		}
		if ssm.refused > 40 { // the pauses are random: one run in fifty makes more than 20
			t.Errorf("%d requests were made", ssm.refused)
		}
	})
}

// TestUnavailableIsNotWaitedFor: only throttling has patience.
func TestUnavailableIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"an error of the server's": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: r}, nil
		},
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := newClient(awsjson.Config{Getenv: environment(""), Transport: roundTrip(answer)})
				if _, err := client.Get(t.Context(), testPath); err == nil {
					t.Error("it succeeds")
				}
				if took := time.Since(start); took > awsjson.DefaultTimeout {
					t.Errorf("it was tried for %v", took)
				}
			})
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
