package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

var local = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}

// answer is what any operation here answers.
type answer struct {
	LogGroups []struct {
		LogGroupName, Arn, LogGroupArn, LogGroupClass string
		CreationTime, StoredBytes                     int64
		RetentionInDays                               int
	}
	LogStreams []struct {
		LogStreamName, Arn                                    string
		CreationTime, FirstEventTimestamp, LastEventTimestamp int64
	}
	Events []struct {
		EventID                string `json:"eventId"`
		LogStreamName, Message string
		Timestamp              int64
	}
	NextToken, NextForwardToken, NextBackwardToken string
}

// do sends a request, without signature.
func do(s *Service, op, body string) (answer, error) {
	var a answer
	out, err := s.Handler().(*protocol.JSON).Operations[op].Run([]byte(body))
	if err != nil {
		return a, err
	}
	b, err := json.Marshal(out)
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	return a, err
}

func must(t *testing.T, s *Service, op, body string) answer {
	t.Helper()
	a, err := do(s, op, body)
	if err != nil {
		t.Fatalf("%s %s: %v", op, body, err)
	}
	return a
}

func (a answer) messages() string {
	var all []string
	for _, e := range a.Events {
		all = append(all, e.Message)
	}
	return strings.Join(all, "|")
}

// newLog returns a service with the group /g: two streams, whose events are
// one second apart and not in the order of their times.
func newLog(t *testing.T) *Service {
	t.Helper()
	s := newService(t)
	s.now = func() time.Time { return noon }
	for _, g := range []Group{{Name: "/g", RetentionDays: 14}, {Name: "/h"}, {Name: "x"}} {
		if err := s.CreateGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []struct {
		stream  string
		second  int
		message string
	}{
		{"s1", 1, "START one"}, {"s2", 3, "ERROR three\nof two lines"}, {"s1", 2, "WARN two"}, {"s1", 4, `{"level":"INFO four"}`}, {"s2", 5, "END five"},
	} {
		if err := s.Append("/g", e.stream, noon.Add(time.Duration(e.second)*time.Second), e.message); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func ms(second int) int64 { return noon.Add(time.Duration(second) * time.Second).UnixMilli() }

func TestDescribe(t *testing.T) {
	t.Parallel()
	s := newLog(t)
	all := must(t, s, "DescribeLogGroups", `{}`)
	if len(all.LogGroups) != 3 || all.NextToken != "" {
		t.Fatalf("got %+v", all)
	}
	g := all.LogGroups[0]
	if g.LogGroupName != "/g" || g.Arn != "arn:aws:logs:eu-central-1:000000000000:log-group:/g:*" || g.LogGroupArn != "arn:aws:logs:eu-central-1:000000000000:log-group:/g" ||
		g.RetentionInDays != 14 || g.CreationTime != noon.UnixMilli() || g.StoredBytes == 0 || g.LogGroupClass != "STANDARD" {
		t.Errorf("got %+v", g)
	}
	if got := must(t, s, "DescribeLogGroups", `{"logGroupNamePrefix":"/"}`); len(got.LogGroups) != 2 {
		t.Errorf("by prefix: got %+v", got)
	}
	if got := must(t, s, "DescribeLogGroups", `{"logGroupNamePattern":"X"}`); len(got.LogGroups) != 1 || got.LogGroups[0].LogGroupName != "x" {
		t.Errorf("by pattern: got %+v", got)
	}
	first := must(t, s, "DescribeLogGroups", `{"limit":2}`)
	if second := must(t, s, "DescribeLogGroups", `{"limit":2,"nextToken":"`+first.NextToken+`"}`); len(first.LogGroups) != 2 || len(second.LogGroups) != 1 || second.NextToken != "" {
		t.Errorf("pages: got %+v, %+v", first, second)
	}
	streams := must(t, s, "DescribeLogStreams", `{"logGroupIdentifier":"arn:aws:logs:eu-central-1:000000000000:log-group:/g","orderBy":"LastEventTime","descending":true}`)
	if len(streams.LogStreams) != 2 || streams.LogStreams[0].LogStreamName != "s2" || streams.LogStreams[0].FirstEventTimestamp != ms(3) || streams.LogStreams[0].LastEventTimestamp != ms(5) ||
		streams.LogStreams[1].Arn != "arn:aws:logs:eu-central-1:000000000000:log-group:/g:log-stream:s1" || streams.LogStreams[1].LastEventTimestamp != ms(4) {
		t.Errorf("got %+v", streams)
	}
	if got := must(t, s, "DescribeLogStreams", `{"logGroupName":"/g","logStreamNamePrefix":"s1"}`); len(got.LogStreams) != 1 {
		t.Errorf("by prefix: got %+v", got)
	}
}

func TestFilterLogEvents(t *testing.T) {
	t.Parallel()
	s := newLog(t)
	const all = "START one|WARN two|ERROR three\nof two lines|{\"level\":\"INFO four\"}|END five"
	for _, tc := range []struct{ name, members, want string }{
		{"all, by time", ``, all},
		{"stream", `,"logStreamNames":["s2"]`, "ERROR three\nof two lines|END five"},
		{"stream prefix", `,"logStreamNamePrefix":"s1"`, `START one|WARN two|{"level":"INFO four"}`},
		{"times, both included", fmt.Sprintf(`,"startTime":%d,"endTime":%d`, ms(2), ms(4)), "WARN two|ERROR three\nof two lines|{\"level\":\"INFO four\"}"},
		{"term", `,"filterPattern":"ERROR"`, "ERROR three\nof two lines"},
		{"case", `,"filterPattern":"error"`, ""},
		{"two terms", `,"filterPattern":"two  lines"`, "ERROR three\nof two lines"},
		{"phrase", `,"filterPattern":"\"WARN two\""`, "WARN two"},
		{"escaped quote", `,"filterPattern":"\"\\\"level\\\":\""`, `{"level":"INFO four"}`},
		{"without", `,"filterPattern":"-two -START"`, `{"level":"INFO four"}|END five`},
		{"either", `,"filterPattern":"?START ?END"`, "START one|END five"},
		{"spaces only", `,"filterPattern":"  "`, all},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := must(t, s, "FilterLogEvents", `{"logGroupName":"/g"`+tc.members+`}`)
			if got.messages() != tc.want || got.NextToken != "" {
				t.Errorf("got %q, token %q, want %q", got.messages(), got.NextToken, tc.want)
			}
		})
	}
}

// TestFollow reads a log as aws logs tail --follow does: page by page, then
// again and again from the time of the last event on, knowing by their ids
// those that it has.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.CreateGroup(Group{Name: "/g"}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	start, written := int64(0), 0
	for round := range 5 {
		for range 7 { // the same time many times over
			written++
			if err := s.Append("/g", "s", noon.Add(time.Duration(round)*time.Millisecond), fmt.Sprint("event ", written)); err != nil {
				t.Fatal(err)
			}
		}
		for token := ""; ; {
			page := must(t, s, "FilterLogEvents", fmt.Sprintf(`{"logGroupName":"/g","limit":3,"startTime":%d,"nextToken":%q}`, start, token))
			for _, e := range page.Events {
				if len(e.EventID) != 56 {
					t.Errorf("event id %q", e.EventID)
				}
				seen[e.EventID] = true
				start = max(start, e.Timestamp)
			}
			if token = page.NextToken; token == "" {
				break
			}
		}
		if len(seen) != written {
			t.Fatalf("round %d: %d events of %d", round, len(seen), written)
		}
	}
}

