package page

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

func newPage(t *testing.T) (*Page, *consoletest.Buffer) {
	t.Helper()
	out := &consoletest.Buffer{}
	p, err := New(0, console.New(out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, out
}

// serving is a page of a local AWS that has nothing.
func serving(t *testing.T) *Page {
	t.Helper()
	p, _ := newPage(t)
	aws, err := localaws.Start(localaws.Config{Region: "eu-central-1", Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := aws.Close(); err != nil {
			t.Error(err)
		}
	})
	p.current.aws = aws
	return p
}

func send(t *testing.T, method, target, body string, header map[string]string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// Nobody gets anything who does not name the page by its own host and its secret path.
func TestAddress(t *testing.T) {
	t.Parallel()
	p, out := newPage(t)
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + at.Host
	const whole = `{"error":"open the whole address of the live page, which the command prints when it serves"}`
	wrong := origin + "/" + strings.Repeat("A", len(at.Path)-2) + "/"
	for _, tt := range []struct {
		target, host string
		status       int
		want         string
	}{
		{p.URL, "", 200, "<!doctype html>"},
		{p.URL, "localhost:" + at.Port(), 200, "<!doctype html>"},
		{origin + "/", "", 404, whole}, {wrong, "", 404, whole}, {wrong + "events", "", 404, whole},
		{strings.TrimSuffix(p.URL, "/"), "", 404, whole},
		{p.URL + "nothing", "", 404, "404 page not found"},
		{p.URL + "../../../etc/passwd", "", 404, whole},
		{p.URL, "rebind.example", 403, `{"message":"Forbidden"}`}, {p.URL, "localhost", 403, `{"message":"Forbidden"}`}, {p.URL, "127.0.0.1:1", 403, `{"message":"Forbidden"}`},
	} {
		header := map[string]string{}
		if tt.host != "" {
			header["Host"] = tt.host
		}
		res, body := send(t, "GET", tt.target, "", header)
		if res.StatusCode != tt.status || !strings.HasPrefix(body, tt.want) {
			t.Errorf("%s as %q: %d %.80s", tt.target, tt.host, res.StatusCode, body)
		}
		if tt.status != 403 && (res.Header.Get("Content-Security-Policy") != policy || res.Header.Get("Referrer-Policy") != "no-referrer") {
			t.Errorf("%s: the headers are %v", tt.target, res.Header)
		}
	}
	if strings.Contains(out.String(), strings.Trim(at.Path, "/")) {
		t.Error("the console has the secret path")
	}
	if host, _, err := net.SplitHostPort(at.Host); err != nil || host != "127.0.0.1" {
		t.Errorf("it listens on %s", at.Host)
	}
}

// An action takes JSON of the page's own, and says what is wrong with it.
func TestActions(t *testing.T) {
	t.Parallel()
	before, _ := newPage(t)
	p := serving(t)
	for _, tt := range []struct {
		page         *Page
		action, body string
		header       map[string]string
		status       int
		want         string
	}{
		{before, "redeploy", `{}`, nil, 400, `{"error":"nothing is deployed yet: wait for the deployment"}`},
		{before, "skip-ahead", `{"seconds":1}`, nil, 400, `{"error":"nothing is deployed yet: wait for the deployment"}`},
		{p, "skip-ahead", `{"seconds":30}`, nil, 204, ""},
		{p, "skip-ahead", `{"seconds":0}`, nil, 400, `{"error":"0 seconds ahead are out of range: 1 to 86400"}`},
		{p, "skip-ahead", `{"minutes":1}`, nil, 400, `{"error":"the request has a member \"minutes\", which nothing is known of: leave it out"}`},
		{p, "skip-ahead", `{"seconds":1.5}`, nil, 400, `{"error":"\"seconds\" is a number 1.5: send a whole number"}`},
		{p, "skip-ahead", `{"seconds":"3"}`, nil, 400, `{"error":"\"seconds\" is a string: send a whole number"}`},
		{p, "skip-ahead", `{"seconds":1,"seconds":3}`, nil, 400, `{"error":"the request names a member twice: send one object"}`},
		{p, "skip-ahead", `[3]`, nil, 400, `{"error":"the request is not a JSON object: send one object"}`},
		{p, "skip-ahead", `{"seconds":3} {}`, nil, 400, `{"error":"the request is not JSON: send one object"}`},
		{p, "skip-ahead", `{"seconds":3}x`, nil, 400, `{"error":"the request is not JSON: send one object"}`},
		{p, "skip-ahead", ``, nil, 400, `{"error":"the request is not JSON: send one object"}`},
		{p, "outage", `{"service":"dynamodb","down":"yes"}`, nil, 400, `{"error":"\"down\" is a string: send true or false"}`},
		{p, "outage", `{"service":7}`, nil, 400, `{"error":"\"service\" is a number: send a string"}`},
		{p, "outage", `{"service":"` + strings.Repeat("x", mostBody) + `"}`, nil, 400, `{"error":"reading the request, which may have 12582912 bytes: http: request body too large"}`},
		{p, "skip-ahead", `{"seconds":30}`, map[string]string{"Content-Type": "text/plain"}, 400, `{"error":"the content type is \"text/plain\": send application/json"}`},
		{p, "skip-ahead", `{"seconds":30}`, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "cross-origin request detected"},
		{p, "skip-ahead", `{"seconds":30}`, map[string]string{"Origin": "http://evil.example"}, 403, "cross-origin request detected"},
		{p, "outage", `{"service":"dynamodb","down":true}`, nil, 204, ""},
		{p, "outage", `{"service":"lambda","down":true}`, nil, 400, `{"error":"the service \"lambda\" cannot be stopped: ssm, dynamodb and secretsmanager can"}`},
		{p, "empty-cache", `{"api":"nobody","stage":"$default"}`, nil, 400, `{"error":"emptying the cache of the stage \"$default\" of the API \"nobody\": `},
		{p, "nothing", `{}`, nil, 405, "Method Not Allowed"},
	} {
		header := map[string]string{"Content-Type": "application/json"}
		for name, value := range tt.header {
			header[name] = value
		}
		res, body := send(t, "POST", tt.page.URL+tt.action, tt.body, header)
		if res.StatusCode != tt.status || !strings.HasPrefix(body, tt.want) {
			t.Errorf("%s %s: %d %s", tt.action, tt.body, res.StatusCode, body)
		}
	}
	if got := p.state(); got.AheadMillis != 30_000 || !got.Services[1].Down || got.Services[0].Down {
		t.Errorf("the state is %+v", got)
	}
}

// event is a server-sent event.
type event struct{ id, name, data string }

// open reads a stream.
func (p *Page) open(t *testing.T, lastID string) <-chan event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", p.URL+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-Id", lastID)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("the content type is %q", got)
	}
	events := make(chan event, 1000)
	go func() {
		defer close(events)
		var e event
		lines := bufio.NewScanner(res.Body)
		for lines.Buffer(nil, 4<<20); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					events <- e
				}
				e = event{}
			}
		}
	}()
	return events
}

