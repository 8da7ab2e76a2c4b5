package authz

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
)

// redacted stands wherever a secret would be printed.
const redacted = "[redacted]"

// Credential is what a client presents to prove who it is: an authentication
// scheme and the value that belongs to it. Printed, logged or marshalled, it
// shows the scheme only.
type Credential struct {
	// Scheme is the kind of credential in its canonical spelling, for
	// instance "Bearer".
	Scheme string
	// value is behind a pointer, because fmt prints the fields of a struct
	// that holds a Credential in an unexported field without asking String;
	// it prints the address of a string.
	value *string
}

// NewCredential returns the credential of a scheme and a value.
func NewCredential(scheme, value string) Credential {
	return Credential{Scheme: scheme, value: &value}
}

// Value returns the credential itself. It must not reach a log or an error.
func (c Credential) Value() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// fingerprint names the credential in a log without telling it: the first
// bytes of its SHA-256. It is empty for one that is so short that it may have
// been guessed, and could be guessed again from the fingerprint.
func (c Credential) fingerprint() string {
	const shortest = 32 // bytes
	if len(c.Value()) < shortest {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Value()))
	return shortDigest(hex.EncodeToString(sum[:]))
}

// shortDigest is as much of a SHA-256 in hexadecimal as names a credential; "" of
// none.
func shortDigest(digest string) string {
	const shown = 12 // digits
	if digest == "" {
		return ""
	}
	return "sha256:" + digest[:min(len(digest), shown)]
}

// String returns the scheme and a placeholder.
func (c Credential) String() string { return strings.TrimSpace(c.Scheme + " " + redacted) }

// Format prints what String returns, for every verb: %#v and %x would
// otherwise bypass it.
func (c Credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue implements [slog.LogValuer] with what String returns.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON too, with what
// String returns.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Extractor finds a credential in a request. It returns ErrNoCredential where
// there is none, ErrNotApplicable where there is one of another kind, and
// ErrMalformed where it is not well formed. The credential's value is as the
// request has it, and decoded by the verifier: with a cache TTL a [Handler] looks
// for it in the values of the identity sources.
type Extractor interface {
	Extract(Request) (Credential, error)
}

// BearerScheme is the scheme of credentials found by [BearerHeader].
const BearerScheme = "Bearer"

// BearerHeader is the [Extractor] of RFC 6750 section 2.1: the header
// Authorization with the scheme Bearer, in any case, one or more spaces, and a
// token68 (RFC 9110 sections 11.2 and 11.4). A tab, and a comma, by which API
// Gateway joins repeated headers, are refused.
type BearerHeader struct {
	// BareToken also takes a token without a scheme, as API Gateway's own JWT
	// authorizer does. Defaults to false: it is refused.
	BareToken bool
}

// Extract implements [Extractor].
func (b BearerHeader) Extract(r Request) (Credential, error) {
	header := r.Headers["authorization"]
	if header == "" {
		return Credential{}, fmt.Errorf("%w: the header Authorization is missing or empty", ErrNoCredential)
	}
	scheme, token, hasScheme := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if b.BareToken && !hasScheme && !strings.EqualFold(scheme, BearerScheme) && isToken68(header) {
		return NewCredential(BearerScheme, header), nil
	}
	switch {
	case strings.Contains(header, ","):
		return Credential{}, malformed("the header Authorization has a comma, so it may be several headers")
	case !strings.EqualFold(scheme, BearerScheme):
		return Credential{}, fmt.Errorf("%w: the scheme of the header Authorization is not Bearer", ErrNotApplicable)
	case token == "":
		return Credential{}, malformed("the header Authorization has no token after its scheme")
	case !isToken68(token):
		return Credential{}, malformed("the header Authorization has a character outside token68")
	}
	return NewCredential(BearerScheme, token), nil
}

// isToken68 reports whether s is a token68: letters, digits and -._~+/, then
// any number of equals signs.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if c := body[i]; !isBase64URL(c) && c != '.' && c != '~' && c != '+' && c != '/' {
			return false
		}
	}
	return body != ""
}

// isBase64URL reports whether c is in the alphabet of RFC 4648 section 5.
func isBase64URL(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }
