package page

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/curl"
)

const (
	// tryLimit is how long a try may take: longer than the slowest authorizer and function
	// together.
	tryLimit = time.Minute
	// shownAnswer is how many bytes of an answer's body are shown.
	shownAnswer = 64 << 10
)

// tryClient sends what is tried: once, and without looking anywhere for what to do with
// the answer.
var tryClient = &http.Client{
	Timeout:       tryLimit,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DisableCompression: true},
}

// trier sends requests that somebody makes up on the page.
type trier struct{ callers *callers.Callers }

// send sends a request to one of the APIs that are deployed, and says what came of it.
// Its errors are mistakes in what was made up, or that there was no answer.
func (t trier) send(ctx context.Context, apis []local.API, in try) (tried, error) {
	checked, err := checkTry(apis, in)
	if err != nil {
		return tried{}, err
	}
	r, err := t.request(ctx, checked)
	if err != nil {
		return tried{}, err
	}
	line, err := t.line(ctx, checked, r)
	if err != nil {
		return tried{}, err
	}
	request, err := requestText(r)
	if err != nil {
		return tried{}, err
	}
	start := time.Now()
	response, err := tryClient.Do(r)
	if err != nil {
		return tried{}, fmt.Errorf("there is no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := answerText(response)
	if err != nil {
		return tried{}, fmt.Errorf("reading the answer: %w", err)
	}
	return tried{
		RequestID: response.Header.Get("Apigw-Requestid"), Request: request, Answer: answer, Status: response.StatusCode,
		Millis: float64(time.Since(start).Microseconds()) / 1000, Curl: line,
	}, nil
}

// request is what is sent, with its credential.
func (t trier) request(ctx context.Context, c checkedTry) (*http.Request, error) {
	r, err := c.request(ctx)
	if err != nil {
		return nil, err
	}
	return r, t.callers.Apply(r, c.api, c.route, c.credential)
}

// line is the command line for a request. A signature is good once, so that it has one of
// its own; curl signs for IAM itself, where it can.
func (t trier) line(ctx context.Context, c checkedTry, r *http.Request) (string, error) {
	var err error
	options := []string{"--include"}
	switch {
	case c.credential == callers.Signature:
		if r, err = t.request(ctx, c); err != nil {
			return "", err
		}
	case c.credential == callers.IAM && signedByCurl(r):
		if r, err = c.request(ctx); err != nil {
			return "", err
		}
		id, secret, region := t.callers.Developer()
		options = append(options, "--aws-sigv4", cli.Quote("aws:amz:"+region+":execute-api"), "--user", cli.Quote(id+":"+secret))
	}
	return curl.Line(r, append(options, curl.Text(c.body)...)...), nil
}

// signedByCurl reports whether all versions of curl sign a request as AWS does: some
// encode no path twice, and sort no query.
func signedByCurl(r *http.Request) bool {
	return r.URL.RawQuery == "" && !strings.Contains(r.URL.EscapedPath(), "%")
}

// requestText is a request as it is sent.
func requestText(r *http.Request) (string, error) {
	sent := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return "", err
		}
		sent.Body = body
	}
	var text bytes.Buffer
	if err := sent.Write(&text); err != nil {
		return "", fmt.Errorf("writing the request: %w", err)
	}
	head, body, _ := strings.Cut(text.String(), "\r\n\r\n")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + body, nil
}

// answerText is an answer as it came, its body up to a limit.
func answerText(r *http.Response) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Proto, r.Status)
	var headers bytes.Buffer
	if err := r.Header.Write(&headers); err != nil {
		return "", err
	}
	text.WriteString(strings.ReplaceAll(headers.String(), "\r\n", "\n") + "\n")
	body, err := io.ReadAll(io.LimitReader(r.Body, shownAnswer))
	if err != nil {
		return "", err
	}
	more, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return "", err
	}
	all := int64(len(body)) + more
	if more > 0 {
		body = wholeRunes(body)
	}
	if !utf8.Valid(body) || bytes.ContainsRune(body, 0) {
		fmt.Fprintf(&text, "[%d bytes that are no text]", all)
		return text.String(), nil
	}
	text.Write(body)
	if more > 0 {
		fmt.Fprintf(&text, "\n[these are the first %d of %d bytes]", len(body), all)
	}
	return text.String(), nil
}

// wholeRunes leaves out the beginning of a character at the end of a text.
func wholeRunes(text []byte) []byte {
	for cut := range min(utf8.UTFMax, len(text)) {
		if whole := text[:len(text)-cut]; utf8.Valid(whole) {
			return whole
		}
	}
	return text
}
