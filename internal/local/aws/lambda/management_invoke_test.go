package lambda

import (
	"iter"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

func eventsOf(events ...logs.Event) iter.Seq2[logs.Event, error] {
	return func(yield func(logs.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestTailOf: of a group's log, in which others write too, the tail has one
// invocation of one stream.
func TestTailOf(t *testing.T) {
	t.Parallel()
	a := func(message string) logs.Event { return logs.Event{Stream: "a", Message: message} }
	b := func(message string) logs.Event { return logs.Event{Stream: "b", Message: message} }
	for _, tc := range []struct {
		name   string
		events []logs.Event
		want   string
	}{
		{"nothing logged", nil, ""},
		{"another one's", []logs.Event{a("START RequestId: r0 Version: $LATEST"), a("x")}, ""},
		{
			"between others", []logs.Event{
				a("x of before"), b("START RequestId: r0 Version: $LATEST"), a("START RequestId: r1 Version: $LATEST"), b("x of b"), a("two\nlines"),
				a("REPORT RequestId: r1"), a("START RequestId: r2 Version: $LATEST"), a("x of r2, which mentions r1"),
			}, "START RequestId: r1 Version: $LATEST\ntwo\nlines\nREPORT RequestId: r1\n",
		},
		{
			"JSON", []logs.Event{a(`{"type":"platform.start","record":{"requestId":"r1"}}`), a("{}"), a(`{"type":"platform.start","record":{"requestId":"r2"}}`), a("x")},
			`{"type":"platform.start","record":{"requestId":"r1"}}` + "\n{}\n",
		},
		{"the last 4 KB", []logs.Event{a("r1"), a(strings.Repeat("y", logTail))}, strings.Repeat("y", logTail-1) + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := string(tailOf(eventsOf(tc.events...), "r1")); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}
