package up

import (
	"context"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"

	"github.com/pkg/browser"

	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// redirect leads to an address.
const redirect = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=%[1]s">
<title>The live page of pha up</title>
<p><a href="%[1]s">The live page of pha up</a></p>
</html>
`

// openPage opens the live page in the browser, or says later that it could not: some
// browsers stay until they are closed. All users of the machine see the arguments of a
// process, so that what is opened is a file of the user's own, in a folder in temp, which
// leads to the address. remove removes it.
func openPage(ctx context.Context, temp, url string, stderr io.Writer) (remove func(), err error) {
	folder, err := safepath.TempIn(temp, "protected-http-api-page-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for what the browser opens: %w", err)
	}
	remove = func() { _ = os.RemoveAll(folder) }
	file := filepath.Join(folder, "open.html")
	if err := os.WriteFile(file, fmt.Appendf(nil, redirect, html.EscapeString(url)), 0o600); err != nil {
		remove()
		return nil, fmt.Errorf("writing what the browser opens: %w", err)
	}
	browser.Stdout, browser.Stderr = nil, nil // not ours, which may end before it
	go func() {
		if err := browser.OpenFile(file); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintf(stderr, "the browser cannot be opened here (%v): open %s\n", err, url)
		}
	}()
	return remove, nil
}
