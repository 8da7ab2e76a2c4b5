package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

const hostile = "<img src=x onerror=alert(1)>\u202egnp.exe"

// withRoutes has a page show an API, without a deployment.
func withRoutes(p *Page, n int) {
	a := api{ID: "a1", Name: hostile, Stage: "$default", URL: "http://a1.example.test", Hosts: []string{hostile}, Authorizers: []authorizer{
		{ID: "z1", Name: "authorizer", Kind: "lambda", TTLSeconds: 300, Sources: []string{"$request.header.Authorization", hostile}},
		{ID: "z2", Name: "issuer", Kind: "jwt", Issuer: "https://issuer.example.test", Audience: []string{hostile}, Sources: []string{}},
	}}
	for i := range n {
		a.Routes = append(a.Routes, route{
			Key: fmt.Sprintf("POST /a/very/long/path/that/does/not/fit/%d/{tenant}/{rest+}", i), Protection: "lambda", Authorizer: "authorizer", Needs: []string{"things:write"},
			Function: hostile, Credentials: []callers.Kind{"none", "bad", "token", "own"}, Body: hostile,
		})
	}
	a.Routes = append(a.Routes, route{Key: "$default", Protection: "public", Needs: []string{}, Function: "all", Credentials: []callers.Kind{"none"}})
	p.mu.Lock()
	p.current.apis = []api{a}
	p.recorder.serves(p.current.apis)
	p.current.deployments = []deployment{{Number: 2, Status: "failed", At: time.Now().UnixMilli(), Changes: []string{}, Resources: []string{hostile}, Same: []string{"routes"}, Error: hostile + "\n" + strings.Repeat("a long line of Pulumi ", 50)}}
	p.mu.Unlock()
	p.changed()
}

func hostileRequest() live.Decision {
	return live.Decision{
		RequestID: hostile, APIID: "a1", Stage: "$default", Received: time.Now(), Method: "<b>GET</b>", Path: "/" + hostile + strings.Repeat("/long", 500), Host: hostile, Query: hostile + "=1",
		Status: 403, RouteKey: "$default", Authorization: live.AuthorizationIAM, Failure: hostile, Kind: hostile, Cure: hostile,
		Handler: live.Invocation{Function: hostile, RequestID: hostile, Event: encode(map[string]string{hostile: hostile}), Answer: []byte(hostile)},
	}
}

// What a client has sent, and what a program calls its things, is text wherever it is
// shown, on a phone too.
func TestBrowserShowsText(t *testing.T) {
	t.Parallel()
	p := serving(t)
	b := openTab(t, p, 1280, 850)
	b.waitText("#api", "Nothing is deployed yet.")
	withRoutes(p, 2)
	b.waitText("#empty", "curl -i http://a1.example.test/")
	b.waitText("#notice pre", `<img src=x onerror=alert(1)>\u{202e}gnp.exe`)
	b.audit("without requests")
	p.recorder.decided(hostileRequest())
	b.waitText("#rows .path", `/<img src=x onerror=alert(1)>\u{202e}gnp.exe/long`)
	b.click("#rows .row .time")
	b.waitText("#detail", "What would let it through")
	for range run[int](b, `document.querySelectorAll('#detail details').length`) {
		b.click("#detail details:not([open]) summary")
	}
	if n := strings.Count(b.text("#detail"), `<img src=x onerror=alert(1)>\u{202e}gnp.exe`); n < 8 {
		b.Errorf("the request is shown with %d of its texts: %s", n, b.text("#detail"))
	}
	const none = `document.querySelectorAll('img, b, #rows script, main script, [onerror]').length === 0 && !document.body.innerText.includes('\u202e')`
	b.want(none)
	b.audit("a request")
	b.resize(360, 740)
	b.wait(`document.querySelector('.top').inert`)
	b.narrow("a request")
	b.audit("a request on a phone")
	b.press(kb.Escape)
	b.wait(`document.querySelector('#detail').hidden && document.activeElement.matches('#rows a')`)
	for _, view := range []string{"requests", "api", "try", "counts"} {
		b.click(".views [data-to=" + view + "]")
		b.wait(`document.querySelector('#` + view + `').checkVisibility()`)
		b.narrow(view)
		b.audit(view)
		b.want(none)
	}
	b.resize(1920, 1000)
	b.narrow("a wide window")
	b.resize(320, 256) // 1280 by 1024, enlarged four times: WCAG 2.2, 1.4.10
	b.narrow("an enlarged window")
}

