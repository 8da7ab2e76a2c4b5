package local

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// traffic is requests that go on while a deployment changes.
type traffic struct {
	t       *testing.T
	d       deployed
	url     string
	clients sync.WaitGroup

	mu sync.Mutex
	// statuses counts the answers to each kind of request, faults are those that
	// no client may ever get.
	statuses map[string]map[int]int
	faults   []string
}

func (d deployed) traffic(t *testing.T) *traffic {
	t.Helper()
	url, err := d.Output("apiUrl") // now: a deployment changes the outputs
	if err != nil {
		t.Fatal(err)
	}
	return &traffic{t: t, d: d, url: url, statuses: map[string]map[int]int{}}
}

// send has some clients send one request again and again until end.
func (tr *traffic) send(ctx context.Context, kind, method, path string, header http.Header) {
	const clients = 2
	for range clients {
		tr.clients.Go(func() {
			for ctx.Err() == nil {
				status, body := tr.d.callURL(tr.t, method, tr.url+path, anEvent, header, http.DefaultClient)
				tr.mu.Lock()
				if tr.statuses[kind] == nil {
					tr.statuses[kind] = map[int]int{}
				}
				tr.statuses[kind][status]++
				if status >= http.StatusInternalServerError {
					tr.faults = append(tr.faults, fmt.Sprintf("%s: %d %s", kind, status, body))
				}
				tr.mu.Unlock()
				time.Sleep(5 * time.Millisecond) // leaves the machine to the deployment
			}
		})
	}
}

// expect wants that since the last call a kind of request had these answers, all
// of them, and no other.
func (tr *traffic) expect(step, kind string, want ...int) {
	tr.t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	got := tr.statuses[kind]
	delete(tr.statuses, kind)
	for _, status := range want {
		if got[status] == 0 {
			tr.t.Errorf("%s: no %s was answered with %d: %v", step, kind, status, got)
		}
		delete(got, status)
	}
	if len(got) > 0 {
		tr.t.Errorf("%s: %s was answered with %v beside %v", step, kind, got, want)
	}
}

// wantNoFault ends the traffic, of which no request may have failed.
func (tr *traffic) wantNoFault(stop context.CancelFunc) {
	tr.t.Helper()
	stop()
	tr.clients.Wait()
	if len(tr.faults) > 0 {
		tr.t.Errorf("%d requests failed, the first ones: %s\nthe console says of them:\n%s",
			len(tr.faults), strings.Join(tr.faults[:min(5, len(tr.faults))], "\n"), strings.Join(tr.d.faults(), "\n"))
	}
}

// faults are the first of the console's lines about requests that failed.
func (d deployed) faults() []string {
	var lines []string
	for line := range strings.SplitSeq(d.console.String(), "\n") {
		if strings.Contains(line, " 500; ") && len(lines) < 5 {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestSwitchOfMethods changes how callers prove who they are, under traffic. A
// request is let in or refused as before or as after the change; none meets an
// authorizer that is not what its environment and its permissions are for.
func TestSwitchOfMethods(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev", Console: &consoletest.Buffer{}}) // not the test's output: thousands of lines
	ctx, stop := context.WithCancel(t.Context())
	tr := d.traffic(t)
	defer tr.wantNoFault(stop)
	tr.send(ctx, "read", http.MethodGet, "/events/evt_00000000000000000000000000", nil)
	tr.send(ctx, "token", http.MethodPost, "/events", with("Authorization", "Bearer "+d.token(t)))
	step := func(methods string, token ...int) {
		t.Helper()
		d.set(t, "authMethods", methods)
		if _, err := d.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		tr.expect(methods, "token", token...)
	}
	step("jwt,apikey", http.StatusCreated)
	key, _ := d.newKey(t, apikey.Spec{Subject: "usr_key", Tier: "partner"})
	tr.send(ctx, "key", http.MethodPost, "/events", key)
	step("apikey", http.StatusCreated, http.StatusUnauthorized)
	step("jwt", http.StatusUnauthorized, http.StatusCreated)
	tr.expect("jwt", "read", http.StatusNotFound)
}
