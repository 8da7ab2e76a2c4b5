package page

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var update = flag.Bool("update", false, "write the screenshots in docs")

// screenshots writes those of docs, with traffic of some time and a refusal opened.
func (b *tab) screenshots(url, token string) {
	b.Helper()
	for i := range 360 {
		b.traffic(url, token, i)
		time.Sleep(250 * time.Millisecond)
	}
	b.side("api")
	b.click("[aria-label^='Empty the cache']")
	b.side("try")
	b.send("expired", "403 refused")
	b.wait(`document.querySelector('#rows .reason').innerText === 'expired'`)
	b.side("api")
	b.click("#rows .time")
	b.waitText("#detail .cure", "What would let it through")
	run[chromedp.Void](b, `document.activeElement.blur()`)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(repository+"/docs/page-"+scheme+".png", picture, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.press(kb.Escape)
}

// traffic sends a request of some client.
func (b *tab) traffic(url, token string, i int) {
	b.Helper()
	method, path, body, authorization := http.MethodPost, "/events", `{"name":"Concert"}`, token
	switch i % 9 {
	case 0, 3, 7:
		method, body, authorization = http.MethodGet, "", ""
	case 1:
		method, path, body, authorization = http.MethodGet, fmt.Sprintf("/events/evt_%04d", i), "", ""
	case 5:
		authorization = map[bool]string{true: "", false: "Authorization: Bearer not.a.token"}[i%2 == 0]
	}
	r, err := http.NewRequestWithContext(b.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if _, value, found := strings.Cut(authorization, ": "); found {
		r.Header.Set("Authorization", value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
}