// openStuck opens a stream that nobody reads.
func (p *Page) openStuck(t *testing.T) {
	t.Helper()
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	stuck, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stuck.Close() })
	if _, err := io.WriteString(stuck, "GET "+at.Path+"events HTTP/1.1\r\nHost: "+at.Host+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// next is the next event with a name.
func next(t *testing.T, events <-chan event, name string, into any) event {
	t.Helper()
	patience := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream has ended before %s", name)
			}
			if e.name == name {
				if err := json.Unmarshal([]byte(e.data), into); err != nil {
					t.Fatal(err)
				}
				return e
			}
		case <-patience:
			t.Fatalf("there is no event %s", name)
		}
	}
}

// The stream has what was before, and goes on where a page has lost it.
func TestStream(t *testing.T) {
	t.Parallel()
	p := serving(t)
	const hostile = "/<script>alert(1)</script>\nevent: forged\ndata: x"
	p.recorder.decided(live.Decision{Method: "GET", Path: hostile, Status: 404})
	events := p.open(t, "")
	var s state
	next(t, events, "state", &s)
	if s.Region != "eu-central-1" || s.APIs == nil || len(s.Services) != 3 {
		t.Errorf("the state is %+v", s)
	}
	var got rows
	if e := next(t, events, "rows", &got); len(got.Rows) != 1 || got.Rows[0].Path != hostile || e.id != "1-0" {
		t.Errorf("got %+v", got)
	}
	var c counts
	if next(t, events, "counts", &c); c.Total != 1 {
		t.Errorf("got %+v", c)
	}
	p.recorder.decided(refusal("2"))
	p.recorder.logged("", denial("2", "expired"))
	for reason := ""; reason != "expired"; { // the log line may come with the row or after it
		if next(t, events, "rows", &got); len(got.Rows) != 1 || got.Rows[0].Seq != 2 {
			t.Fatalf("got %+v", got)
		}
		reason = got.Rows[0].Reason
	}
	p.current.aws.SetOutage("ssm", true)
	if next(t, events, "state", &s); !s.Services[0].Down {
		t.Errorf("the state is %+v", s)
	}

	if next(t, p.open(t, "1-0"), "rows", &got); len(got.Rows) != 1 || got.Rows[0].Seq != 2 {
		t.Errorf("again: %+v", got)
	}
	if next(t, p.open(t, "2-0"), "rows", &got); len(got.Rows) != 1 || got.Rows[0].Reason != "expired" {
		t.Errorf("what has become known meanwhile: %+v", got)
	}
	if next(t, p.open(t, "no number"), "rows", &got); len(got.Rows) != 2 {
		t.Errorf("from the beginning: %+v", got)
	}
	for range 3 * mostRows {
		p.recorder.decided(live.Decision{Status: 200, Allowed: true})
	}
	events = p.open(t, "")
	for last := uint64(0); last < 2+3*mostRows; last = got.Rows[len(got.Rows)-1].Seq {
		if next(t, events, "rows", &got); got.Dropped != 0 || got.Rows[0].Seq != last+1 {
			t.Fatalf("all that is kept: %d were dropped before %d", got.Dropped, got.Rows[0].Seq)
		}
	}
}

