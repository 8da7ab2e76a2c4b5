package logs

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"slices"
	"sort"
)

// maxPage is how many bytes of messages an answer has (CloudWatch Logs API:
// 1 MB).
const maxPage = 1 << 20

// query is which events to read of a group, in the order of its file.
type query struct {
	group string
	// offset is where to begin or, where last, to end; beyond the file's end
	// it is the end.
	offset int64
	// from and to are milliseconds since the epoch; to is not included.
	from, to int64
	// take is whether an event is wanted.
	take func(Event) bool
	// limit is the most events that are read. Where last, the last ones are
	// read, else the first.
	limit int
	last  bool
}

const (
	// maxTime is later than every event.
	maxTime = math.MaxInt64
	// noMore is in place of an offset where all events were read.
	noMore = -1
)

// read returns events and, where there are more than the limit, the offset of
// the next one, else noMore. It fails with ResourceNotFoundException, or
// with InvalidParameterException where no record begins at the offset.
func (s *Service) read(q query) (events []record, next int64, err error) {
	file, begin, size, err := s.open(q)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	bytes := 0
	for r, err := range records(io.NewSectionReader(file, begin, size-begin), begin) {
		if err != nil {
			if q.offset > 0 && !q.last {
				err = badToken()
			}
			return nil, 0, err
		}
		if q.last && r.end > q.offset {
			break
		}
		if ms := r.At.UnixMilli(); ms < q.from || ms >= q.to || !q.take(r.Event) {
			continue
		}
		if !q.last && (len(events) == q.limit || (len(events) > 0 && bytes+len(r.Message) > maxPage)) {
			return events, r.offset, nil
		}
		events = append(events, r)
		bytes += len(r.Message)
		for len(events) > q.limit || (len(events) > 1 && bytes > maxPage) {
			bytes -= len(events[0].Message)
			events = events[1:]
		}
	}
	return events, noMore, nil
}

// open opens the file of q's group, and says from where to where to read.
func (s *Service) open(q query) (file *os.File, begin, size int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[q.group]
	if !ok {
		return nil, 0, 0, notFound(q.group)
	}
	if file, err = os.Open(g.file.Name()); err != nil {
		return nil, 0, 0, fmt.Errorf("reading the log group %q: %w", q.group, err)
	}
	if !q.last {
		begin = min(q.offset, g.size)
	}
	// What all is too early is not read.
	if n := sort.Search(len(g.marks), func(i int) bool { return g.marks[i].latest >= q.from }); n > 0 {
		begin = max(begin, g.marks[n-1].offset)
	}
	return file, begin, g.size, nil
}

// End returns the size of a group's file, after which later events stand; 0
// where there is no such group.
func (s *Service) End(group string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g, ok := s.groups[group]; ok {
		return g.size
	}
	return 0
}

// Since returns the events of a group that were appended after End said
// offset, in the order of the file. It fails with ResourceNotFoundException.
func (s *Service) Since(group string, offset int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		file, begin, size, err := s.open(query{group: group, offset: offset})
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer func() { _ = file.Close() }() // it was only read
		for r, err := range records(io.NewSectionReader(file, begin, size-begin), begin) {
			if !yield(r.Event, err) {
				return
			}
		}
	}
}

// byTime sorts events by their time, as FilterLogEvents answers them.
func byTime(events []record) {
	slices.SortStableFunc(events, func(a, b record) int { return a.At.Compare(b.At) })
}