func TestGetLogEvents(t *testing.T) {
	t.Parallel()
	s := newLog(t)
	const request = `{"logGroupName":"/g","logStreamName":"s1"`
	last := must(t, s, "GetLogEvents", request+`,"limit":2}`)
	if last.messages() != `WARN two|{"level":"INFO four"}` {
		t.Errorf("the last two: got %q", last.messages())
	}
	before := must(t, s, "GetLogEvents", request+`,"limit":2,"nextToken":"`+last.NextBackwardToken+`"}`)
	if before.messages() != "START one" {
		t.Errorf("before them: got %q", before.messages())
	}
	if end := must(t, s, "GetLogEvents", request+`,"nextToken":"`+before.NextBackwardToken+`"}`); end.messages() != "" || end.NextBackwardToken != before.NextBackwardToken {
		t.Errorf("before all: got %+v", end)
	}
	first := must(t, s, "GetLogEvents", request+`,"limit":2,"startFromHead":true}`)
	next := must(t, s, "GetLogEvents", request+`,"nextToken":"`+first.NextForwardToken+`"}`)
	end := must(t, s, "GetLogEvents", request+`,"nextToken":"`+next.NextForwardToken+`"}`)
	if first.messages() != "START one|WARN two" || next.messages() != `{"level":"INFO four"}` || end.messages() != "" || end.NextForwardToken != next.NextForwardToken {
		t.Errorf("forward: got %+v, %+v, %+v", first, next, end)
	}
	if err := s.Append("/g", "s1", noon.Add(time.Minute), "new"); err != nil {
		t.Fatal(err)
	}
	if more := must(t, s, "GetLogEvents", request+`,"nextToken":"`+end.NextForwardToken+`"}`); more.messages() != "new" {
		t.Errorf("what came later: got %q", more.messages())
	}
	// The start is included, the end is not.
	if got := must(t, s, "GetLogEvents", fmt.Sprintf(request+`,"startTime":%d,"endTime":%d}`, ms(2), ms(4))); got.messages() != "WARN two" {
		t.Errorf("by time: got %q", got.messages())
	}
}

