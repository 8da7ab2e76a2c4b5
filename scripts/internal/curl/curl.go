// Package curl writes command lines of curl, for a POSIX shell.
package curl

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// Headers are the lines of a request's headers, in a fixed order.
func Headers(r *http.Request) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

// Line is the command line that sends a request as it is, with brackets in the URL and
// with its path left alone. Further options, such as those for the body, are quoted
// already.
func Line(r *http.Request, options ...string) string {
	words := []string{"curl", "--globoff", "--path-as-is"}
	switch {
	case r.Method == http.MethodHead:
		words = append(words, "--head")
	case r.Method != http.MethodGet || r.ContentLength > 0:
		words = append(words, "--request", cli.Quote(r.Method))
	}
	headers := Headers(r)
	if r.Host != "" && r.Host != r.URL.Host {
		headers = append(headers, "Host: "+r.Host)
	}
	for _, header := range headers {
		if name, empty := strings.CutSuffix(header, ": "); empty {
			header = name + ";" // or curl leaves it out
		}
		words = append(words, "--header", cli.Quote(header))
	}
	words = append(words, options...)
	return strings.Join(append(words, "--url", cli.Quote(r.URL.String())), " ")
}

// Text are the options for a body that is a text: one that begins with an @ is no file's
// name.
func Text(body string) []string {
	if body == "" {
		return nil
	}
	return []string{"--data-raw", cli.Quote(body)}
}
