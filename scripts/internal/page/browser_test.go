package page

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	browserpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("there is no browser: install one of %s, or name it in the environment variable CHROMIUM", strings.Join(names, ", "))
	return ""
}

// tab is a page in a browser of its own. A message on its console, an exception, a dialog
// and a request to somebody else fail the test.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	expected []string // beginnings of problems that are none
}

// openTab opens a page of p.
func openTab(t *testing.T, p *Page, width, height int64) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 { // Chromium has no sandbox for root
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) { b.heard(p.URL, event) }); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, problem := range b.problems {
			t.Error(problem)
		}
	})
	call(b, network.Enable, network.EnableParams{})
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.resize(width, height)
	b.do(chromedp.Navigate(p.URL))
	b.wait(`document.querySelector('#connection').dataset.state === 'live'`)
	return b
}

func (b *tab) heard(url string, event any) {
	problem := ""
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		problem = "the console has a message"
		for _, arg := range event.Args {
			problem += " " + string(arg.Value) + arg.Description
		}
	case *runtime.EventExceptionThrown:
		problem = "exception: " + event.ExceptionDetails.Text
		if thrown := event.ExceptionDetails.Exception; thrown != nil {
			problem += " " + thrown.Description
		}
	case *browserlog.EventEntryAdded:
		problem = "the browser says " + event.Entry.Text + " of " + event.Entry.URL
	case *browserpage.EventJavascriptDialogOpening:
		problem = "a dialog opened: " + event.Message
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(event.Request.URL, url) {
			return
		}
		problem = "a request to somebody else: " + event.Request.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.ContainsFunc(b.expected, func(known string) bool { return strings.HasPrefix(problem, known) }) {
		b.problems = append(b.problems, problem)
	}
}

// expect takes a problem for none.
func (b *tab) expect(problem string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, problem)
}

// call sends a command of the DevTools protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// resize gives the window another size, in CSS pixels.
func (b *tab) resize(width, height int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// scheme is what the user prefers: light or dark.
func (b *tab) scheme(scheme string) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// press presses keys.
func (b *tab) press(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// click clicks what a CSS selector finds first: once more where something that came
// meanwhile has moved it away from under the pointer.
func (b *tab) click(selector string) {
	b.Helper()
	for range 5 {
		run[chromedp.Void](b, `window.hit = false; addEventListener('click', (event) => {
			const at = document.querySelector(`+quoted(selector)+`)?.getBoundingClientRect();
			window.hit = at && event.clientX >= at.left && event.clientX <= at.right && event.clientY >= at.top && event.clientY <= at.bottom;
		}, { capture: true, once: true })`)
		b.do(chromedp.Click(chromedp.CSS(selector)))
		if run[bool](b, `window.hit === true`) {
			return
		}
	}
	b.Fatalf("it moves away from each click: %s", selector)
}

// run evaluates JavaScript.
func run[T any](b *tab, script string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.Fatalf("%s: %v", script, err)
	}
	return value
}

// wait waits until JavaScript is true.
func (b *tab) wait(script string) {
	b.Helper()
	for deadline := time.Now().Add(30 * time.Second); !run[bool](b, script); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			// What was tried has a credential.
			b.Fatalf("it does not become true: %s\nThe page says: %s", script, run[string](b, "for (const each of document.querySelectorAll('.result pre')) each.remove(); document.body.innerText"))
		}
	}
}

// text is what an element says.
func (b *tab) text(selector string) string {
	b.Helper()
	return run[string](b, `document.querySelector(`+quoted(selector)+`)?.innerText ?? 'there is none'`)
}

// waitText waits until an element can be seen that says something.
func (b *tab) waitText(selector, text string) {
	b.Helper()
	b.wait(`((e) => e !== null && e.checkVisibility() && e.innerText.replace(/\s+/g, ' ').includes(` + quoted(text) + `))(document.querySelector(` + quoted(selector) + `))`)
}

// want checks that JavaScript is true.
func (b *tab) want(script string) {
	b.Helper()
	if !run[bool](b, script) {
		b.Errorf("it is not true: %s", script)
	}
}

// quoted is a string of JavaScript.
func quoted(text string) string { return string(encode(text)) }

// narrow checks that nothing has to be scrolled sideways.
func (b *tab) narrow(view string) {
	b.Helper()
	if got := run[[]string](b, `[...document.querySelectorAll('*')].filter((e) => e.checkVisibility() && !e.closest('svg, .unseen, .scrolls, [role=cell] *, .reason *')
		&& (e.getBoundingClientRect().right > innerWidth + 0.5 || e === document.scrollingElement && e.scrollWidth > innerWidth)).map((e) => e.outerHTML.slice(0, 100))`); len(got) > 0 {
		b.Errorf("%s is wider than the window: %q", view, got)
	}
}

// audit checks what testdata/audit.js does, in both colour schemes.
func (b *tab) audit(view string) {
	b.Helper()
	script, err := os.ReadFile("testdata/audit.js")
	if err != nil {
		b.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, problem := range run[[]string](b, string(script)) {
			b.Errorf("%s, %s: %s", view, scheme, problem)
		}
	}
}

// tabbed presses Tab until the focus has gone round, and returns what can be operated and
// was not reached, or shows no focus.
func (b *tab) tabbed() []string {
	b.Helper()
	const operable = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((e) => e.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && !e.closest('[inert]'))`
	run[chromedp.Void](b, `document.activeElement.blur(); for (const e of document.querySelectorAll('*')) e.reached = false`)
	for range run[int](b, operable+`.length`) + 5 {
		b.press(kb.Tab)
		run[chromedp.Void](b, `{
			const e = document.activeElement;
			const shown = getComputedStyle(e).outlineStyle !== 'none' || e.closest('.row') && getComputedStyle(e.closest('.row')).outlineStyle !== 'none';
			e.reached = shown ? 'shown' : 'hidden';
			if (e.type === 'radio') for (const each of document.getElementsByName(e.name)) each.reached = e.reached;
		}`)
	}
	return run[[]string](b, operable+`.filter((e) => e.reached !== 'shown').map((e) => (e.reached || 'not reached') + ': ' + e.outerHTML.slice(0, 120))`)
}
