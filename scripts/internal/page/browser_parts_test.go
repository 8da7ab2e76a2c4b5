package page

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// What is to be copied is copied, and is selected where the browser does not let it be.
func TestBrowserCopies(t *testing.T) {
	t.Parallel()
	p := serving(t)
	p.recorder.decided(hostileRequest())
	b := openTab(t, p, 1280, 850)
	b.clipboard(p, browser.PermissionSettingGranted)
	b.wait(`document.querySelectorAll('#rows .row').length === 1`)
	b.click("#rows .time")
	const id = `#detail [aria-label="Copy the request ID"]`
	b.waitText(id, "Copy")
	b.click(id)
	b.waitText(id+" + .said", "Copied")
	run[chromedp.Void](b, `navigator.clipboard.readText().then((text) => { window.copied = text; }); undefined`)
	b.wait(`window.copied === ` + quoted(hostile))
	b.want(`getSelection().toString() === ''`)

	b.clipboard(p, browser.PermissionSettingDenied)
	b.click("#detail details:last-of-type summary")
	const answer = "#detail details:last-of-type "
	b.click(answer + "button")
	b.waitText(answer+".said", "Selected: copy it with Ctrl-C")
	b.want(`getSelection().toString() === document.querySelector(` + quoted(answer+"pre") + `).innerText`)
	b.wait(`document.querySelector(` + quoted(answer+".said") + `).textContent === ''`)
}

// clipboard lets the page use the clipboard, or does not.
func (b *tab) clipboard(p *Page, setting browser.PermissionSetting) {
	b.Helper()
	at, err := url.Parse(p.URL)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		call(b, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting, Origin: at.Scheme + "://" + at.Host,
		})
	}
}

// By how much the clock is to run ahead is checked before the server is asked, which would
// be an error on the console.
func TestBrowserChecksSeconds(t *testing.T) {
	t.Parallel()
	p := serving(t)
	withRoutes(p, 1)
	b := openTab(t, p, 1280, 850)
	b.waitText("#api", "Clock of the caches")
	for _, seconds := range []string{"", "0", "1.5", "86401"} {
		run[chromedp.Void](b, `document.querySelector('[data-key=seconds]').value = `+quoted(seconds)+`; document.querySelector('[data-key="skip own"] + .said').textContent = ''`)
		b.click(`[data-key="skip own"]`)
		b.waitText(`[data-key="skip own"] + .said.error`, "Write whole seconds, 1 to 86,400.")
		b.want(`document.activeElement.matches('[data-key=seconds][aria-invalid=true]')`)
	}
	run[chromedp.Void](b, `document.querySelector('[data-key=seconds]').value = 7`)
	b.click(`[data-key="skip own"]`)
	b.waitText("#api", "It is 7 s ahead.")
	b.want(`document.querySelector('[data-key=seconds][aria-invalid=false]') !== null`)
}

// Several APIs, and stages of one, are told apart wherever their routes are.
func TestBrowserSeveralAPIs(t *testing.T) {
	t.Parallel()
	p := serving(t)
	of := func(id, name, stage string) api {
		return api{ID: id, Name: name, Stage: stage, URL: "http://" + id + ".example.test/" + stage, Hosts: []string{}, Authorizers: []authorizer{
			{ID: "z", Name: "authorizer of " + name, Kind: "lambda", TTLSeconds: 300, Sources: []string{"$request.header.Authorization"}},
		}, Routes: []route{
			{Key: "GET /things", Protection: "lambda", Authorizer: "authorizer of " + name, Needs: []string{}, Function: "list", Credentials: []callers.Kind{"none"}},
		}}
	}
	p.mu.Lock()
	p.current.apis = []api{of("a1", "orders", "$default"), of("a2", "billing", "v1"), of("a2", "billing (v2)", "v2")}
	p.recorder.serves(p.current.apis)
	p.mu.Unlock()
	p.changed()
	b := openTab(t, p, 1280, 850)
	for i, at := range [][2]string{{"a1", "$default"}, {"a2", "v1"}, {"a2", "v2"}, {"a2", "v2"}} {
		p.recorder.decided(live.Decision{APIID: at[0], Stage: at[1], Received: time.Now(), Method: "GET", Path: fmt.Sprint("/", i), Status: 200, Allowed: true, RouteKey: "GET /things"})
	}
	b.wait(`document.querySelectorAll('#rows .row').length === 4`)
	texts := func(selector string) []string {
		return run[[]string](b, `[...document.querySelectorAll(`+quoted(selector)+`)].map((e) => e.label ?? e.innerText)`)
	}
	if got, want := texts("#filter-route option"), []string{"Every route", "orders: GET /things", "billing: GET /things", "billing (v2): GET /things"}; !slices.Equal(got, want) {
		t.Errorf("the filter offers %q, want %q", got, want)
	}
	for value, want := range map[string][]string{"orders GET /things": {"/0"}, "billing GET /things": {"/1"}, "billing (v2) GET /things": {"/3", "/2"}, "": {"/3", "/2", "/1", "/0"}} {
		run[string](b, `{ const filter = document.querySelector('#filter-route'); filter.value = `+quoted(value)+`; filter.dispatchEvent(new Event('input', { bubbles: true })); filter.value }`)
		b.wait(`JSON.stringify([...document.querySelectorAll('#rows .path')].map((e) => e.innerText)) === ` + quoted(string(encode(want))))
	}
	if got, want := texts("#api h2"), []string{"orders", "billing", "billing (v2)"}; !slices.Equal(got, want) {
		t.Errorf("the APIs are %q, want %q", got, want)
	}
	b.audit("several APIs")

	if got, want := texts("#api .routes button"), []string{"Try", "Try", "Try"}; !slices.Equal(got, want) {
		t.Errorf("the buttons are %q", got)
	}
	b.click(`[aria-label="API billing (v2)"] .routes button`)
	b.waitText("#try", "Route")
	b.want(`document.querySelector('#try select').selectedOptions[0].parentElement.label === 'billing (v2)'`)
	if got, want := texts("#try select optgroup"), []string{"orders", "billing", "billing (v2)"}; !slices.Equal(got, want) {
		t.Errorf("the forms are for %q, want %q", got, want)
	}
}
