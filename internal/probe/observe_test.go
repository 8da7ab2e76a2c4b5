package probe

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestJudge: each thing that a step expects is compared, and a difference is one.
func TestJudge(t *testing.T) {
	t.Parallel()
	got := reply{
		status: 200,
		header: http.Header{"X-A": {"1", "2"}, "X-Empty": {""}},
		body: []byte(`{"n":1.50,"list":[1, "<"],"api":"id.example.com","requestContext":{"authorizer":{"lambda":{` +
			`"run":"r1","event":"{\"routeArn\":\"arn:aws:execute-api:r:123:id/x\"}"}}}}`),
	}
	terms := newTerms("{host}", "id.example.com", "{api}", "id", "{account}", "123", "{nothing}", "")
	tests := []struct {
		name string
		want Want
		runs map[string]bool
		what string
		same bool
		// expected and observed are shown.
		expected, observed string
	}{
		{"status", Want{Status: 200}, nil, "status", true, "200", "200"},
		{"another status", Want{Status: 201}, nil, "status", false, "201", "200"},
		{"another body", Want{Body: Empty}, nil, "body", false, Empty, strings.NewReplacer("123", "{account}", "id.example.com", "{host}", "id/x", "{api}/x").Replace(string(got.body))},
		{"lines of a header", Want{Header: map[string]string{"x-a": "1 | 2"}}, nil, "x-a", true, "1 | 2", "1 | 2"},
		{"empty header", Want{Header: map[string]string{"X-Empty": Absent}}, nil, "X-Empty", false, Absent, ""},
		{"absent header", Want{Header: map[string]string{"X-B": Absent}}, nil, "X-B", true, Absent, Absent},
		{"number as written", Want{Event: map[string]string{"n": "1.5"}}, nil, "event n", false, "1.5", "1.50"},
		{"list", Want{Event: map[string]string{"list": `[1,"<"]`}}, nil, "event list", true, `[1,"<"]`, `[1,"<"]`},
		{"terms", Want{Event: map[string]string{"api": `"{host}"`}}, nil, "event api", true, `"{host}"`, `"{host}"`},
		{"absent member", Want{Event: map[string]string{"a.b": Absent}}, nil, "event a.b", true, Absent, Absent},
		{"authorizer's event", Want{AuthorizerEvent: map[string]string{"routeArn": `"arn:aws:execute-api:r:{account}:{api}/x"`}}, nil,
			"authorizer's event routeArn", true, `"arn:aws:execute-api:r:{account}:{api}/x"`, `"arn:aws:execute-api:r:{account}:{api}/x"`},
		{"first run", Want{Run: Fresh}, nil, "authorizer's answer", true, Fresh, Fresh},
		{"known run", Want{Run: Cached}, map[string]bool{`"r1"`: true}, "authorizer's answer", true, Cached, Cached},
		{"known run that should be new", Want{Run: Fresh}, map[string]bool{`"r1"`: true}, "authorizer's answer", false, Fresh, Cached},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			runs := test.runs
			if runs == nil {
				runs = map[string]bool{}
			}
			want := []Check{{test.what, test.expected, test.observed, test.same}}
			if checks := test.want.judge(terms, got, runs); !slices.Equal(checks, want) {
				t.Errorf("got %+v, want %+v", checks, want)
			}
		})
	}
	refused := Want{Run: Fresh}.judge(terms, reply{status: 500, body: []byte("no JSON")}, map[string]bool{})
	if len(refused) != 1 || refused[0].Same {
		t.Errorf("an answer of nobody's: %+v", refused)
	}
}

// TestWire: a request goes out as it is written.
func TestWire(t *testing.T) {
	t.Parallel()
	request := Request{
		Method: "PURGE", Target: "//a/%zz", Headers: []string{"x-B: 1", "X-a: 2", "x-B:  3"}, Body: "hi",
		Authorizer: answer(`{"a":"é"}`), Handler: &Instruction{Throw: "x"},
	}
	const want = "PURGE //a/%zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\nx-B: 1\r\nX-a: 2\r\nx-B:  3\r\n" +
		`x-probe-authorizer: {"Answer":"{\"a\":\"é\"}"}` + "\r\n" + `x-probe-handler: {"Throw":"x"}` + "\r\nContent-Length: 2\r\n\r\nhi"
	if got, err := request.wire("h"); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := (Request{Target: "/", BodySize: 3}).wire("h"); err != nil || !strings.HasPrefix(got, "GET / HTTP/1.1\r\n") || !strings.HasSuffix(got, "Content-Length: 3\r\n\r\nxxx") {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRefusalJudge: the words count, and all that was said is shown.
func TestRefusalJudge(t *testing.T) {
	t.Parallel()
	r := refusal{words: []string{"BadRequestException", "TTL"}}
	want := []Check{{"refused with", "BadRequestException", "a BadRequestException: no {account}", true}, {"refused with", "TTL", "a BadRequestException: no {account}", false}}
	if got := r.judge(newTerms("{account}", "123"), "a BadRequestException: no 123"); !slices.Equal(got.Checks, want) {
		t.Errorf("got %+v", got.Checks)
	}
	if got := r.judge(newTerms(), ""); got.Checks[0].Same || got.Checks[0].Observed != "created" {
		t.Errorf("what was created: %+v", got.Checks)
	}
}

// TestDescribe: a report says what was sent, not with which credential.
func TestDescribe(t *testing.T) {
	t.Parallel()
	step := Step{Reset: "dev", Request: Request{
		Target: "/a", Headers: []string{authorization, "X-Long: " + strings.Repeat("x", 300)}, JWT: &Token{}, Handler: answer(`"<"`),
	}}
	want := "after a reset of the cache of dev, GET /a; Authorization: {token}; X-Long: " + strings.Repeat("x", 192) + "… (308 bytes); " +
		`the handler is told {"Answer":"\"\u003c\""}`
	if got := step.describe(); got != want {
		t.Errorf("got %s", got)
	}
}
