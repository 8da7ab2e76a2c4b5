package page

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// A browser has few connections to a server: the page that was opened first gives way.
func TestBrowserManyTabs(t *testing.T) {
	t.Parallel()
	p := serving(t)
	b := openTab(t, p, 1280, 850)
	for range mostStreams {
		p.open(t, "")
	}
	b.waitText("#connection", "open in other tabs: reload to go on here")
	b.audit("a page that was replaced")
	b.do(chromedp.Reload())
	b.waitText("#connection", "live")
}

// A page that has lost its stream finds it again, shows what came meanwhile, and nothing
// twice; what is open stays so.
func TestBrowserFindsItsStream(t *testing.T) {
	t.Parallel()
	p := serving(t)
	request := func(path string) {
		p.recorder.decided(live.Decision{Received: time.Now(), Method: "GET", Path: path, Status: 200, Allowed: true, RouteKey: "$default"})
	}
	request("/before")
	p.recorder.decided(refusal("late"))
	b := openTab(t, p, 1280, 850)
	b.waitText("#rows .reason", "refused by the authorizer")
	b.click("#rows .time")
	b.waitText("#detail .summary", "refused by the authorizer")

	b.expect("the browser says Failed to load resource: net::ERR_")
	if err := p.server.Close(); err != nil {
		t.Fatal(err)
	}
	b.waitText("#connection", "reconnecting…")
	b.audit("a page without a stream")
	request("/meanwhile")
	p.recorder.logged("", denial("late", "expired"))
	p.serveAgain(t)
	b.waitText("#connection", "live")
	b.wait(`document.querySelectorAll('#rows .row').length === 3`)
	request("/after")
	b.wait(`document.querySelectorAll('#rows .row').length === 4`)
	paths := run[[]string](b, `[...document.querySelectorAll('#rows .path')].map((e) => e.innerText)`)
	if want := []string{"/after", "/meanwhile", refusal("").Path, "/before"}; !slices.Equal(paths, want) {
		t.Errorf("the rows are %q, want %q", paths, want)
	}
	b.waitText("#detail .summary", "expired")
	b.want(`document.querySelector('#dropped').hidden`)
}

// serveAgain serves at the same address what was served before p's server closed.
func (p *Page) serveAgain(t *testing.T) {
	t.Helper()
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := loopback.Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	again := &http.Server{Handler: p.server.Handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = again.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = again.Close() })
}
