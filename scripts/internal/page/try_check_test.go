package page

import (
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/callers"
)

func TestTryMistakes(t *testing.T) {
	t.Parallel()
	w := newTryWorld(t)
	path := func(route, path string) try { return try{Route: route, Path: path} }
	body := func(body string) try { return try{Route: "POST /things", Path: "/things", Body: body} }
	header := func(line string) try {
		return try{Route: "GET /open", Path: "/open", Credential: callers.Own, Header: line}
	}
	const noHeader = "the credential is not a header, Name: value; for instance Authorization: Bearer …"
	for _, tt := range []struct {
		in   try
		want string
	}{
		{path("GET /gone", "/gone"), "the API shop has no route GET /gone now: load the page again"},
		{try{Route: "GET /open", Path: "/open", Method: "POST"}, `the route GET /open has no requests with the method "POST": leave the method out`},
		{path("$default", "/x"), `the route $default is for any method, and "" is none: choose one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`},
		{try{Route: "ANY /any/{rest+}", Path: "/any/x", Method: "G ET"}, `the route ANY /any/{rest+} is for any method, and "G ET" is none: choose one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`},
		{path("GET /open", "open"), `the path "open" does not begin with a slash`},
		{path("GET /open", "?a=b"), `the path "" does not begin with a slash`},
		{path("GET /open", "/open?"+strings.Repeat("x", longestPath)), "the path has 8198 bytes: at most 8192 can be tried"},
		{path("GET /open", "/open\r\nX: y"), "the path has the character U+000D: write it as %0D"},
		{path("GET /open", "/open?a=\n"), "the path has the character U+000A: write it as %0A"},
		{path("GET /open", "/open#a"), `the path "/open#a" has a #, which ends what is sent: write it as %23`},
		{path("GET /things/{id}", "/things/{id}"), `the path "/things/{id}" still has the variable {id}: write a value in its place`},
		{path("GET /things/{id}", "/things/%zz"), `the path "/things/%zz" has a percent sign that begins no escape: write it as %25`},
		{try{Route: "GET /things/{id}", Path: "/things/mine"}, "a request for GET /things/mine belongs to the route GET /things/mine, not to GET /things/{id}: try that, or change the path"},
		{path("GET /open", "/elsewhere"), "a request for GET /elsewhere belongs to the route $default, not to GET /open: try that, or change the path"},
		{path("GET /things/{id}", "/things/1%2F2"), "a request for GET /things/1%2F2 belongs to the route $default, not to GET /things/{id}: try that, or change the path"},
		{try{Route: "GET /open", Path: "/open", Body: "x"}, "a request with the method GET has no body: leave it out"},
		{try{Route: "$default", Method: "HEAD", Path: "/x", Body: "x"}, "a request with the method HEAD has no body: leave it out"},
		{body(strings.Repeat("x", longestBody+1)), "the body has 102401 bytes: at most 102400 can be tried: send a file, with curl --data-binary @FILE"},
		{body("a\x1b[201~"), "the body has the control character U+001B at byte 1, which has no place in a command line: leave it out, or send a file, with curl --data-binary @FILE"},
		{body("\x00"), "the body has the control character U+0000 at byte 0, which has no place in a command line: leave it out, or send a file, with curl --data-binary @FILE"},
		{try{Route: "POST /things", Path: "/things", Body: "x", ContentType: "a\nb"}, `the content type "a\nb" has a character outside printable ASCII`},
		{header(""), noHeader},
		{header("Bearer secret"), noHeader},
		{header("A B: c"), noHeader},
		{header("A: b\nC: d"), "the header A has a control character: it is one line"},
		{header("host: a.example"), "the header host is made of the request itself: a credential is in another one"},
		{header("A: " + strings.Repeat("x", longestHeader)), "the header has 8195 bytes: at most 8192 can be tried"},
		{try{Route: "GET /open", Path: "/open", Credential: callers.IAM}, `the route GET /open cannot be tried with the credential "iam": it can with none, own`},
	} {
		if got, err := w.send(t, tt.in); err == nil || err.Error() != tt.want {
			t.Errorf("%+v: got %+v, %v; want %s", tt.in, got, err, tt.want)
		}
	}
	if len(w.recorded) > 0 {
		t.Errorf("there were requests: %v", w.recorded)
	}
	if _, err := w.trier.send(t.Context(), nil, try{API: "a1", Stage: "v1"}); err == nil || err.Error() != `there is no API "a1" with the stage "v1" now: load the page again` {
		t.Errorf("got %v", err)
	}
	w.api.Routes, w.api.URL = w.api.Routes[2:3], "http://127.0.0.1:1"
	for path, want := range map[string]string{
		"/x":    "a request for GET /x belongs to no route, and so not to GET /open",
		"/open": `there is no answer: Get "http://127.0.0.1:1/open": dial tcp 127.0.0.1:1: connect: connection refused`,
	} {
		if _, err := w.send(t, try{Route: "GET /open", Path: path}); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	}
}
