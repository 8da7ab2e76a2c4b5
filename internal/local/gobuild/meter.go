package gobuild

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// meterInterval is how often a meter says how far it is.
const meterInterval = 5 * time.Second

// tailLines is how much of the go command's output an error shows.
const tailLines = 20

// meter reads what the go command prints about its progress, a line a module
// downloaded or a package compiled, and tells now and then how far it is.
type meter struct {
	out   io.Writer
	title string
	total int // packages; 0 while only modules are downloaded
	start time.Time
	done  chan struct{}
	wg    sync.WaitGroup

	mu         sync.Mutex
	pending    []byte // a line that is not complete yet
	last       []string
	downloaded int
	compiled   int
}

func newMeter(out io.Writer, title string, total int) *meter {
	m := &meter{out: out, title: title, total: total, start: time.Now(), done: make(chan struct{})}
	m.wg.Add(1)
	go m.run()
	return m
}

func (m *meter) run() {
	defer m.wg.Done()
	ticker := time.NewTicker(meterInterval)
	defer ticker.Stop()
	for {
		select {
		case <-m.done:
			return
		case <-ticker.C:
			_, _ = fmt.Fprintln(m.out, m.state())
		}
	}
}

// state is the line that is printed.
func (m *meter) state() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	elapsed := time.Since(m.start).Round(time.Second)
	if m.total == 0 {
		return fmt.Sprintf("  %s: %d modules downloaded, %s", m.title, m.downloaded, elapsed)
	}
	return fmt.Sprintf("  %s: %d of at most %d packages compiled, %s", m.title, m.compiled, m.total, elapsed)
}

// Write takes the go command's standard error.
func (m *meter) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = append(m.pending, p...)
	for {
		i := bytes.IndexByte(m.pending, '\n')
		if i < 0 {
			return len(p), nil
		}
		m.line(string(m.pending[:i]))
		m.pending = m.pending[i+1:]
	}
}

func (m *meter) line(line string) {
	if m.last = append(m.last, line); len(m.last) > tailLines {
		m.last = m.last[1:]
	}
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		m.downloaded++
	case !strings.ContainsAny(line, " :"):
		m.compiled++
	}
}

// stop ends the reports.
func (m *meter) stop() {
	close(m.done)
	m.wg.Wait()
}

// tail is the end of the output.
func (m *meter) tail() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(append(m.last, string(m.pending)), "\n")
}
