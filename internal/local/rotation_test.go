package local

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// maxAge is how old the authorizer's secret gets in TestRotation.
const maxAge = 2 * time.Second

// TestRotation rotates the secret twice while requests flow, and takes Systems
// Manager down, with the default authorizer and no deployment in between.
func TestRotation(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev", Settings: map[string]string{"secretMaxAge": maxAge.String()}})

	// Without its secret the authorizer lets nobody in, and recovers.
	d.AWS.SetOutage("ssm", true)
	good := d.signToken(t, d.Secret, nil)
	for range 2 {
		d.expect(t, http.StatusInternalServerError, "POST", "/events", with("Authorization", "Bearer "+good))
	}
	starts := d.initialisations(t, "authorizer")
	d.AWS.SetOutage("ssm", false)
	// A failure is the answer for a second.
	d.await(t, 30*time.Second, http.StatusCreated, with("Authorization", "Bearer "+good))
	if after := d.initialisations(t, "authorizer"); after != starts {
		t.Errorf("the authorizer started %d times more", after-starts)
	}

	current := d.testRotation(t)

	// An outage that begins later is not noticed: the secret is used beyond its
	// age for a while.
	d.AWS.SetOutage("ssm", true)
	time.Sleep(maxAge)
	d.expect(t, http.StatusCreated, "POST", "/events", current)
	const stale = `"msg":"using old secrets"`
	if log := d.log(t, "authorizer"); !bytes.Contains(log, []byte(stale)) {
		t.Errorf("the authorizer's log has no line with %s: the outage was not noticed because nothing was read", stale)
	}
	d.AWS.SetOutage("ssm", false)
}

// await sends requests until one is answered with the status, for so long.
func (d deployed) await(t *testing.T, limit time.Duration, want int, header http.Header) {
	t.Helper()
	status, body := 0, ""
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if status, body = d.call(t, "POST", "/events", anEvent, header, http.DefaultClient); status == want {
			return
		}
	}
	t.Errorf("POST /events is still %d after %v, not %d: %s", status, limit, want, body)
}

// testRotation: the secret goes from that of the deployment to two others. It
// returns the header of a token of the last.
func (d deployed) testRotation(t *testing.T) http.Header {
	t.Helper()
	secrets := []string{string(d.Secret), fmt.Sprintf("%064d", 1), fmt.Sprintf("%064d", 2)}
	var headers []http.Header
	for _, secret := range secrets {
		headers = append(headers, with("Authorization", "Bearer "+d.signToken(t, []byte(secret), nil)))
	}
	var current, sent atomic.Int64
	done := make(chan struct{})
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				i := current.Load()
				if status, body := d.call(t, "DELETE", "/events/evt_00000000000000000000000000", "", headers[i], http.DefaultClient); status != http.StatusNotFound {
					t.Errorf("a good token of secret %d is answered with %d: %s", i, status, body)
				}
				sent.Add(1)
			}
		})
	}
	for i := 1; i < len(secrets); i++ {
		document := fmt.Sprintf(`{"current":%q,"previous":%q}`, secrets[i], secrets[i-1])
		if err := d.AWS.PutSecret(d.SecretPaths[0], document); err != nil {
			t.Fatal(err)
		}
		before := sent.Load()
		current.Store(int64(i))
		// A secret is rotated again when every environment has this one.
		time.Sleep(rotationPause)
		if sent.Load() == before {
			t.Error("no request was sent with the new secret")
		}
	}
	close(done)
	wait.Wait()
	t.Logf("%d requests during two rotations", sent.Load())

	// The first secret is in no document any more. Whatever environment answers
	// has read the second document by now.
	for range 20 {
		d.expect(t, http.StatusForbidden, "DELETE", "/events/evt_1", headers[0])
	}
	// The second one is taken out, and nothing else is sent than tokens of it,
	// which fit the keys that the environments have: so only the age of these ends
	// it.
	dropped := headers[1]
	d.await(t, time.Minute, http.StatusCreated, dropped)
	if err := d.AWS.PutSecret(d.SecretPaths[0], fmt.Sprintf(`{"current":%q}`, secrets[2])); err != nil {
		t.Fatal(err)
	}
	d.await(t, maxAge+droppedSlack, http.StatusForbidden, dropped)
	return headers[2]
}

// droppedSlack is far more than a request takes on a machine that is busy, and
// far less than what a maximum age that does not hold would take.
const droppedSlack = 30 * time.Second

// rotationPause is longer than the least time between two readings that an
// unknown signature causes.
const rotationPause = 11 * time.Second
