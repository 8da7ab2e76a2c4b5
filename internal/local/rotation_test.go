package local

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestRotation rotates the secret twice while requests flow, and takes Systems
// Manager down, with the default authorizer and no deployment in between.
func TestRotation(t *testing.T) {
	t.Parallel()
	const maxAge = 2 * time.Second
	d := deploy(t, Options{Project: repository, Stack: "dev", Settings: map[string]string{"secretMaxAge": maxAge.String()}})

	// Without its secret the authorizer lets nobody in, and recovers.
	d.AWS.SetOutage("ssm", true)
	good := d.signToken(t, d.Secret, nil)
	for range 2 {
		d.expect(t, http.StatusInternalServerError, "POST", "/events", with("Authorization", "Bearer "+good))
	}
	starts := d.initialisations(t)
	d.AWS.SetOutage("ssm", false)
	d.expect(t, http.StatusCreated, "POST", "/events", with("Authorization", "Bearer "+good))
	if after := d.initialisations(t); after != starts {
		t.Errorf("the authorizer started %d times more", after-starts)
	}

	current := d.testRotation(t)

	// An outage that begins later is not noticed: the secret is used beyond its
	// age for a while.
	d.AWS.SetOutage("ssm", true)
	time.Sleep(maxAge)
	d.expect(t, http.StatusCreated, "POST", "/events", current)
	d.AWS.SetOutage("ssm", false)
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
		if err := d.AWS.PutSecret(d.SecretPath, document); err != nil {
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
	// The first secret is in no document any more: its tokens stop when the
	// secrets that were read are too old.
	old := headers[0]
	stopped := false
	for deadline := time.Now().Add(time.Minute); !stopped && time.Now().Before(deadline); {
		status, _ := d.call(t, "DELETE", "/events/evt_00000000000000000000000000", "", old, http.DefaultClient)
		stopped = status == http.StatusForbidden
	}
	close(done)
	wait.Wait()
	if !stopped {
		t.Error("a token of the first secret is accepted a minute after the second rotation")
	}
	for range 20 {
		d.expect(t, http.StatusForbidden, "DELETE", "/events/evt_1", old)
	}
	d.expect(t, http.StatusNotFound, "DELETE", "/events/evt_00000000000000000000000000", headers[1])
	t.Logf("%d requests during two rotations", sent.Load())
	return headers[2]
}

// rotationPause is longer than the least time between two readings that an
// unknown signature causes.
const rotationPause = 11 * time.Second
