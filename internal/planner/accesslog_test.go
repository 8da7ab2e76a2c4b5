package planner

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// logged is a line of the component's access log; the fields that it does not have are
// absent.
func logged(at string, fields ...string) string {
	members := map[string]string{"routeKey": "POST /orders", "status": "201", "userId": absent, "credentialId": absent, "jwtSubject": absent, "authorizerError": absent, "authorizerLatency": absent}
	for i := 0; i < len(fields); i += 2 {
		members[fields[i]] = fields[i+1]
	}
	line := fmt.Sprintf(`{"requestId":"r","time":%q`, at)
	for _, name := range []string{"routeKey", "status", "userId", "credentialId", "jwtSubject", "authorizerError", "authorizerLatency"} {
		line += fmt.Sprintf(",%q:%q", name, members[name])
	}
	return line + "}"
}

// TestAccessLog: what each line counts as.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	const at = "28/Nov/2026:17:00:00 +0000"
	for _, test := range []struct {
		name, line string
		want       AccessLog // judged has at most one
		key        string
	}{
		{"a run", logged(at, "credentialId", "jti-1", "userId", "usr_1", "authorizerLatency", "12"), AccessLog{Lines: 1, Ran: 1, Timed: true, latencies: []time.Duration{12 * time.Millisecond}}, "jti-1"},
		{"of the cache", logged(at, "credentialId", "jti-1", "userId", "usr_1"), AccessLog{Lines: 1}, "jti-1"},
		{"by the user", logged(at, "userId", "usr_1"), AccessLog{Lines: 1}, "usr_1"},
		{"less than a millisecond", logged(at, "userId", "usr_1", "authorizerLatency", "0"), AccessLog{Lines: 1, Ran: 1, Timed: true}, "usr_1"},
		{"refused", logged(at, "status", "403", "authorizerLatency", "8"), AccessLog{Lines: 1, Unnamed: 1, Ran: 1, Timed: true, latencies: []time.Duration{8 * time.Millisecond}}, ""},
		{"refused by a handler, or by the cache", logged(at, "status", "403"), AccessLog{Lines: 1, Others: 1}, ""},
		{"failed", logged(at, "status", "500", "authorizerError", "timeout"), AccessLog{Lines: 1, Unnamed: 1, Ran: 1, Timed: true}, ""},
		{"public", logged(at, "status", "200"), AccessLog{Lines: 1, Others: 1}, ""},
		{"no credential", logged(at, "status", "401"), AccessLog{Lines: 1, Others: 1}, ""},
		{"API Gateway's own", logged(at, "jwtSubject", "usr_1"), AccessLog{Lines: 1, Others: 1}, ""},
		{"for a person", "2026-11-28T17:00:00.250000+00:00 stream " + logged("-", "credentialId", "k"), AccessLog{Lines: 1}, "k"},
		{"no JSON", "START RequestId: 1", AccessLog{Lines: 1, Unreadable: 1}, ""},
		{"cut", `{"requestId":"r","time":`, AccessLog{Lines: 1, Unreadable: 1}, ""},
		{"of something else", `{"level":"INFO"}`, AccessLog{Lines: 1, Unreadable: 1}, ""},
		{"no time", logged("yesterday", "credentialId", "k"), AccessLog{Lines: 1, Unreadable: 1}, ""},
		{"too long", logged(at, "credentialId", strings.Repeat("k", maxLine)), AccessLog{Lines: 1, Unreadable: 1}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log AccessLog
			if err := log.Read(strings.NewReader("\n" + test.line + "\r\n")); err != nil {
				t.Fatal(err)
			}
			if judged := log.Lines - log.Others - log.Unreadable; len(log.judged) != judged || judged == 1 && log.judged[0].Key != test.key {
				t.Errorf("judged are %+v, want %q", log.judged, test.key)
			}
			log.judged, log.first, log.bytes, log.routes, log.refused = nil, time.Time{}, 0, nil, nil
			if !reflect.DeepEqual(log, test.want) {
				t.Errorf("got  %+v\nwant %+v", log, test.want)
			}
		})
	}
	// A 403 is the authorizer's where the log has another request of its route that was judged,
	// before it or after.
	var log AccessLog
	for _, members := range [][]string{
		{"status", "403"}, {"status", "403", "routeKey", "GET /public"}, {"credentialId", "k"}, {"status", "403"},
		{"status", "403", "routeKey", "GET /later"}, {"authorizerLatency", "8", "status", "403", "routeKey", "GET /later"},
	} {
		log.Add([]byte(logged(at, members...)), time.Time{})
	}
	if log.Unnamed != 4 || log.Others != 1 || len(log.judged) != 5 {
		t.Errorf("%d are unnamed, %d others, %d judged; want 4, 1 and 5", log.Unnamed, log.Others, len(log.judged))
	}
	by := AccessLog{ByRoute: true}
	by.Add([]byte(logged(at, "credentialId", "k")), time.Time{})
	if by.judged[0].Key != "k POST /orders" {
		t.Errorf("by route the key is %q", by.judged[0].Key)
	}
}

