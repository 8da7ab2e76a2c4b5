package httpsig

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/authz"
)

// maxBody is how much API Gateway takes (quotas of HTTP APIs, payload size).
const maxBody = 10_000_000

// label is that of the signatures that are made here.
const label = "sig1"

// Signer signs requests for a [Verifier]. As an [http.RoundTripper] it signs
// every request that an [http.Client] sends, each retry of the caller's and each
// redirect within one scheme and host anew. It refuses to follow a redirect to
// another: whoever answers would choose what is signed.
//
// Below it [http.Transport] may by itself send a request again, with the same
// nonce, when a kept-alive connection is lost. The second one is refused if the
// first had arrived: a 403 does not say that nothing was done.
type Signer struct {
	// Key is the key to sign with: of HS256, with an id. Required.
	Key authz.Key
	// Authority is the host that is signed, where it is not the request's: for
	// an API behind a proxy with a name of its own. A port 443 or 80 is left out.
	Authority string
	// Lifetime is how long the signature is good, 1s at least: it is rounded up
	// to the next whole second of the clock, and no longer than Window.
	// Defaults to that.
	Lifetime time.Duration
	// Base sends the signed requests. Defaults to http.DefaultTransport.
	Base http.RoundTripper
	// Now is the clock. Who has to know when the signature was made sets it, as
	// pha sign does. Defaults to time.Now.
	Now func() time.Time

	nonce func() string // of tests; nil is rand.Text
}

// RoundTrip implements [http.RoundTripper]. It signs a copy of the request.
func (s *Signer) RoundTrip(r *http.Request) (*http.Response, error) {
	signed := r.Clone(r.Context())
	err := checkRedirect(r)
	if err == nil {
		err = s.Sign(signed)
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	base := s.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(signed)
}

// checkRedirect returns an error if another scheme or host than the request's
// asks for the request: net/http has the answer that redirected in Response.
func checkRedirect(r *http.Request) error {
	if r.Response == nil || r.URL == nil {
		return nil
	}
	from := r.Response.Request
	if from == nil || from.URL == nil {
		return errors.New("signing a request: it is a redirect of an answer that does not tell its own request")
	}
	if from.URL.Scheme != r.URL.Scheme || canonicalAuthority(from.URL.Host, from.URL.Scheme) != canonicalAuthority(r.URL.Host, r.URL.Scheme) {
		return fmt.Errorf("signing a request: %s://%s redirects to %s://%s; only a redirect to the same scheme and host is signed", from.URL.Scheme, from.URL.Host, r.URL.Scheme, r.URL.Host)
	}
	return nil
}

// Sign sets the headers Signature-Input and Signature, and for a request with a
// body Content-Digest. It reads the body into memory and writes the URL's path
// in the encoding that is signed. It refuses what would reach the verifier in
// another form than it was signed: an encoded slash, percent sign or question
// mark in the path, dot segments, a path that is not UTF-8, a query string that
// is not percent-encoded.
func (s *Signer) Sign(r *http.Request) error {
	secret, ok := s.Key.HMACSecret()
	if !ok || s.Key.Algorithm() != authz.HS256 || s.Key.ID() == "" {
		return errors.New("signing a request: the key is not one of HS256 with an id")
	}
	in, err := s.input()
	if err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	m, err := s.message(r)
	if err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	body, err := readBody(r)
	if err != nil {
		return fmt.Errorf("signing a request: %w", err)
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	for name := range r.Header { // by any spelling: net/http sends it as it is
		switch strings.ToLower(name) {
		case componentDigest, "signature", "signature-input":
			delete(r.Header, name)
		}
	}
	covered := components
	if len(body) > 0 {
		m.digest = contentDigest(body)
		covered = append(covered[:len(covered):len(covered)], componentDigest)
		r.Header.Set("Content-Digest", m.digest)
	}
	params := `("` + strings.Join(covered, `" "`) + `")` + in
	signature := macOf(secret, signatureBase(covered, m.value, params))
	r.Header.Set("Signature-Input", label+"="+params)
	r.Header.Set("Signature", label+"="+formatBytes(signature))
	return nil
}

// input returns the parameters of the signature.
func (s *Signer) input() (string, error) {
	now, nonce := s.Now, s.nonce
	if now == nil {
		now = time.Now
	}
	if nonce == nil {
		nonce = rand.Text
	}
	at := now()
	params := fmt.Sprintf(";created=%d", at.Unix())
	if s.Lifetime != 0 {
		if s.Lifetime < time.Second {
			return "", fmt.Errorf("the lifetime is %v; allowed is 1s and more", s.Lifetime)
		}
		params += fmt.Sprintf(";expires=%d", at.Add(s.Lifetime+time.Second-1).Unix())
	}
	return params + fmt.Sprintf(`;keyid="%s";nonce="%s"`, s.Key.ID(), nonce()), nil
}

// message reads the request, and writes its path in the canonical encoding.
func (s *Signer) message(r *http.Request) (message, error) {
	if r.URL == nil {
		return message{}, errors.New("the request has no URL")
	}
	u := *r.URL
	if u.Path == "" && u.Opaque == "" {
		u.Path = "/"
	}
	switch {
	case u.Opaque != "":
		return message{}, errors.New("the URL has no path")
	case strings.Contains(strings.ToLower(u.EscapedPath()), "%2f"):
		return message{}, errors.New("the path has an encoded slash, which API Gateway decodes")
	case strings.ContainsAny(u.Path, "%?"):
		return message{}, errors.New("the path has an encoded percent sign or question mark; API Gateway decodes twice and cuts the path at a question mark")
	case !utf8.ValidString(u.Path):
		return message{}, errors.New("the path is not UTF-8")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return message{}, errors.New("the path has a segment . or .., which clients and proxies resolve; resolve it")
		}
	}
	host := r.Host
	if host == "" {
		host = u.Host
	}
	if s.Authority != "" {
		host = givenAuthority(s.Authority)
	}
	m := message{method: r.Method, path: u.Path, query: u.RawQuery, authority: canonicalAuthority(host, u.Scheme)}
	if m.method == "" {
		m.method = http.MethodGet // as net/http has it
	}
	if err := m.check(); err != nil {
		return message{}, err
	}
	u.RawPath = ""
	r.URL = &u
	return m, nil
}

// readBody returns the body and puts it back into the request.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the body is longer than %d bytes, which API Gateway refuses", maxBody)
	}
	r.GetBody = func() (io.ReadCloser, error) {
		if len(body) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	r.Body, err = r.GetBody()
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	return body, err
}
