package sign

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// headerLines returns the headers as they stand in a request, in a fixed
// order.
func headerLines(r *http.Request) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		lines = append(lines, name+": "+r.Header.Get(name))
	}
	return lines
}

// curlLine returns the command line that sends the request as it was signed:
// with brackets in the URL left alone, and the path and the body unchanged.
func curlLine(r *http.Request, o options) string {
	words := []string{"curl", "--globoff", "--path-as-is"}
	switch {
	case r.Method == http.MethodHead:
		words = append(words, "--head")
	case r.Method != http.MethodGet || r.ContentLength > 0:
		words = append(words, "--request", cli.Quote(r.Method))
	}
	for _, line := range headerLines(r) {
		words = append(words, "--header", cli.Quote(line))
	}
	switch {
	case r.ContentLength == 0:
	case o.bodyFile != "":
		words = append(words, "--data-binary", cli.Quote("@"+o.bodyFile))
	default:
		words = append(words, "--data-raw", cli.Quote(o.body)) // a leading @ is no file's name
	}
	return strings.Join(append(words, "--url", cli.Quote(r.URL.String())), " ")
}
