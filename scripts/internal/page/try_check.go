package page

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// Limits of what is tried, in bytes. API Gateway takes 10,240 in the request line and the
// headers together (HTTP API quotas), and Linux 128 KiB in one word of a command line.
const (
	longestPath   = 8 << 10
	longestHeader = 8 << 10
	longestBody   = 100 << 10
)

// tryMethods are those of routes (developer guide, http-api-develop-routes).
var tryMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// pathVariable matches a variable of a route's path.
var pathVariable = regexp.MustCompile(`\{[^{}/]*\}`)

// headerName matches what a header can be called (RFC 9110 section 5.6.2, token).
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// requestHeaders are those that a client makes of the request itself, or of the
// connection.
var requestHeaders = []string{"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// checkedTry is a try without mistakes.
type checkedTry struct {
	api               local.API
	route             local.Route
	method, url, host string // host is empty for the URL's own
	body, contentType string
	credential        callers.Kind
	header, value     string // typed in; empty: none
}

// request is what is sent, without a credential but one that was typed in.
func (c checkedTry) request(ctx context.Context) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, c.method, c.url, strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	r.Close = true // a connection that is kept may have the transport send it twice
	if c.host != "" {
		r.Host = c.host
	}
	if c.body != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	if c.header != "" {
		r.Header.Set(c.header, c.value)
	}
	return r, nil
}

func checkTry(apis []local.API, in try) (c checkedTry, err error) {
	i := slices.IndexFunc(apis, func(a local.API) bool { return a.ID == in.API && a.Stage == in.Stage })
	if i < 0 {
		return c, fmt.Errorf("there is no API %q with the stage %q now: load the page again", in.API, in.Stage)
	}
	c.api = apis[i]
	if c.route, err = c.api.Route(in.Route); err != nil {
		return c, fmt.Errorf("%w now: load the page again", err)
	}
	if c.method, err = methodOf(c.route, in.Method); err != nil {
		return c, err
	}
	path, err := checkPath(c.api, c.route, c.method, in.Path)
	if err != nil {
		return c, err
	}
	base, host := c.api.Address()
	c.url, c.host, c.body, c.credential = base+path, host, in.Body, in.Credential
	c.contentType = cmp.Or(in.ContentType, "application/json")
	if err := checkContent(c.method, in.Body, c.contentType); err != nil {
		return c, err
	}
	if in.Credential == callers.Own {
		c.header, c.value, err = checkHeader(in.Header)
	}
	return c, err
}

// methodOf is the method of a try: a route of any method leaves it to choose.
func methodOf(route local.Route, method string) (string, error) {
	own, _, _ := strings.Cut(route.Key, " ")
	switch anyMethod := own == "ANY" || route.Key == live.DefaultName; {
	case !anyMethod && method != "" && method != own:
		return "", fmt.Errorf("the route %s has no requests with the method %q: leave the method out", route.Key, method)
	case !anyMethod:
		return own, nil
	case !slices.Contains(tryMethods, method):
		return "", fmt.Errorf("the route %s is for any method, and %q is none: choose one of %s", route.Key, method, strings.Join(tryMethods, ", "))
	}
	return method, nil
}

// checkPath returns a path, with its query, as it is sent, if a request for it belongs to
// the route.
func checkPath(api local.API, route local.Route, method, text string) (string, error) {
	path, query, asked := strings.Cut(text, "?")
	switch i := strings.IndexFunc(text, isControl); {
	case !strings.HasPrefix(path, "/"):
		return "", fmt.Errorf("the path %q does not begin with a slash", path)
	case len(text) > longestPath:
		return "", fmt.Errorf("the path has %d bytes: at most %d can be tried", len(text), longestPath)
	case i >= 0:
		return "", fmt.Errorf("the path has the character %U: write it as %%%02X", text[i], text[i])
	case strings.Contains(text, "#"):
		return "", fmt.Errorf("the path %q has a #, which ends what is sent: write it as %%23", text)
	case pathVariable.MatchString(path):
		return "", fmt.Errorf("the path %q still has the variable %s: write a value in its place", path, pathVariable.FindString(path))
	}
	path = escape(path)
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return "", fmt.Errorf("the path %q has a percent sign that begins no escape: write it as %%25", path)
	}
	var keys []string
	for _, r := range api.Routes {
		keys = append(keys, r.Key)
	}
	switch got := live.Matching(keys, method, decoded); got {
	case route.Key:
	case "":
		return "", fmt.Errorf("a request for %s %s belongs to no route, and so not to %s", method, path, route.Key)
	default:
		return "", fmt.Errorf("a request for %s %s belongs to the route %s, not to %s: try that, or change the path", method, path, got, route.Key)
	}
	if asked {
		path += "?" + escape(query)
	}
	return path, nil
}

// escape percent-encodes what neither a path nor a query can have as it is (RFC 3986
// sections 3.3 and 3.4). A percent sign stays, and so do brackets, which clients send.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// checkContent refuses a body that cannot be sent, or that no command line can have.
func checkContent(method, body, contentType string) error {
	inText := func(r rune) bool { return isControl(r) && r != '\t' && r != '\n' }
	switch i := strings.IndexFunc(body, inText); {
	case body != "" && (method == http.MethodGet || method == http.MethodHead):
		return fmt.Errorf("a request with the method %s has no body: leave it out", method)
	case len(body) > longestBody:
		return fmt.Errorf("the body has %d bytes: at most %d can be tried: send a file, with curl --data-binary @FILE", len(body), longestBody)
	case i >= 0:
		return fmt.Errorf("the body has the control character %U at byte %d, which has no place in a command line: leave it out, or send a file, with curl --data-binary @FILE", body[i], i)
	case strings.ContainsFunc(contentType, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Errorf("the content type %q has a character outside printable ASCII", contentType)
	}
	return nil
}

// checkHeader reads a line "Name: value".
func checkHeader(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case len(line) > longestHeader:
		return "", "", fmt.Errorf("the header has %d bytes: at most %d can be tried", len(line), longestHeader)
	case !found || !headerName.MatchString(name):
		return "", "", fmt.Errorf("the credential is not a header, Name: value; for instance Authorization: Bearer …")
	case strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' }):
		return "", "", fmt.Errorf("the header %s has a control character: it is one line", name)
	case slices.Contains(requestHeaders, http.CanonicalHeaderKey(name)):
		return "", "", fmt.Errorf("the header %s is made of the request itself: a credential is in another one", name)
	}
	return name, value, nil
}