func TestRefusedReads(t *testing.T) {
	t.Parallel()
	s := newLog(t)
	for _, tc := range []struct{ name, op, body, want string }{
		{"no group", "FilterLogEvents", `{"logGroupName":"/none"}`, "ResourceNotFoundException: The specified log group does not exist."},
		{"no group's streams", "DescribeLogStreams", `{"logGroupName":"/none"}`, "ResourceNotFoundException: The specified log group does not exist."},
		{"no stream", "GetLogEvents", `{"logGroupName":"/g","logStreamName":"none"}`, "ResourceNotFoundException: The specified log stream does not exist."},
		{"one stream of two", "FilterLogEvents", `{"logGroupName":"/g","logStreamNames":["s1","none"]}`, "ResourceNotFoundException: The specified log stream does not exist."},
		{"two names", "FilterLogEvents", `{"logGroupName":"/g","logGroupIdentifier":"/g"}`, "InvalidParameterException: LogGroupName and LogGroupIdentifier cannot both be specified in the request."},
		{"names and prefix", "FilterLogEvents", `{"logGroupName":"/g","logStreamNames":["s1"],"logStreamNamePrefix":"s"}`, "InvalidParameterException: Specify at most 100 logStreamNames, or a logStreamNamePrefix, but not both."},
		{"limit", "FilterLogEvents", `{"logGroupName":"/g","limit":10001}`, "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000"},
		{"token", "FilterLogEvents", `{"logGroupName":"/g","nextToken":"n/7"}`, "InvalidParameterException: The specified nextToken is invalid."},
		{"no token", "GetLogEvents", `{"logGroupName":"/g","logStreamName":"s1","nextToken":"x"}`, "InvalidParameterException: The specified nextToken is invalid."},
		{"group token", "DescribeLogGroups", `{"nextToken":"x"}`, "InvalidParameterException: The specified token is invalid."},
		{"order", "DescribeLogStreams", `{"logGroupName":"/g","orderBy":"LastEventTime","logStreamNamePrefix":"s"}`, "InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix."},
		{"prefix and pattern", "DescribeLogGroups", `{"logGroupNamePrefix":"/","logGroupNamePattern":"x"}`, "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."},
		{"other accounts", "DescribeLogGroups", `{"accountIdentifiers":["1"]}`, "InvalidParameterException: the local AWS does not support accountIdentifiers, includeLinkedAccounts and logGroupIdentifiers"},
		{"JSON pattern", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"{ $.level = \"INFO\" }"}`, "InvalidParameterException: the local AWS does not support JSON filter patterns"},
		{"fields pattern", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"[a, b]"}`, "InvalidParameterException: the local AWS does not support space-delimited filter patterns"},
		{"regular expression", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"%a.b%"}`, "InvalidParameterException: the local AWS does not support regular expressions in filter patterns"},
		{"mixed pattern", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"?a b"}`, "InvalidParameterException: the local AWS does not support a filter pattern that mixes ?terms with others, where AWS ignores the ?terms"},
		{"unquoted", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"a b:c d"}`, "InvalidParameterException: Invalid filter pattern: Invalid character(s) in term 'b:c'"},
		{"empty phrase", "FilterLogEvents", `{"logGroupName":"/g","filterPattern":"\"\""}`, `InvalidParameterException: Invalid filter pattern: Invalid character(s) in term '""'`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := do(s, tc.op, tc.body); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestLateRead: from a late time on, what is long before is not read, and
// nothing is missed.
func TestLateRead(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.CreateGroup(Group{Name: "/g"}); err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 100<<10)
	for i := range 50 {
		if err := s.Append("/g", "s", noon.Add(time.Duration(i)*time.Second), fmt.Sprint(i, " ", line)); err != nil {
			t.Fatal(err)
		}
	}
	file, begin, size, err := s.open(query{group: "/g", from: ms(40)})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if begin == 0 || size-begin > 3*markEvery {
		t.Errorf("%d of %d bytes are read", size-begin, size)
	}
	got := must(t, s, "FilterLogEvents", fmt.Sprintf(`{"logGroupName":"/g","startTime":%d}`, ms(40)))
	if len(got.Events) != 10 || !strings.HasPrefix(got.Events[0].Message, "40 ") {
		t.Errorf("%d events", len(got.Events))
	}
	// A page has at most 1 MB.
	if page := must(t, s, "FilterLogEvents", `{"logGroupName":"/g"}`); len(page.Events) != 10 || page.NextToken == "" {
		t.Errorf("%d events in a page", len(page.Events))
	}
}

func FuzzFilterPattern(f *testing.F) {
	for _, seed := range []string{"", "a", `"a b" -c`, `?a ?"b\"c"`, "{ $.a = 1 }", `"`, `-`} {
		f.Add(seed, "a b c")
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := parseFilter(pattern)
		if err != nil {
			return
		}
		got := p.match(message)
		if len(p.include)+len(p.exclude)+len(p.either) == 0 && (!got || strings.TrimSpace(pattern) != "") {
			t.Errorf("%q has no terms, and matches %v", pattern, got)
		}
	})
}
