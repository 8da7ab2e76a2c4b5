package planner

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AccessLog is what an access log of the component says (accessLogFields in
// components/access_logs.go). Of a credential it has its public name alone,
// credentialId: the jti of a token or the beginning of its digest, the id of an API key.
type AccessLog struct {
	// ByRoute keeps the answers of each route apart, as the cache does where
	// $context.routeKey is an identity source. It is set before lines are added.
	ByRoute bool

	// Lines is how many there were, Unreadable how many of them are no line of such a log.
	Lines, Unreadable int
	// Others were not judged by a Lambda authorizer: public routes, other kinds of
	// authorizers, no credential at all.
	Others int
	// Unnamed were judged, and the log does not say whose they are: what an authorizer
	// refuses has no name there. They are taken to run it each time. A 403 counts only where
	// the log has somebody else of the route who was judged: handlers answer it too.
	Unnamed int
	// Ran is how often the log itself says that the authorizer ran; Timed whether it has
	// that field ($context.authorizer.latency, which not every edition of AWS's list has).
	Ran   int
	Timed bool

	// routes are those that an authorizer judges, by the log; refused are when the others
	// answered 403, until it says that one of them is judged.
	routes  map[string]bool
	refused map[string][]time.Time

	bytes     int // of readable lines
	judged    []Request
	first     time.Time
	latencies []time.Duration
}

// absent is what API Gateway writes for a variable without a value.
const absent = "-"

// clf is the form of $context.requestTime.
const clf = "02/Jan/2006:15:04:05 -0700"

// maxLine bounds a line: an event of CloudWatch Logs has up to 1 MB.
const maxLine = 1 << 20

// Read adds all lines: as CloudWatch keeps them, or as aws logs tail and pha up print
// them, with a time and a stream in front.
func (l *AccessLog) Read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(lines)
		if len(bytes.TrimSpace(line)) > 0 {
			l.Add(line, time.Time{})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads a line; of one that is too long no more than its beginning.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxLine+1-len(line))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// Add adds a line, with the time of its event. Without one it is that in front of the
// line, or else that in it, which has whole seconds.
func (l *AccessLog) Add(line []byte, at time.Time) {
	l.Lines++
	start := bytes.IndexByte(line, '{')
	var fields struct {
		RequestID, Time, RouteKey, Status  string
		UserID, CredentialID, JwtSubject   string
		AuthorizerError, AuthorizerLatency string
	}
	if start < 0 || len(line) > maxLine || json.Unmarshal(line[start:], &fields) != nil || fields.RequestID == "" {
		l.Unreadable++
		return
	}
	if at.IsZero() {
		at = timeOf(string(line[:start]), fields.Time)
	}
	if at.IsZero() {
		l.Unreadable++
		return
	}
	l.bytes += len(line) - start
	has := func(value string) bool { return value != "" && value != absent }
	latency, err := strconv.ParseFloat(fields.AuthorizerLatency, 64)
	timed := err == nil && latency > 0 && latency <= 60_000
	ran := timed || err == nil && latency == 0 || has(fields.AuthorizerError)
	name := fields.CredentialID
	if !has(name) {
		name = fields.UserID
	}
	switch {
	case has(fields.JwtSubject):
		l.Others++
		return
	case has(name):
		key := name
		if l.ByRoute {
			key += " " + fields.RouteKey
		}
		l.judge(at, key)
		l.judges(fields.RouteKey)
	case ran, fields.Status == "403" && l.routes[fields.RouteKey]:
		l.Unnamed++
		l.judge(at, "")
		l.judges(fields.RouteKey)
	case fields.Status == "403":
		if l.refused == nil {
			l.refused = map[string][]time.Time{}
		}
		l.refused[fields.RouteKey] = append(l.refused[fields.RouteKey], at)
		l.Others++
		return
	default:
		l.Others++
		return
	}
	if ran {
		l.Timed = true
		l.Ran++
	}
	if timed {
		l.latencies = append(l.latencies, time.Duration(latency*float64(time.Millisecond)))
	}
}

// judges notes that an authorizer judges a route: so it did what the route refused before.
func (l *AccessLog) judges(route string) {
	if l.routes == nil {
		l.routes = map[string]bool{}
	}
	l.routes[route] = true
	before := l.refused[route]
	delete(l.refused, route)
	for _, at := range before {
		l.judge(at, "")
	}
	l.Others -= len(before)
	l.Unnamed += len(before)
}

// judge adds a request that the authorizer or its cache has judged.
func (l *AccessLog) judge(at time.Time, key string) {
	if l.first.IsZero() {
		l.first = at
	}
	l.judged = append(l.judged, Request{At: at.Sub(l.first), Key: key})
}

// timeOf reads the time in front of a line, or that of the field.
func timeOf(before, field string) time.Time {
	if words := strings.Fields(before); len(words) > 0 {
		if at, err := time.Parse(time.RFC3339, words[0]); err == nil {
			return at
		}
	}
	at, err := time.Parse(clf, field)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Requests are those that were judged, in order of time.
func (l *AccessLog) Requests() []Request {
	sorted := slices.Clone(l.judged)
	slices.SortStableFunc(sorted, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	return sorted
}

// leastSpan is how long a log has to be that says how many come in an hour.
const leastSpan = time.Minute

// Check returns an error where the log says too little.
func (l *AccessLog) Check() error {
	switch requests := l.Requests(); {
	case l.Lines == 0:
		return errors.New("the access log is empty: take a longer time, or a group that has requests")
	case l.Lines == l.Unreadable:
		return fmt.Errorf("none of the %d lines of the access log is one that the component's access log has: a JSON object with requestId and time", l.Lines)
	case len(requests) == 0:
		return fmt.Errorf("none of the %d requests in the access log was judged by a Lambda authorizer", l.Lines-l.Unreadable)
	case len(l.names()) == 0:
		return fmt.Errorf("none of the %d requests in the access log that an authorizer judged has a credentialId or userId: keep these fields in AccessLogs.Fields, and let the authorizer name who it lets in, as authz.Handler does", len(requests))
	case span(requests) < leastSpan:
		return fmt.Errorf("the access log is about %v: take a minute or more", span(requests))
	}
	return nil
}

func span(sorted []Request) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)-1].At - sorted[0].At
}

// names are the keys that there are, with the requests of each.
func (l *AccessLog) names() map[string]int {
	names := map[string]int{}
	for _, r := range l.judged {
		if r.Key != "" {
			names[r.Key]++
		}
	}
	return names
}

// Warm is what half of the runs take at most, by the log; 0 where it does not say.
func (l *AccessLog) Warm() time.Duration {
	if len(l.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l.latencies))
	return sorted[(len(sorted)-1)/2]
}

// Replay is a row for each of the TTLs: what the cache would have done with the requests
// of the log.
func (l *AccessLog) Replay(a Authorizer, lifetime time.Duration, p Prices, ttls []time.Duration) ([]Row, error) {
	if err := errors.Join(l.Check(), a.Check(), checkTTLs(ttls)); err != nil {
		return nil, err
	}
	requests := l.Requests()
	hours := span(requests).Hours()
	var rows []Row
	for _, ttl := range ttls {
		counts := Simulate(requests, ttl, a)
		rows = append(rows, a.row(ttl, lifetime, float64(counts.Requests)/hours, float64(counts.Runs)/hours, float64(counts.Cold)/hours, p))
	}
	return rows, nil
}
