// Package console is where the local AWS tells the developer what happens, a
// line an event: requests, function logs, and every refusal with the grant or
// setting that would cure it.
package console

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"
)

// Console writes lines, one at a time. A nil Console writes nothing.
type Console struct {
	mu     sync.Mutex
	w      io.Writer
	colour bool
	brief  bool
	now    func() time.Time
	buffer []byte // of what is being written
}

// New returns a console that writes to w: in colours where w is a terminal and
// the environment variable NO_COLOR is empty (https://no-color.org).
func New(w io.Writer) *Console {
	file, ok := w.(*os.File)
	colour := ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""
	return &Console{w: w, colour: colour, now: time.Now}
}

// Brief leaves out of functions' logs what Lambda itself writes there for each run.
func (c *Console) Brief() { c.brief = true }

// style is an ANSI escape sequence.
type style string

const (
	plain  style = ""
	faint  style = "\x1b[2m"
	red    style = "\x1b[31m"
	green  style = "\x1b[32m"
	yellow style = "\x1b[33m"
	reset        = "\x1b[0m"
)

// Printf writes one line, with the time of day before it. Control characters
// in it, which may come from a client's request, are replaced by �, so that no
// request can forge a line or move the cursor.
func (c *Console) Printf(format string, args ...any) {
	c.write(plain, format, args...)
}

// Refused writes that something was refused as AWS would refuse it, and the
// grant or setting that would cure it.
func (c *Console) Refused(what, cure string) {
	c.write(red, "REFUSED %s; cure: %s", what, cure)
}

// Request writes what became of a client's request: its status, and how that
// came about.
func (c *Console) Request(method, path string, status int, note string) {
	s := green
	switch {
	case status >= 500:
		s = red
	case status >= 400:
		s = yellow
	}
	c.write(s, "%s %s %d; %s", method, path, status, note)
}

// platform matches the lines of Lambda itself, as text and as JSON.
var platform = regexp.MustCompile(`^((INIT_START|START|END|REPORT) |.*"type":"platform\.)`)

// Log writes events of a function's log, each of which may have several lines.
func (c *Console) Log(function string, events ...string) {
	if c == nil {
		return
	}
	shown := make([]string, 0, len(events))
	for _, event := range events {
		if c.brief && platform.MatchString(event) {
			continue
		}
		for line := range strings.SplitSeq(strings.TrimRight(event, "\n"), "\n") {
			shown = append(shown, function+" | "+line)
		}
	}
	c.writeLines(faint, shown...)
}

func (c *Console) write(s style, format string, args ...any) {
	if c != nil {
		c.writeLines(s, fmt.Sprintf(format, args...))
	}
}

// writeLines writes lines at once.
func (c *Console) writeLines(s style, lines ...string) {
	if len(lines) == 0 {
		return
	}
	if !c.colour {
		s = plain
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.buffer = c.buffer[:0]
	for _, line := range lines {
		c.buffer = append(c.buffer, s...)
		c.buffer = append(now.AppendFormat(c.buffer, "15:04:05.000"), ' ')
		c.buffer = append(c.buffer, clean(line)...)
		if s != plain {
			c.buffer = append(c.buffer, reset...)
		}
		c.buffer = append(c.buffer, '\n')
	}
	_, _ = c.w.Write(c.buffer)
}

// clean replaces what would move a terminal's cursor, end a line, or turn the order of what
// follows: paths and log lines come from strangers.
func clean(line string) string {
	line = strings.TrimRight(line, "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', ' ' <= r && r <= '~': // nearly all
			return r
		case unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp):
			return '\uFFFD'
		}
		return r
	}, line)
}
