// Package load sends requests from several clients at once.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/stats"
)

// Batch sends n requests from so many clients, each of which waits for an answer before it
// sends the next, and returns how many were answered in a second and the median of how
// long they took, in seconds. The first that fails ends it.
func Batch(ctx context.Context, clients, n int, request func(ctx context.Context, i int) error) (perSecond, median float64, err error) {
	took := make([]float64, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	var once sync.Once
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := time.Now()
	for range clients {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				sent := time.Now()
				if failed := request(ctx, i); failed != nil {
					once.Do(func() { err = failed })
					cancel(failed)
				}
				took[i] = time.Since(sent).Seconds()
			}
		})
	}
	wait.Wait()
	total := time.Since(start).Seconds()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return float64(n) / total, stats.Quantile(took, 0.5), err
}

// Client keeps as many connections as there are clients, and none so long that the server
// might close it at the moment of the next request: Node does after five seconds.
var Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 2 * time.Second}, Timeout: time.Minute}

// Send sends a request and wants a status.
func Send(req *http.Request, want int) error {
	res, err := Client.Do(req) //nolint:gosec // servers of this machine
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s: status %d, want %d: %.300s", req.Method, req.URL.Path, res.StatusCode, want, body)
	}
	return err
}

// FreePort is a port that nobody listens at.
func FreePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// Serves waits until an address takes connections.
func Serves(ctx context.Context, address string, atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w", address, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