// TestAccessLogCheck: a log that says too little is refused, with the cure.
func TestAccessLogCheck(t *testing.T) {
	t.Parallel()
	line := logged("28/Nov/2026:17:00:00 +0000", "credentialId", "k") + "\n"
	for text, want := range map[string]string{
		"":                                   "the access log is empty: take a longer time, or a group that has requests",
		"START\nEND\n":                       "none of the 2 lines of the access log is one that the component's access log has: a JSON object with requestId and time",
		logged("28/Nov/2026:17:00:00 +0000"): "none of the 1 requests in the access log was judged by a Lambda authorizer",
		logged("28/Nov/2026:17:00:00 +0000", "status", "403"):          "none of the 1 requests in the access log was judged by a Lambda authorizer",
		logged("28/Nov/2026:17:00:00 +0000", "authorizerLatency", "8"): "none of the 1 requests in the access log that an authorizer judged has a credentialId or userId: keep these fields in AccessLogs.Fields, and let the authorizer name who it lets in, as authz.Handler does",
		line + line: "the access log is about 0s: take a minute or more",
		line + strings.Replace(line, ":17:00", ":17:01", 1): "<nil>",
	} {
		var log AccessLog
		if err := log.Read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if err := log.Check(); fmt.Sprint(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestReplay: the plan of a log in any order is that of its requests, an hour.
func TestReplay(t *testing.T) {
	t.Parallel()
	traffic, a := shapes[1].Traffic, DefaultAuthorizer(128)
	requests := generate(traffic, 2, 3)
	start := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	var log AccessLog
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(requests)) {
		log.Add([]byte(logged("-", "credentialId", requests[i].Key)), start.Add(requests[i].At))
	}
	plan, err := FromLog(&log, a, time.Hour, DefaultPrices(), 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	hours := span(requests).Hours()
	for _, row := range plan.Rows {
		counts := Simulate(requests, row.TTL, a)
		if got := row.Runs * hours; int(got+0.5) != counts.Runs {
			t.Errorf("TTL %v: %v runs, want %d", row.TTL, got, counts.Runs)
		}
	}
	if plan.Prices.AccessLogBytes != 171 && len(plan.Notes) != 3 {
		t.Errorf("a line has %v bytes; %q", plan.Prices.AccessLogBytes, plan.Notes)
	}
}

// FuzzAccessLog: whatever a line is, it counts as one thing, and what is planned of it
// does not fail but with an error.
func FuzzAccessLog(f *testing.F) {
	f.Add([]byte(logged("28/Nov/2026:17:00:00 +0000", "credentialId", "k", "authorizerLatency", "12")), int64(1))
	f.Add([]byte("2026-11-28T17:00:00Z s "+logged("-", "status", "403")), int64(60))
	f.Add([]byte(`{"requestId":"r","time":"28/Nov/9999:17:00:00 +0000","authorizerLatency":"NaN","userId":"u"}`), int64(-1))
	f.Fuzz(func(t *testing.T, line []byte, later int64) {
		log := AccessLog{ByRoute: later%2 == 0}
		log.Add(line, time.Time{})
		log.Add(line, time.Unix(later, 0))
		log.Add([]byte(logged("-", "credentialId", "k")), time.Unix(0, 0))
		if log.Lines != 3 || log.Lines != log.Unreadable+log.Others+len(log.judged) || log.Ran > len(log.judged) || log.Unnamed > len(log.judged) {
			t.Fatalf("the counts are %+v", log)
		}
		plan, err := FromLog(&log, DefaultAuthorizer(128), 0, DefaultPrices(), MaxTTL)
		if err != nil {
			return
		}
		for _, row := range plan.Rows {
			if !(row.Hits >= 0 && row.Hits <= 1 && row.Cold >= 0 && row.Cold <= 1 && row.Runs > 0 && row.Dollars > 0) {
				t.Fatalf("a row is %+v", row)
			}
		}
	})
}
