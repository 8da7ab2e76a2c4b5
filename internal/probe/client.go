package probe

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/probe/instruction"
)

// requestTimeout is longer than API Gateway takes for the slowest answer.
const requestTimeout = 75 * time.Second

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// wire is the request as it is sent, for the host of an API. net/http would write
// another: it sorts headers, escapes targets and refuses what is not well-formed.
func (r Request) wire(host string) (string, error) {
	var text strings.Builder
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, r.Target, host)
	for _, line := range r.Headers {
		text.WriteString(line + "\r\n")
	}
	for _, told := range []struct {
		header string
		do     *Instruction
	}{{instruction.AuthorizerHeader, r.Authorizer}, {instruction.HandlerHeader, r.Handler}} {
		if told.do == nil {
			continue
		}
		value, err := json.Marshal(told.do)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s: %s\r\n", told.header, value)
	}
	body := r.Body
	if r.BodySize > 0 {
		body = strings.Repeat("x", r.BodySize)
	}
	if body != "" {
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(body))
	}
	text.WriteString("\r\n" + body)
	return text.String(), nil
}

// send sends the request to the API at an address, on a connection of its own.
func (r Request) send(ctx context.Context, endpoint string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	address, err := url.Parse(endpoint)
	if err != nil {
		return reply{}, err
	}
	text, err := r.wire(address.Host)
	if err != nil {
		return reply{}, err
	}
	connection, err := dial(ctx, address, nil)
	if err != nil {
		return reply{}, err
	}
	defer connection.Close() //nolint:errcheck // the answer has been read
	stop := context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Now()) })
	defer stop()
	// An answer may come, and the connection end, before a large body is sent.
	go func() { _, _ = io.WriteString(connection, text) }()
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: r.Method})
	if err != nil {
		if ctx.Err() != nil {
			return reply{}, context.Cause(ctx)
		}
		return reply{}, fmt.Errorf("reading the answer: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // as above
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

// dial connects to an address as a browser would, but for HTTP/2, whose requests are
// not text. roots are those of tests.
func dial(ctx context.Context, address *url.URL, roots *x509.CertPool) (net.Conn, error) {
	if address.Scheme != "https" {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address.Host)
	}
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: address.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, RootCAs: roots}}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(address.Hostname(), cmp.Or(address.Port(), "443")))
}
