package authz

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
)

// MinSecretBytes is how long the secret of HS256 must at least be: as long as
// the hash (RFC 7518 section 3.2).
const MinSecretBytes = 32

// secretPrefix marks a secret that is written in base64.
const secretPrefix = "base64:"

// Key is a key bound to the one algorithm it may be used with. Printed, logged
// or marshalled, it does not show the key.
type Key struct {
	algorithm string
	// secret is a function, because fmt prints the fields of a struct that
	// holds a Key in an unexported field without asking String, and follows
	// pointers to structs.
	secret func() []byte
}

// NewHS256Key returns the key of HS256 (HMAC with SHA-256). The secret is
// copied. One shorter than MinSecretBytes is refused with ErrMisconfigured.
func NewHS256Key(secret []byte) (Key, error) {
	if len(secret) < MinSecretBytes {
		return Key{}, fmt.Errorf("%w: the secret has %d bytes, HS256 needs at least %d (RFC 7518 section 3.2); make one with: openssl rand -base64 32", ErrMisconfigured, len(secret), MinSecretBytes)
	}
	secret = bytes.Clone(secret)
	return Key{algHS256, func() []byte { return secret }}, nil
}

// String returns the algorithm and a placeholder.
func (k Key) String() string {
	if k.secret == nil {
		return "no key"
	}
	return k.algorithm + " " + redacted
}

// Format prints what String returns, for every verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON and slog too,
// with what String returns.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// KeyProvider gives the keys that are valid now, at least one. A credential is
// good if any of them verifies it, so that a secret can be rotated. Its error
// wraps ErrMisconfigured or ErrUnavailable. Keys is called for every
// credential and is safe for concurrent use.
type KeyProvider interface {
	Keys(ctx context.Context) ([]Key, error)
}

// StaticKeys is the [KeyProvider] of keys that never change.
type StaticKeys []Key

// Keys implements [KeyProvider].
func (s StaticKeys) Keys(context.Context) ([]Key, error) { return s, nil }

// ParseSecret returns the bytes of a secret as it is written down in a
// parameter or an environment variable: base64 with padding (RFC 4648 section
// 4) after the prefix "base64:", else the text itself. Exactly one newline at
// the end (LF or CRLF) is not part of it, because editors and shells add one;
// every other character is. An encoding error is ErrMisconfigured and shows
// nothing of the value. The length is left to NewHS256Key.
func ParseSecret(value string) ([]byte, error) {
	value, newline := strings.CutSuffix(value, "\n")
	if newline {
		value = strings.TrimSuffix(value, "\r")
	}
	encoded, isBase64 := strings.CutPrefix(value, secretPrefix)
	if !isBase64 {
		return []byte(value), nil
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips newlines, which would give one secret two spellings.
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, fmt.Errorf("%w: the secret begins with %q but what follows is not base64 with padding (RFC 4648 section 4)", ErrMisconfigured, secretPrefix)
	}
	return secret, nil
}
