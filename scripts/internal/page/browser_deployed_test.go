package page

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

const repository = "../../.."

// TestBrowserDeployed is a developer who looks at the Events API with the page, and does
// all that the page offers.
func TestBrowserDeployed(t *testing.T) {
	t.Parallel()
	chromium(t)
	p, _ := newPage(t)
	settings := map[string]string{"authorizerTtl": "5m"}
	opts := local.Options{Project: repository, Stack: "prod", Settings: settings, Progress: t.Output(), Console: &consoletest.Buffer{}}
	p.Follow(&opts)
	opts.Updated = func(u local.StackUpdate) {
		p.updated(u)
		p.recorder.mu.Lock()
		defer p.recorder.mu.Unlock()
		if p.recorder.deploying == u.Ended {
			t.Errorf("that a deployment is being made is %v, when it has ended: %v", p.recorder.deploying, u.Ended)
		}
	}
	b := openTab(t, p, 1280, 850)
	b.waitText("#empty", "No request yet.")
	d, err := local.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	b.waitText("#deployment", "Deployment 1 serves since")
	b.waitText("#empty", "curl -i "+d.APIs[0].URL+"/events")
	b.wait(`document.querySelector('.top').innerText.includes('events-api')`)

	b.byKeyboard()
	token := b.cache()
	b.refusals()
	b.hostileClient(d.APIs[0].URL)
	b.outages()
	if *update {
		b.screenshots(d.APIs[0].URL, token)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Serve(ctx, t.Output()) }()
	b.redeployments(settings)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// byKeyboard tries a route, opens the request and closes it, by Tab, Enter and arrows alone.
func (b *tab) byKeyboard() {
	b.Helper()
	b.tabTo(`e.getAttribute('aria-label') === 'Try POST /events'`)
	b.press(kb.Enter)
	b.wait(`document.activeElement.matches('.try select')`)
	b.tabTo(`e.value === 'token'`)
	b.tabTo(`e.innerText === 'Send'`)
	b.press(kb.Enter)
	b.waitText(".result", "201 let through")
	b.waitText(".result", "Open this request")
	b.wantRow(1, "201", "POST", "/events", "cache miss")
	b.tabTo(`e.innerText === 'Open this request'`)
	b.press(kb.Enter)
	b.waitText("#detail", "What the handler answered")
	b.wantStations("passed passed passed passed passed passed passed")
	for _, text := range []string{"cold start", "POST /events", "dynamodb:PutItem", "found: Authorization"} {
		if !strings.Contains(b.text("#detail"), text) {
			b.Errorf("the request has no %q: %s", text, b.text("#detail"))
		}
	}
	b.tabTo(`e.innerText === 'Close'`)
	b.press(kb.Enter)
	b.wait(`document.querySelector('#detail').hidden && document.activeElement.innerText === 'Open this request'`)
}

// cache has the authorizer's cache answer, and not after it was emptied or its clock ran
// ahead. It returns the header with the token that was sent.
func (b *tab) cache() string {
	b.Helper()
	b.click(".sides [data-to=try]")
	token := ""
	for again := "no token yet"; again != token; { // a token is the same for some minutes
		token = again
		b.send("token", "201 let through")
		again = run[string](b, sent)
	}
	b.wantRow(1, "201", "cache hit")
	b.click(".result a")
	b.waitText("#detail", "hit, ")
	b.wantStations("passed passed passed skipped passed passed passed")
	run[chromedp.Void](b, `for (const each of document.querySelectorAll('#detail details')) each.open = true`)
	if _, credential, _ := strings.Cut(token, "Bearer "); credential == "" || strings.Contains(b.text("#detail"), credential) {
		b.Error("the request shows its credential")
	}
	b.press(kb.Escape)
	const cached = `Number(document.querySelector('[data-cached]').dataset.cached)`
	b.wait(cached + ` > 0`)
	b.side("api")
	b.click("[aria-label^='Empty the cache']")
	b.wait(cached + ` === 0`)
	b.waitText("#api .actions", "Emptied")
	b.side("try")
	b.send("token", "201 let through")
	b.wantRow(1, "201", "cache miss")
	b.side("api")
	b.click(`[data-key="skip 300"]`)
	b.waitText("#api", "It is 5 min ahead.")
	b.side("try")
	b.send("token", "201 let through")
	b.wantRow(1, "201", "cache miss")
	b.side("api")
	run[chromedp.Void](b, `document.querySelector('[data-key=seconds]').value = 7`)
	b.click(`[data-key="skip own"]`)
	b.waitText("#api", "It is 5 min 7 s ahead.")
	return token
}

// sent is the header with the credential that was tried last.
const sent = `/Authorization: .*/.exec(document.querySelector('.result .block:nth-of-type(2)').innerText)[0]`

// refusals show what would let them through.
func (b *tab) refusals() {
	b.Helper()
	b.side("try")
	for _, tt := range []struct{ credential, status, reason, stations, cure string }{
		{"none", "401 refused", "no identity source", "passed stopped skipped skipped skipped skipped stopped", ""},
		{"expired", "403 refused", "expired", "passed passed passed stopped skipped skipped stopped", "Get a new credential"},
		{"bad", "403 refused", "unknown key", "passed passed passed stopped skipped skipped stopped", ""},
	} {
		b.send(tt.credential, tt.status)
		b.wantRow(1, tt.status[:3])
		b.wait(`document.querySelector('#rows .reason').innerText !== 'refused by the authorizer'`) // its log line comes later
		b.click(".result a")
		b.waitText("#detail .cure", "What would let it through")
		b.waitText("#detail .cure", tt.cure)
		b.wantStations(tt.stations)
		b.press(kb.Escape)
	}
	b.send("token", "201 let through")
	run[chromedp.Void](b, `[...document.querySelectorAll('.try .field')].find((e) => e.textContent === 'Header').querySelector('input').value = `+sent)
	b.click(".try [value=own]")
	b.send("own", "201 let through")
}

// hostileClient sends what would be markup.
func (b *tab) hostileClient(url string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/events/%3Cimg%20src=x%20onerror=alert(1)%3E%E2%80%AE?<script>alert(2)</script>", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Language", "<img src=x onerror=alert(3)>\"'")
	r.Header.Set("User-Agent", "</pre><script>alert(4)</script>")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	b.wait(`document.querySelector('#rows .path').innerText.startsWith('/events/')`)
	b.click("#rows .time")
	b.waitText("#detail", "What the handler got")
	run[chromedp.Void](b, `for (const each of document.querySelectorAll('#detail details')) each.open = true`)
	b.waitText("#detail", `<img src=x onerror=alert(3)>`)
	b.waitText("#detail", `</pre><script>alert(4)</script>`)
	b.want(`document.querySelectorAll('img, body script').length === 0`)
	b.press(kb.Escape)
}

