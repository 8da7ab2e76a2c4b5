package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// tick is how often the page is told what is new, mostRows how many requests at once.
	tick     = 100 * time.Millisecond
	mostRows = 500
	// summaryEvery is how many ticks there are from one look at counts and state to the
	// next, silence after how many the connection is shown to be alive.
	summaryEvery = 10
	silence      = 150
	// patience is how long the page may take to read.
	patience = 10 * time.Second
	// mostStreams is how many pages look at once: a browser has six connections to a
	// server, of HTTP/1.1, and a page needs one beside its stream.
	mostStreams = 4
)

// stream sends what happens as server-sent events (WHATWG HTML, section 9.2), until the
// page goes. Each page has a reader of its own: one that is slow misses requests, which it
// is told, and holds nobody up.
func (p *Page) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	s := &subscriber{w: w, out: http.NewResponseController(w), at: p.recorder.kept()}
	if last, ok := parsePosition(r.Header.Get("Last-Event-Id")); ok {
		s.at = last
	}
	replaced := p.join()
	defer p.leave(replaced)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ; n++ {
		if err := p.send(s, n); err != nil {
			return
		}
		if !s.caughtUp {
			continue
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-p.closing:
			return
		case <-replaced:
			_ = s.write([]byte("event: replaced\ndata: {}\n\n")) // to a page that may have gone
			return
		}
	}
}

// join adds a stream. The oldest of too many is told that it is replaced, and ends.
func (p *Page) join() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	joined := make(chan struct{})
	if p.streams = append(p.streams, joined); len(p.streams) > mostStreams {
		close(p.streams[0])
		p.streams = p.streams[1:]
	}
	return joined
}

func (p *Page) leave(stream <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams = slices.DeleteFunc(p.streams, func(each chan struct{}) bool { return each == stream })
}

// subscriber is a page that looks.
type subscriber struct {
	w             http.ResponseWriter
	out           *http.ResponseController
	at            position
	caughtUp      bool   // with what was before it came
	state, counts []byte // as last sent
	version       int    // of the state
}

// send writes what is new since the last time.
func (p *Page) send(s *subscriber, n int) error {
	news := p.news(s, n)
	if len(news) == 0 {
		return nil
	}
	return s.write(news)
}

func (s *subscriber) write(news []byte) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := s.w.Write(news); err != nil {
		return err
	}
	return s.out.Flush()
}

// news are the events of a tick.
func (p *Page) news(s *subscriber, n int) []byte {
	var b bytes.Buffer
	if version := p.version(); n%summaryEvery == 0 || version != s.version {
		s.version = version
		if text := encode(p.state()); !bytes.Equal(text, s.state) {
			s.state = text
			fmt.Fprintf(&b, "event: state\ndata: %s\n\n", text)
		}
	}
	found, dropped, next := p.recorder.since(s.at, mostRows, !s.caughtUp)
	s.caughtUp = s.caughtUp || len(found) < mostRows
	if len(found) > 0 {
		event := rows{Dropped: dropped, Rows: make([]row, 0, len(found))}
		for _, e := range found {
			event.Rows = append(event.Rows, rowOf(e))
		}
		fmt.Fprintf(&b, "id: %s\nevent: rows\ndata: %s\n\n", next, encode(event))
	}
	s.at = next
	if n%summaryEvery == 0 {
		if text := encode(p.recorder.summary()); !bytes.Equal(text, s.counts) {
			s.counts = text
			fmt.Fprintf(&b, "event: counts\ndata: %s\n\n", text)
		}
	}
	if n%silence == 0 {
		b.WriteString(": alive\n\n")
	}
	return b.Bytes()
}

// String is a position as the id of an event, which the browser gives back where it has
// lost the stream.
func (p position) String() string { return fmt.Sprintf("%d-%d", p.head, p.changes) }

func parsePosition(id string) (position, bool) {
	head, changes, _ := strings.Cut(id, "-")
	h, err := strconv.ParseUint(head, 10, 64)
	c, changesErr := strconv.ParseUint(changes, 10, 64)
	return position{h, c}, err == nil && changesErr == nil
}

// encode writes JSON on one line. What <, > and & are to HTML cannot matter: the page makes
// no markup of it.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // the types are our own
	}
	return text
}
