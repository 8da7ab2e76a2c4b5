package langhost

import (
	"bytes"
	"context"
	"sync"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// lines shows what a program prints among the engine's messages, a line at a time.
type lines struct {
	ctx    context.Context
	engine rpc.EngineClient

	mu      sync.Mutex
	pending []byte
}

// Write implements io.Writer. A message that cannot be shown is no reason to end the
// program.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, p...)
	for {
		line, rest, found := bytes.Cut(l.pending, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.show(line)
		l.pending = rest
	}
}

// flush shows a last line without an end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		l.show(l.pending)
		l.pending = nil
	}
}

func (l *lines) show(line []byte) {
	_, _ = l.engine.Log(l.ctx, &rpc.LogRequest{Severity: rpc.LogSeverity_INFO, Message: string(line)})
}
