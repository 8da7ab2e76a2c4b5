// Package console is where the local AWS tells the developer what happens, a
// line an event: requests, function logs, and every refusal with the grant or
// setting that would cure it.
package console

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Console writes lines, one at a time. A nil Console writes nothing.
type Console struct {
	mu  sync.Mutex
	w   io.Writer
	now func() time.Time
}

// New returns a console that writes to w.
func New(w io.Writer) *Console { return &Console{w: w, now: time.Now} }

// Printf writes one line, with the time of day before it. Control characters
// in it, which may come from a client's request, are replaced by �, so that no
// request can forge a line or move the cursor.
func (c *Console) Printf(format string, args ...any) {
	if c == nil {
		return
	}
	line := clean(fmt.Sprintf(format, args...))
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.w, "%s %s\n", c.now().Format("15:04:05.000"), line)
}

// Refused writes that something was refused as AWS would refuse it, and the
// grant or setting that would cure it.
func (c *Console) Refused(what, cure string) {
	c.Printf("REFUSED %s; cure: %s", what, cure)
}

func clean(line string) string {
	line = strings.TrimRight(line, "\n")
	return strings.Map(func(r rune) rune {
		if (r < 0x20 && r != '\t') || (r >= 0x7f && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, line)
}
