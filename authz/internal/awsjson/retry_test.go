package awsjson

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestRetries: throttled, failing and broken calls are repeated, with and
// without kept connections.
func TestRetries(t *testing.T) {
	t.Parallel()
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
	}
	for name, answer := range map[string]http.HandlerFunc{
		"throttled": refuse(400, "ThrottlingException", ""), "internal": refuse(500, "InternalServerError", ""),
		"connection lost": hangUp, "answer cut": cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newService(t, answer, answer, respond(200, `{"Value":"v"}`))
			client, _ := newClient(environment(server.URL))
			var out struct{ Value string }
			if err := client.Call(t.Context(), "GetItem", input{}, &out); err != nil || out.Value != "v" {
				t.Fatalf("got %+v, %v", out, err)
			}
			if n := len(server.requests()); n != 3 {
				t.Errorf("made %d calls, want 3", n)
			}
		})
	}
}

// TestNobodyThere: the address is refused.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(200, ""))
	server.Close()
	client, waits := newClient(environment(server.URL))
	err := client.Call(t.Context(), "GetItem", input{}, nil)
	if !errors.Is(err, authz.ErrUnavailable) || !strings.HasPrefix(text(err), "unavailable: calling DynamoDB: ") {
		t.Errorf("got %q", text(err))
	}
	if len(*waits) != maxCalls-1 {
		t.Errorf("waited %v, want %d waits", *waits, maxCalls-1)
	}
}

// TestHangs: a server that does not answer costs no more than the caller's
// context.
func TestHangs(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, maxCalls), make(chan struct{})
	server := newService(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the server closes
	client, _ := newClient(environment(server.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	err := client.Call(ctx, "GetItem", input{}, nil)
	if !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(server.requests()); n != 1 {
		t.Errorf("made %d calls, want 1", n)
	}
}

// TestTimeouts: a call for the keys and one for a nonce together
// stay below the 10 s that API Gateway gives an authorizer; and both limits
// end a call to a server that does not answer.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	if 2*DefaultTimeout >= 10*time.Second || DefaultCallTimeout >= DefaultTimeout {
		t.Errorf("an attempt may take %v, a call %v", DefaultTimeout, DefaultCallTimeout)
	}
	for name, config := range map[string]Config{"exchange": {CallTimeout: 10 * time.Millisecond}, "all": {Timeout: 30 * time.Millisecond, CallTimeout: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			server := newService(t, func(http.ResponseWriter, *http.Request) { <-release })
			t.Cleanup(func() { close(release) })
			config.Service, config.Version, config.Getenv = "dynamodb", "1.0", environment(server.URL)
			err := New(config).Call(t.Context(), "GetItem", input{}, nil)
			if !errors.Is(err, authz.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