// stop stops a service, and goes to what can be tried; resume lets it run again.
func (b *tab) stop(service string) {
	b.Helper()
	b.side("api")
	b.click("[data-key='service " + service + "']")
	b.waitText("#api .services", "stopped: 503")
	b.side("try")
}

func (b *tab) resume(service string) {
	b.Helper()
	b.side("api")
	b.click("[data-key='service " + service + "']")
	b.wait(`!document.querySelector('#api .services').innerText.includes('stopped')`)
	b.side("try")
}

// outages fail requests, which say what mends them; afterwards all is well.
func (b *tab) outages() {
	b.Helper()
	b.stop("dynamodb")
	b.send("token", "500 failed")
	b.wantRow(1, "500")
	b.click(".result a")
	b.waitText("#detail .cure", "What mends it")
	b.waitText("#detail .calls", "dynamodb:PutItem")
	b.press(kb.Escape)
	b.resume("dynamodb")
	b.send("token", "201 let through")
}

// redeployments show what has changed, or why they failed, while the page stays connected.
func (b *tab) redeployments(settings map[string]string) {
	b.Helper()
	settings["authorizerTtl"] = "10s"
	b.click("#redeploy")
	b.waitText("#deployment", "Deploying 2")
	b.waitText("#notice", "Deployment 2 serves")
	b.waitText("#notice .changes", "answers reused for 10s")
	b.waitText("#notice .changes + p + .changes", "updated: Authorizer ")
	b.audit("what has changed")
	b.click("#notice button")
	b.want(`document.querySelector('#notice').hidden && document.querySelector('#connection').dataset.state === 'live'`)

	// The authorizer starts anew, and needs its secret.
	b.side("api")
	b.waitText("#api", "an answer for 10 s")
	b.stop("ssm")
	b.send("token", "500 failed")
	b.click(".result a")
	b.waitText("#detail .cure", "What mends it")
	b.waitText("#detail .calls", "ssm:GetParameter")
	b.wantStations("passed passed passed failed skipped skipped failed")
	b.press(kb.Escape)
	b.resume("ssm")
	b.send("token", "")
	for deadline := time.Now().Add(time.Minute); !strings.Contains(b.text(".result"), "201") && time.Now().Before(deadline); b.send("token", "") {
		time.Sleep(200 * time.Millisecond) // the authorizer asks again after a while
	}
	b.waitText(".result", "201 let through")

	settings["authorizerTtl"] = "2h"
	b.click("#redeploy")
	b.waitText("#notice", "Deployment 3 failed")
	b.waitText("#notice pre", "authorizerTtl")
	b.waitText("#notice", "Nothing had changed before it failed: what was deployed before goes on to serve.")
	b.send("token", "201 let through")
	b.want(`document.querySelector('#connection').dataset.state === 'live'`)
}

