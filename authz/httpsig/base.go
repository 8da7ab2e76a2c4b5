package httpsig

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"
)

// signatureBase writes what is signed (RFC 9421 section 2.5). No value has a
// line break: a line would otherwise stand for a component of its own.
func signatureBase(components []string, value func(component string) string, params string) []byte {
	var b []byte
	for _, name := range components {
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, `": `...)
		b = append(b, value(name)...)
		b = append(b, '\n')
	}
	b = append(b, `"@signature-params": `...)
	return append(b, params...)
}

// macOf returns the HMAC-SHA256 of a signature base (RFC 9421 section 3.3.3).
func macOf(secret, base []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(base)
	return mac.Sum(nil)
}

// message is the part of a request that is signed, before it is written down.
type message struct {
	method    string
	path      string // decoded
	query     string // as it is sent, without the question mark
	authority string // in lower case
	digest    string // the header Content-Digest
}

// check returns an error unless every value can be written in one line, so
// that a signature base has one meaning.
func (m message) check() error {
	switch {
	case m.method == "" || strings.Trim(m.method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return errors.New("the method is not in upper-case letters")
	case !strings.HasPrefix(m.path, "/"):
		return errors.New("the path does not begin with a slash")
	case !isVisible(m.query):
		return errors.New("the query string has a character outside visible ASCII; percent-encode it")
	case m.authority == "" || strings.Trim(m.authority, "abcdefghijklmnopqrstuvwxyz0123456789-._:[]") != "":
		return errors.New("the authority is not a host name or address with an optional port")
	}
	return nil
}

// value returns the value of a component.
func (m message) value(component string) string {
	switch component {
	case "@method":
		return m.method
	case "@path":
		return canonicalPath(m.path)
	case "@query":
		return "?" + m.query
	case "@authority":
		return m.authority
	default:
		return m.digest
	}
}

// canonicalPath encodes a decoded path; see the package's documentation.
func canonicalPath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// canonicalAuthority writes a host as RFC 9421 section 2.2.3 has it: in lower
// case, without the default port of the scheme.
func canonicalAuthority(host, scheme string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// givenAuthority writes an authority that somebody gives without a scheme: no
// port that is the default one of any is ever signed.
func givenAuthority(authority string) string {
	return canonicalAuthority(canonicalAuthority(authority, "https"), "http")
}

func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
