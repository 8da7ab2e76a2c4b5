package localtest

import (
	"strings"
	"sync"
)

// keptLines is how many lines of the local AWS's console are kept.
const keptLines = 1000

// console keeps what the local AWS has refused, and how that can be cured.
type console struct {
	mu    sync.Mutex
	lines []string
	count int // of all lines, of which the last ones are kept
}

// Write takes one line.
func (c *console) Write(line []byte) (int, error) {
	if strings.Contains(string(line), " REFUSED ") {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lines = append(c.lines, strings.TrimSpace(string(line)))
		c.lines = c.lines[max(0, len(c.lines)-keptLines):]
		c.count++
	}
	return len(line), nil
}

// mark is a place to which since refers.
func (c *console) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// since are the lines since a mark.
func (c *console) since(mark int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.lines[max(0, len(c.lines)-(c.count-mark)):]...)
}
