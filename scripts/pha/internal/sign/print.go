package sign

import (
	"maps"
	"net/http"
	"slices"
	"strings"
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
		words = append(words, "--request", quote(r.Method))
	}
	for _, line := range headerLines(r) {
		words = append(words, "--header", quote(line))
	}
	switch {
	case r.ContentLength == 0:
	case o.bodyFile != "":
		words = append(words, "--data-binary", quote("@"+o.bodyFile))
	default:
		words = append(words, "--data-raw", quote(o.body)) // a leading @ is no file's name
	}
	return strings.Join(append(words, "--url", quote(r.URL.String())), " ")
}

// quote writes a word for a POSIX shell (Shell Command Language, section
// 2.2.2): nothing has a meaning between single quotes.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