// What shows nothing, or a blank where there is none, is written out in a line. A log has
// lines and tabs.
func TestBrowserShowsTheInvisible(t *testing.T) {
	t.Parallel()
	const sent = "/a\nb\tc\u2028d\u00ade\u3164f\u00a0g\u200dh\ufe0fi\u2800j k/\U000e0041/é漢"
	p := serving(t)
	p.mu.Lock()
	p.current.lines = func(string, string) ([]string, error) {
		return []string{"{\n\t\"a\": \"❤\ufe0f\u3164\u202e\r\"\n}"}, nil
	}
	p.mu.Unlock()
	p.recorder.decided(live.Decision{Received: time.Now(), Method: "GET", Path: sent, Status: 200, Allowed: true, Handler: live.Invocation{Function: "f", RequestID: "r"}})
	b := openTab(t, p, 1280, 850)
	const want = `/a\u{a}b\u{9}c\u{2028}d\u{ad}e\u{3164}f\u{a0}g\u{200d}h\u{fe0f}i\u{2800}j k/\u{e0041}/é漢`
	b.wait(`document.querySelector('#rows .path')?.textContent === ` + quoted(want))
	b.want(`document.querySelector('#rows .path a').title === ` + quoted(want))
	b.click("#rows .row .time")
	b.waitText("#detail", "Logs")
	b.want(`document.querySelector('#detail h2').textContent.endsWith(` + quoted(" "+want) + `)`)
	b.want(`document.querySelector('#detail .log pre').textContent === ` + quoted("{\n\t\"a\": \"❤\ufe0f\\u{3164}\\u{202e}\\u{d}\"\n}"))
}

// Many requests stay a few rows in the document, and what somebody reads stays where it is.
func TestBrowserManyRequests(t *testing.T) {
	t.Parallel()
	p := serving(t)
	withRoutes(p, 300)
	b := openTab(t, p, 1280, 850)
	// Why a request was refused may be known after its row has come, and was opened.
	p.recorder.decided(refusal("late"))
	b.waitText("#rows .reason", "refused by the authorizer")
	listAt := run[float64](b, `document.querySelector('#scroller').getBoundingClientRect().top`)
	b.click("#rows .time")
	b.waitText("#detail .summary", "refused by the authorizer")
	p.recorder.logged("", denial("late", "expired"))
	b.waitText("#rows .reason", "expired")
	b.waitText("#detail .summary", "expired")
	b.press(kb.Escape)
	b.click("#follow")

	seq := 0
	burst := func(n int) {
		t.Helper()
		for range n {
			seq++
			status, reason := 200, ""
			if seq%10 == 0 {
				status, reason = 403, "refused"
			}
			p.recorder.decided(live.Decision{RequestID: fmt.Sprint("r", seq), Received: time.Now(), Method: "GET", Path: fmt.Sprint("/", seq), Status: status, Allowed: reason == "", Kind: reason, RouteKey: "$default", Authorization: live.AuthorizationIAM})
		}
	}
	top := func() string {
		return fmt.Sprintf(`document.querySelector('#rows .row .path')?.innerText === '/%d'`, seq)
	}
	const few = `document.querySelectorAll('#rows .row').length > 10 && document.querySelectorAll('#rows .row').length < 80`
	for range 21 {
		burst(500)
		b.wait(top())
		b.want(few)
	}
	b.want(`document.querySelector('#requests-total').innerText === 'the last 10,000'`)
	if got := run[float64](b, `document.querySelector('#scroller').getBoundingClientRect().top`); got != listAt {
		t.Errorf("the list was at %v, and is at %v", listAt, got)
	}
	b.want(`document.querySelector('#table').getAttribute('aria-rowcount') === '10001' && document.querySelector('#dropped').hidden`)

	run[chromedp.Void](b, `document.querySelector('#scroller').scrollTop = 5000 * document.querySelector('#rows .row').offsetHeight`)
	const at = `[...document.querySelectorAll('#rows .row')].find((row) => row.getBoundingClientRect().top >= document.querySelector('#scroller').getBoundingClientRect().top)`
	b.wait(at + `?.getAttribute('aria-rowindex') === '5002'`)
	reading := run[string](b, at+`.innerText`)
	burst(300)
	b.waitText("#follow", "Follow: 300 new")
	if got := run[string](b, at+`.innerText`); got != reading {
		b.Errorf("what was read was %q, and is %q", reading, got)
	}
	b.want(few)
	b.click("#follow")
	b.wait(top())

	burst(1500)
	p.recorder.decided(refusal("dropped"))
	burst(1500)
	b.wait(top())
	b.waitText("#dropped", "… ")
	b.waitText("#dropped", " more requests came than could be shown")
	// What was dropped is counted so, and does not come when more is known of it.
	p.recorder.logged("", denial("dropped", "expired"))
	burst(1)
	b.wait(top())
	b.click("#filter-text")
	b.press("expired")
	b.waitText("#requests-total", "0 of 10,000")
	b.click("#empty button")

	b.click("#filter-text")
	b.press(fmt.Sprint("refused /", seq/10*10))
	b.waitText("#requests-total", "1 of 10,000")
	b.press("x")
	b.waitText("#empty", "No request matches the filter.")
	b.click("#empty button")
	b.wait(few)
	run[chromedp.Void](b, `document.querySelector('#scroller').scrollTop = 1e9`)
	b.wait(`[...document.querySelectorAll('#rows .row')].at(-1).getAttribute('aria-rowindex') === '10001'`)
}