// The oldest of too many pages ends and says so; one that is closed makes room.
func TestStreamsAreReplaced(t *testing.T) {
	t.Parallel()
	p := serving(t)
	var streams []<-chan event
	var s state
	add := func() {
		streams = append(streams, p.open(t, ""))
		next(t, streams[len(streams)-1], "state", &s)
	}
	for range mostStreams + 1 {
		add()
	}
	next(t, streams[0], "replaced", &struct{}{})
	for range streams[0] {
		t.Error("it goes on after it was replaced")
	}
	p.recorder.decided(live.Decision{Method: "GET", Path: "/", Status: 200})
	for _, stream := range streams[1:] {
		next(t, stream, "rows", &rows{})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.streams); n != mostStreams {
		t.Errorf("there are %d streams", n)
	}
}

// A page that does not read holds nobody up.
func TestStreamThatNobodyReads(t *testing.T) {
	t.Parallel()
	p := serving(t)
	p.openStuck(t)
	reading := p.open(t, "")
	const all = 200_000
	for range all {
		p.recorder.decided(live.Decision{Method: "GET", Path: "/" + strings.Repeat("x", 1000), Status: 200, Allowed: true})
	}
	seen, dropped := uint64(0), uint64(0)
	for last := uint64(0); last < all; {
		var got rows
		next(t, reading, "rows", &got)
		seen += uint64(len(got.Rows))
		dropped += got.Dropped
		last = got.Rows[len(got.Rows)-1].Seq
	}
	if seen+dropped != all || dropped == 0 {
		t.Errorf("%d were shown and %d dropped, of %d", seen, dropped, all)
	}
}
