package localtest

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a deployment is silent: a person waits longer only where much
// has to be compiled.
const patience = 10 * time.Second

// progress keeps what a deployment tells. What still comes after a while is also shown
// on the terminal, which go test keeps from a test's own output without -v.
type progress struct {
	mu       sync.Mutex
	kept     bytes.Buffer
	began    time.Time
	shown    bool
	terminal io.Writer
	closer   io.Closer
}

func (p *progress) open(t testing.TB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept.Reset()
	p.began, p.shown = time.Now(), false
	p.terminal = os.Stderr
	if testing.Verbose() {
		p.terminal = t.Output()
	} else if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		p.terminal, p.closer = tty, tty
	}
}

// forget begins anew, without the terminal.
func (p *progress) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept.Reset()
}

// Write keeps what is told, and shows it.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept.Write(text)
	if p.terminal != nil && time.Since(p.began) > patience {
		if !p.shown {
			_, _ = io.WriteString(p.terminal, "localtest: deploying; what is compiled now is there the next time\n")
			p.shown = true
		}
		_, _ = p.terminal.Write(text)
	}
	return len(text), nil
}

// quietly takes what is only kept.
func (p *progress) quietly() io.Writer { return keeper{p} }

type keeper struct{ p *progress }

func (k keeper) Write(text []byte) (int, error) {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	return k.p.kept.Write(text)
}

// told is all that was told, on lines of its own.
func (p *progress) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if text := strings.TrimSpace(p.kept.String()); text != "" {
		return "\n" + text
	}
	return ""
}

// close leaves the terminal alone.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.terminal = nil
	if p.closer != nil {
		_ = p.closer.Close()
		p.closer = nil
	}
}

var step = regexp.MustCompile(`(?m)^(.*): ready in (\S+)$`)

// steps are the parts of a deployment and how long each took.
func (p *progress) steps(text string) string {
	var parts []string
	for _, match := range step.FindAllStringSubmatch(text, -1) {
		parts = append(parts, match[1]+" "+match[2])
	}
	return strings.Join(parts, ", ")
}