// By the keyboard alone everything is reached, and is called something.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	p := serving(t)
	withRoutes(p, 2)
	for range 3 {
		p.recorder.decided(hostileRequest())
	}
	b := openTab(t, p, 1280, 850)
	b.wait(`document.querySelectorAll('#rows .row').length === 3`)
	check := func(view string) {
		t.Helper()
		for _, missed := range b.tabbed() {
			b.Errorf("%s: %s", view, missed)
		}
		for _, nameless := range b.nameless() {
			b.Errorf("%s: a %s has no name", view, nameless)
		}
	}
	check("the API")
	b.click(".sides [data-to=try]")
	check("try it")
	b.click("#tables")
	b.press("j") // the first row: none had the focus
	b.want(`document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === '2'`)
	b.press(kb.ArrowDown)
	b.want(`document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === '3'`)
	b.press(kb.Enter)
	b.waitText("#detail", "What would let it through")
	b.wait(`document.activeElement.id === 'detail-title' && location.hash === '#r=2'`)
	check("a request")
	b.press(kb.Escape)
	b.wait(`document.activeElement.closest('.row')?.getAttribute('aria-rowindex') === '3' && location.hash === ''`)
	b.press("?")
	b.wait(`document.querySelector('#keys').open`)
	b.click("#letters") // off
	b.press(kb.Escape)
	b.press("?")
	b.want(`!document.querySelector('#keys').open`)
	b.click("#help")
	b.click("#letters")
	b.press(kb.Escape)
	b.wait(`!document.querySelector('#keys').open`)
	b.press("/")
	b.want(`document.activeElement.id === 'filter-text'`)
	b.resize(360, 740)
	for _, view := range []string{"requests", "api", "try", "counts"} {
		b.click(".views [data-to=" + view + "]")
		check(view + " on a phone")
	}
}

// nameless are the roles of what can be operated, or is a landmark of many, and has no name
// in the accessibility tree.
func (b *tab) nameless() []string {
	b.Helper()
	tree := call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	roles := map[string]int{}
	var found []string
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := strings.Trim(string(node.Role.Value), `"`)
		roles[role]++
		switch role {
		case "button", "link", "textbox", "searchbox", "combobox", "radio", "spinbutton", "table", "region", "navigation", "search", "dialog":
			if node.Name == nil || strings.Trim(string(node.Name.Value), `" `) == "" {
				found = append(found, role)
			}
		}
	}
	for _, role := range []string{"banner", "main", "heading", "button", "status"} {
		if roles[role] == 0 {
			found = append(found, role+" is not there, and so it")
		}
	}
	return found
}

// Each deployment's outcome stays until it is put away, however soon another one follows.
func TestBrowserDeployments(t *testing.T) {
	t.Parallel()
	p := serving(t)
	is := func(deployments ...deployment) {
		p.mu.Lock()
		p.current.deployments = deployments
		p.mu.Unlock()
		p.changed()
	}
	one := deployment{Number: 1, Status: "serving", Changes: []string{}, Resources: []string{}, Same: []string{}}
	is(one)
	b := openTab(t, p, 1280, 850)
	b.waitText("#deployment", "Deployment 1 serves since")
	b.want(`document.querySelector('#notice').hidden`)
	two := deployment{Number: 2, Status: "failed", Changes: []string{"POST /events: public, was: authorizer"}, Resources: []string{"updated: Route r"}, Same: []string{}, Error: "it is forbidden"}
	three := deployment{Number: 3, Status: "serving", Changes: []string{}, Resources: []string{"updated: RolePolicy create, Authorizer a"}, Same: []string{"routes", "limits"}}
	four := deployment{Number: 4, Status: "deploying", Changes: []string{}, Resources: []string{}, Same: []string{}}
	is(four, three, two, one)
	for _, text := range []string{
		"Deployment 3 serves", "As before: routes, limits. What has changed is not compared here: updated: RolePolicy create, Authorizer a",
		"Deployment 2 failed", "what had changed before it failed serves, and is listed.", "POST /events: public, was: authorizer", "updated: Route r", "it is forbidden",
	} {
		b.waitText("#notice", text)
	}
	b.want(`!document.querySelector('#notice').innerText.includes('Deployment 1') && !document.querySelector('#notice').innerText.includes('Deployment 4')`)
	b.audit("several deployments")
	b.click("#notice button")
	b.want(`document.querySelector('#notice').hidden && document.activeElement.id === 'deployment'`)
	four.Status = "serving"
	is(four, three, two, one)
	b.waitText("#notice", "Deployment 4 serves")
	b.waitText("#notice", "Nothing has changed.")
	b.want(`!document.querySelector('#notice').innerText.includes('Deployment 3')`)
	b.click("#deployment")
	b.want(`document.querySelector('#notice').hidden`)
	b.click("#deployment")
	b.waitText("#notice", "Deployment 4 serves")
	is(deployment{Number: 5, Status: "failed", Changes: []string{}, Resources: []string{}, Same: []string{}, Error: "no"}, four)
	b.waitText("#notice", "Nothing had changed before it failed: what was deployed before goes on to serve.")
}
