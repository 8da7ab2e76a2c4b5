package live

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// request is a client's request in the terms of AWS's events.
type request struct {
	gateway    *Gateway
	deployment *deployment
	closing    context.Context // ends when the API is shut down
	id         string
	received   time.Time
	stage      *stage
	route      *Route
	parameters map[string]string // of the path

	method   string
	protocol string
	// rawPath is decoded, in spite of its name, and on a named stage begins
	// with the stage. badPath is why it is no path, and then there is neither
	// stage nor route.
	rawPath  string
	badPath  string
	rawQuery string
	query    map[string]string // decoded; nil without
	headers  map[string]string // lower-case names
	cookies  []string
	sourceIP string

	// domain is the custom domain name that the request came by, and mapping what
	// it matched there. fullPath is the path with the mapping's key, as the client
	// sent it. shut is why nobody answers the request; foreign: it is for another host.
	domain   string
	foreign  bool
	mapping  *Mapping
	fullPath string
	shut     string

	in      *http.Request
	content io.Reader // nil once it has been read
	body    []byte
	bodyErr error
}

func (g *Gateway) newRequest(id string, d *deployment, r *http.Request) *request {
	q := &request{
		gateway: g, deployment: d,
		id:       id,
		received: g.now(),
		method:   r.Method,
		protocol: r.Proto,
		rawQuery: r.URL.RawQuery,
		query:    parseQuery(r.URL.RawQuery),
		sourceIP: hostOf(r.RemoteAddr),
		in:       r,
	}
	q.rawPath, q.badPath = targetPath(r.URL)
	q.fullPath = q.rawPath
	switch domain, name := g.domain(r.Host); {
	case domain != nil:
		q.arrive(domain, name)
	case !loopback.Served(r.Host): // nobody's, as for package loopback
		q.foreign = true
		q.shut = fmt.Sprintf("the host %.260q is no name of this machine, and no domain that is deployed", r.Host)
	case q.badPath == "":
		q.stage, q.route, q.parameters = d.route(r.Method, q.rawPath)
	}
	q.headers = q.readHeaders(r)
	q.cookies = parseCookies(r.Header["Cookie"])
	return q
}

// targetPath returns the path of a request target, or why there is none. That of
// the absolute form may be empty and is then "/" (RFC 9110 section 4.2.3); the
// asterisk form and the authority form have none (RFC 9112 section 3.2).
func targetPath(target *url.URL) (path, bad string) {
	path = target.Path
	if path == "" && target.IsAbs() {
		path = "/"
	}
	if !strings.HasPrefix(path, "/") {
		return path, "the request target names no path"
	}
	path, ok := decodePath(path)
	if !ok {
		return path, "API Gateway decodes a path twice, and this one is not percent-encoded after the first time: encode a percent sign in it as %2525"
	}
	return path, ""
}

// decodePath does what API Gateway has been seen to do with a path that is
// already decoded: it cuts it at a question mark and decodes it once more. A
// path that cannot be decoded is returned as it is, and false.
func decodePath(once string) (path string, ok bool) {
	once, _, _ = strings.Cut(once, "?")
	path, err := url.PathUnescape(once)
	if err != nil {
		return once, false
	}
	return path, true
}

// path is the request's path within its stage.
func (r *request) path() string {
	if r.stage.Name == DefaultName {
		return r.rawPath
	}
	if path := strings.TrimPrefix(r.rawPath, "/"+r.stage.Name); path != "" {
		return path
	}
	return "/"
}

// hopByHop are headers that concern one connection only (RFC 9110 section
// 7.6.1) and reach neither functions nor clients.
var hopByHop = []string{"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}

// readHeaders joins duplicates and adds what API Gateway adds. The protocol
// and port are the listener's own; on AWS they are https and 443.
func (r *request) readHeaders(in *http.Request) map[string]string {
	headers := make(map[string]string, len(in.Header)+6)
	for name, values := range in.Header {
		if name = strings.ToLower(name); !slices.Contains(hopByHop, name) {
			headers[name] = strings.Join(values, ",")
		}
	}
	headers["host"] = in.Host
	if _, ok := headers["content-length"]; !ok && in.ContentLength == 0 {
		headers["content-length"] = "0"
	}
	if headers["x-amzn-trace-id"] == "" {
		headers["x-amzn-trace-id"] = newTraceID(r.received)
	}
	forwarded := r.sourceIP
	if earlier := headers["x-forwarded-for"]; earlier != "" {
		forwarded = earlier + ", " + forwarded
	}
	headers["x-forwarded-for"] = forwarded
	headers["x-forwarded-proto"] = "http"
	headers["x-forwarded-port"] = r.deployment.port
	return headers
}

// headerBytes is the size of a request line and its headers on the wire.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n") + len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(": \r\n") + len(value)
		}
	}
	return n
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// parseQuery decodes a query string and joins duplicates with a comma. What
// cannot be decoded stays as it came.
func parseQuery(raw string) map[string]string {
	var query map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if query == nil {
			query = map[string]string{}
		}
		if earlier, ok := query[name]; ok {
			value = earlier + "," + value
		}
		query[name] = value
	}
	return query
}

func unescape(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return decoded
}

// parseCookies returns the cookies of all lines of the header: a client may
// divide it (RFC 9113 section 8.2.3).
func parseCookies(lines []string) []string {
	var cookies []string
	for _, line := range lines {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				cookies = append(cookies, cookie)
			}
		}
	}
	return cookies
}

// encodeBody returns an event's body, and whether it is base64. Only a few
// media types count as text; a body of such a type that is not UTF-8, which
// JSON could not carry, is base64 too.
func encodeBody(contentType string, body []byte) (string, bool) {
	if len(body) == 0 {
		return "", false
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	switch mediaType = strings.ToLower(strings.TrimSpace(mediaType)); {
	case !utf8.Valid(body):
	case strings.HasPrefix(mediaType, "text/"),
		mediaType == "application/json", mediaType == "application/xml", mediaType == "application/javascript":
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}