// side shows the API or Try it beside the requests.
func (b *tab) side(to string) {
	b.Helper()
	b.click(".sides [data-to=" + to + "]")
	b.wait(`document.querySelector('#` + to + `').checkVisibility()`)
}

// send tries the route that is chosen, and waits for the row.
func (b *tab) send(credential, outcome string) {
	b.Helper()
	run[chromedp.Void](b, `document.querySelector('.result').replaceChildren()`)
	b.click(".try [value=" + credential + "]")
	b.click(".try .primary")
	b.waitText(".result", "Open this request")
	b.waitText(".result", outcome)
	if run[bool](b, `document.querySelector('#follow').getAttribute('aria-pressed') === 'false'`) {
		b.click("#follow")
	}
}

// wantRow waits until the newest rows have one with these texts at a place, from 1.
func (b *tab) wantRow(place int, texts ...string) {
	b.Helper()
	for _, text := range texts {
		b.waitText(fmt.Sprintf("#rows .row:nth-child(%d)", place), text)
	}
}

// wantStations checks the states of a request's stations.
func (b *tab) wantStations(want string) {
	b.Helper()
	if got := run[string](b, `[...document.querySelectorAll('.station')].map((e) => e.classList[1]).join(' ')`); got != want {
		b.Errorf("the stations are %s, want %s: %s", got, want, b.text("#detail"))
	}
}

// tabTo presses Tab until an element e has the focus for which JavaScript is true, and in a
// group of radio buttons the arrow.
func (b *tab) tabTo(script string) {
	b.Helper()
	const most = 200
	for range most {
		if run[bool](b, `((e) => `+script+`)(document.activeElement)`) {
			return
		}
		key := kb.Tab
		if run[bool](b, `document.activeElement.type === 'radio' && [...document.getElementsByName(document.activeElement.name)].some((e) => `+script+`)`) {
			key = kb.ArrowDown
		}
		b.press(key)
	}
	b.Fatalf("after %d times Tab nothing was reached for which it is true: %s", most, script)
}
