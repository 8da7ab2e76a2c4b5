package awsjson

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// listener answers HTTP requests by hand, so that a test decides what becomes
// of each connection.
type listener struct {
	net.Listener
	accepted atomic.Int64
}

// listen serves each connection with serve, which is told its number from 1.
func listen(t *testing.T, serve func(connection int64, c net.Conn)) *listener {
	t.Helper()
	var config net.ListenConfig
	inner, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: inner}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			number := l.accepted.Add(1)
			t.Cleanup(func() { _ = c.Close() })
			go serve(number, c)
		}
	}()
	return l
}

// answerOne reads one request and answers it; false when there is none.
func answerOne(c net.Conn) bool {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, request.Body)
	_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	return err == nil
}

func keptClient(l *listener, now func() time.Time) *Client {
	return New(Config{
		Service: "dynamodb", Version: "1.0", KeepAlive: true, now: now,
		Getenv: environment("http://" + l.Addr().String()),
	})
}

// TestKeepAlive: one connection carries several calls.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	l := listen(t, func(_ int64, c net.Conn) {
		for answerOne(c) {
		}
	})
	client := keptClient(l, time.Now)
	for range 5 {
		if err := client.Call(t.Context(), "GetItem", input{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.accepted.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestKeepAliveAfterFreeze: a connection of which the other end is gone
// without a word, as after a freeze, is not tried again: no call times out.
func TestKeepAliveAfterFreeze(t *testing.T) {
	t.Parallel()
	l := listen(t, func(connection int64, c net.Conn) {
		answerOne(c)
		if connection > 1 {
			return
		}
		_, _ = io.Copy(io.Discard, c) // hears, and never answers
	})
	var now atomic.Int64
	now.Store(1_700_000_000)
	client := keptClient(l, func() time.Time { return time.Unix(now.Load(), 0) })
	if err := client.Call(t.Context(), "GetItem", input{}, nil); err != nil {
		t.Fatal(err)
	}
	now.Add(int64(maxIdle/time.Second) + 1)
	if err := client.Call(t.Context(), "GetItem", input{}, nil); err != nil {
		t.Errorf("after a freeze: %v", err)
	}
	if n := l.accepted.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// TestKeepAliveConnectionDied: a connection that died a moment ago costs a
// retry, not an error, whether it was closed or does not answer.
func TestKeepAliveConnectionDied(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(net.Conn){
		"closed": func(c net.Conn) { _ = c.Close() },
		"closed on the next request": func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_ = c.Close()
		},
		"silent": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, func(connection int64, c net.Conn) {
				answerOne(c)
				if connection == 1 {
					die(c)
				}
			})
			client := keptClient(l, time.Now)
			client.config.CallTimeout = 200 * time.Millisecond
			for range 2 {
				if err := client.Call(t.Context(), "GetItem", input{}, nil); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
