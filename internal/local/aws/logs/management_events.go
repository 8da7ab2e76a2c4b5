package logs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// maxStreamNames is how many streams FilterLogEvents takes.
const maxStreamNames = 100

func (s *Service) filterEvents(body []byte) (any, error) {
	var r struct {
		target
		Streams []string `json:"logStreamNames"`
		Prefix  string   `json:"logStreamNamePrefix"`
		From    int64    `json:"startTime"`
		To      *int64   `json:"endTime"`
		Pattern string   `json:"filterPattern"`
	}
	name, limit, err := s.decode(body, &r, &r.target, maxEvents)
	if err != nil {
		return nil, err
	}
	if len(r.Streams) > maxStreamNames || (len(r.Streams) > 0 && r.Prefix != "") {
		return nil, invalid("Specify at most %d logStreamNames, or a logStreamNamePrefix, but not both.", maxStreamNames)
	}
	pattern, err := parseFilter(r.Pattern)
	if err != nil {
		return nil, err
	}
	if err := s.checkStreams(name, r.Streams...); err != nil {
		return nil, err
	}
	q := query{group: name, from: r.From, to: maxTime, limit: limit, take: func(e Event) bool {
		return strings.HasPrefix(e.Stream, r.Prefix) && (len(r.Streams) == 0 || slices.Contains(r.Streams, e.Stream)) && pattern.match(e.Message)
	}}
	if r.To != nil && *r.To < maxTime {
		q.to = *r.To + 1 // what is later is left out
	}
	if r.NextToken != "" {
		if q.offset, err = offsetOf("n/", r.NextToken); err != nil {
			return nil, err
		}
	}
	found, next, err := s.read(q)
	if err != nil {
		return nil, err
	}
	token := ""
	if next != noMore {
		token = "n/" + strconv.FormatInt(next, 10)
	}
	byTime(found)
	events := []map[string]any{}
	for _, e := range found {
		events = append(events, e.filtered())
	}
	return withToken(map[string]any{"events": events, "searchedLogStreams": []string{}}, token), nil
}

// filtered is a FilteredLogEvent. Its id, 56 digits as on AWS, is the event's
// time and place: whoever follows a log tells by it what was there before.
func (r record) filtered() map[string]any {
	ms := r.At.UnixMilli()
	return map[string]any{
		"eventId":       fmt.Sprintf("%026d%030d", ms, r.offset),
		"logStreamName": r.Stream, "message": r.Message, "timestamp": ms, "ingestionTime": ms,
	}
}

func (s *Service) getEvents(body []byte) (any, error) {
	var r struct {
		target
		From     int64  `json:"startTime"`
		To       *int64 `json:"endTime"`
		FromHead bool   `json:"startFromHead"`
	}
	name, limit, err := s.decode(body, &r, &r.target, maxEvents)
	if err != nil {
		return nil, err
	}
	if err := s.checkStreams(name, r.LogStreamName); err != nil {
		return nil, err
	}
	q := query{group: name, from: r.From, to: maxTime, limit: limit, last: !r.FromHead, take: func(e Event) bool { return e.Stream == r.LogStreamName }}
	if r.To != nil {
		q.to = *r.To
	}
	switch {
	case strings.HasPrefix(r.NextToken, "b/"):
		q.last = true
		q.offset, err = offsetOf("b/", r.NextToken)
	case r.NextToken != "":
		q.last = false
		q.offset, err = offsetOf("f/", r.NextToken)
	case q.last:
		q.offset = s.End(name)
	}
	if err != nil {
		return nil, err
	}
	found, _, err := s.read(q)
	if err != nil {
		return nil, err
	}
	// At an end of the stream the token is the one that was sent.
	before, after := q.offset, q.offset
	events := []map[string]any{}
	for i, e := range found {
		if i == 0 {
			before = e.offset
		}
		after = e.end
		events = append(events, map[string]any{"timestamp": e.At.UnixMilli(), "ingestionTime": e.At.UnixMilli(), "message": e.Message})
	}
	return map[string]any{
		"events":            events,
		"nextForwardToken":  fmt.Sprintf("f/%056d", after),
		"nextBackwardToken": fmt.Sprintf("b/%056d", before),
	}, nil
}

// checkStreams refuses a group or a stream that does not exist.
func (s *Service) checkStreams(group string, names ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[group]
	if !ok {
		return groupNotFound()
	}
	for _, name := range names {
		if g.streams[name] == nil {
			return awserr.New(awserr.ResourceNotFound, "The specified log stream does not exist.")
		}
	}
	return nil
}

func offsetOf(prefix, token string) (int64, error) {
	text, ok := strings.CutPrefix(token, prefix)
	offset, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || offset < 0 {
		return 0, badToken()
	}
	return offset, nil
}

func badToken() error {
	return invalid("The specified nextToken is invalid.")
}
