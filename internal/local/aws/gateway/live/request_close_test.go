package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// blocked makes the handler wait until the test lets it go on.
func (w *world) blocked() (started <-chan struct{}, release func()) {
	running, gate := make(chan struct{}, 1), make(chan struct{})
	w.invoker.set(handlerName, func(ctx context.Context, _ lambda.InvokeInput) (lambda.InvokeOutput, error) {
		running <- struct{}{}
		select {
		case <-gate:
			return lambda.InvokeOutput{Payload: []byte(okBody)}, nil
		case <-ctx.Done():
			return lambda.InvokeOutput{}, ctx.Err()
		}
	})
	return running, sync.OnceFunc(func() { close(gate) })
}

func TestCloseLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, release := w.blocked()
	replies := make(chan reply, 1)
	go func() { replies <- w.get("/r/1", "Authorization: x") }()
	<-started
	closed := make(chan error, 1)
	go func() { closed <- w.service.Close(context.Background()) }()
	w.wantEventually(func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(w.api.Endpoint, "http://"))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	}, "the listener stays open")
	release()
	answer := <-replies
	answer.want(t, 200, okBody)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestCloseCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, release := w.blocked()
	defer release()
	failed := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.api.Endpoint+"/r/1", nil)
		if err != nil {
			failed <- err
			return
		}
		request.Header.Set("Authorization", "x")
		response, err := w.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.service.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	w.wantLine("handler: failed: the local AWS is closing")
}

// leave sends a request, and leaves when it has started.
func (w *world) leave(started <-chan struct{}) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	request := must(http.NewRequestWithContext(ctx, http.MethodGet, w.api.Endpoint+"/r/1", nil))
	request.Header.Set("Authorization", "x")
	left := make(chan struct{})
	go func() {
		defer close(left)
		if response, err := w.client.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-started
	cancel()
	<-left
}

// TestClientThatLeaves checks that its function runs to the end, as on AWS.
func TestClientThatLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, release := w.blocked()
	w.leave(started)
	release()
	w.wantLine("GET /r/1 200; ")
}

// Whoever closes does not wait for what nobody waits for.
func TestCloseEndsRequestsOfClientsThatHaveLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, _ := w.blocked() // and is never let go on
	w.leave(started)
	if err := w.service.Close(t.Context()); err != nil {
		t.Error(err)
	}
	w.wantLine("handler: failed: the local AWS is closing")
}

// TestConcurrency sends requests while resources change: every client gets
// the answer to its own request.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	w.invoker.set(authorizerName, func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
		var event struct{ IdentitySource []string }
		if err := json.Unmarshal(in.Payload, &event); err != nil {
			return lambda.InvokeOutput{}, err
		}
		return lambda.InvokeOutput{Payload: fmt.Appendf(nil, `{"isAuthorized":true,"context":{"token":%q}}`, event.IdentitySource[0])}, nil
	})
	w.invoker.set(handlerName, func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
		var event struct {
			PathParameters map[string]string
			RequestContext struct {
				Authorizer struct{ Lambda map[string]string }
			}
		}
		if err := json.Unmarshal(in.Payload, &event); err != nil {
			return lambda.InvokeOutput{}, err
		}
		return lambda.InvokeOutput{Payload: fmt.Appendf(nil, `"%s %s"`, event.PathParameters["id"], event.RequestContext.Authorizer.Lambda["token"])}, nil
	})
	stop := make(chan struct{})
	var changes, clients sync.WaitGroup
	changes.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			route := w.public(fmt.Sprint("GET /extra/", i))
			must(w.service.UpdateAuthorizer(w.api.ID, w.authorizer))
			err := errors.Join(w.service.DeleteRoute(w.api.ID, route.ID), w.service.ResetAuthorizersCache(w.api.ID, "$default"))
			if err != nil {
				t.Error(err)
			}
			w.clock.advance(time.Minute)
		}
	})
	for i := range 16 {
		clients.Go(func() {
			for j := range 40 {
				token := fmt.Sprint("t", (i+j)%5)
				reply := w.get(fmt.Sprint("/r/", i*100+j), "Authorization: "+token)
				reply.want(t, 200, fmt.Sprintf("%d %s", i*100+j, token))
			}
		})
	}
	clients.Wait()
	close(stop)
	changes.Wait()
}
