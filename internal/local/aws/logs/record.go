package logs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// timeLayout is what aws logs tail --format detailed prints, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z"

// append writes an event as it stands in a file: the time, the stream and the
// message, with a space between. A record always begins with a digit, so each
// further line of a message begins with a tab, which reading takes off again.
func (e Event) append(b []byte) []byte {
	b = e.At.UTC().AppendFormat(b, timeLayout)
	b = append(append(b, ' '), e.Stream...)
	b = append(append(b, ' '), strings.ReplaceAll(e.Message, "\n", "\n\t")...)
	return append(b, '\n')
}

// record is an event and its place in the file: from offset to end.
type record struct {
	Event
	offset, end int64
}

// records is Read for a reader that begins at an offset of the file.
func records(r io.Reader, offset int64) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		lines := bufio.NewReader(r)
		var current *record
		for n := 1; ; n++ {
			line, err := lines.ReadString('\n')
			begin := offset
			offset += int64(len(line))
			if err != nil && (!errors.Is(err, io.EOF) || line != "") {
				// Not at a line's end: the file was cut or cannot be read.
				yield(record{}, fmt.Errorf("reading line %d of a log file: %w", n, noEOF(err)))
				return
			}
			line = strings.TrimSuffix(line, "\n")
			if rest, ok := strings.CutPrefix(line, "\t"); ok && current != nil {
				current.Message += "\n" + rest
				current.end = offset
				continue
			}
			if current != nil && !yield(*current, nil) || err != nil {
				return
			}
			event, err := parse(line)
			if err != nil {
				yield(record{}, fmt.Errorf("reading line %d of a log file: %w", n, err))
				return
			}
			current = &record{event, begin, offset}
		}
	}
}

func parse(line string) (Event, error) {
	at, rest, _ := strings.Cut(line, " ")
	stream, message, ok := strings.Cut(rest, " ")
	if !ok {
		return Event{}, fmt.Errorf("%q is not a time, a stream and a message", line)
	}
	t, err := time.Parse(timeLayout, at)
	if err != nil {
		return Event{}, err
	}
	return Event{At: t, Stream: stream, Message: message}, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
