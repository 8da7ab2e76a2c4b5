package apikey

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// DefaultPrefix begins every key where no other prefix is configured.
const DefaultPrefix = "pha"

// The parts of a key. 43 digits are what 256 bits need in base 62, 6 are what
// 32 bits need.
const (
	minPrefix   = 2
	maxPrefix   = 16
	randomBytes = 32
	randomWidth = 43
	checkWidth  = 6
	startWidth  = 8 // of the random part in Key.Start
	maxKeyBytes = maxPrefix + 1 + randomWidth + checkWidth
)

// base62 are the digits in ASCII order, so that numbers of equal width sort as
// their texts do.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// maxRandom is 2^256-1, the largest random part.
var maxRandom = encode([]byte(strings.Repeat("\xff", randomBytes)), randomWidth)

// Key is a whole API key, the secret that its owner sends:
//
//	{prefix}_{random}{checksum}
//
// The prefix has 2 to 16 lower-case letters and digits. The random part is 32
// bytes of crypto/rand as a number of 43 digits in base 62 (0-9, A-Z, a-z),
// and the checksum is the CRC-32 (IEEE) of all that stands before it in 6 such
// digits: a mistyped key costs no look-up, and a secret scanner can tell a key
// from text. Each key has exactly one spelling.
//
// Printed, logged or marshalled, a Key shows its start only.
type Key struct {
	prefix string
	// value is behind a pointer, because fmt prints the fields of a struct
	// that holds a Key in an unexported field without asking String.
	value *string
}

// Generate makes a new key with a prefix. A prefix outside the format is
// authz.ErrMisconfigured.
func Generate(prefix string) (Key, error) {
	if err := checkPrefix(prefix); err != nil {
		return Key{}, err
	}
	random := make([]byte, randomBytes)
	_, _ = rand.Read(random) // never fails: it ends the process instead
	value := prefix + "_" + encode(random, randomWidth)
	value += checksum(value)
	return Key{prefix, &value}, nil
}

// Parse reads a key that must have the prefix. The error is
// authz.ErrNotApplicable for a text that does not begin with the prefix and an
// underscore, and authz.ErrMalformed for one that does but is no key. It shows
// nothing of the text.
func Parse(prefix, text string) (Key, error) {
	rest, ok := strings.CutPrefix(text, prefix)
	if ok {
		rest, ok = strings.CutPrefix(rest, "_")
	}
	switch {
	case !ok:
		return Key{}, fmt.Errorf("%w: it does not begin with the prefix of this API's keys", authz.ErrNotApplicable)
	case len(rest) != randomWidth+checkWidth:
		return Key{}, fmt.Errorf("%w: the API key is not %d characters long", authz.ErrMalformed, len(prefix)+1+randomWidth+checkWidth)
	// Compared before anything else is done with it. It proves no secret, so
	// the time that the comparison takes says nothing.
	case rest[randomWidth:] != checksum(text[:len(text)-checkWidth]):
		return Key{}, fmt.Errorf("%w: the API key's checksum is wrong", authz.ErrMalformed)
	case strings.Trim(rest, base62) != "" || rest[:randomWidth] > maxRandom:
		return Key{}, fmt.Errorf("%w: the API key's random part is not 32 bytes in base 62", authz.ErrMalformed)
	}
	return Key{prefix, &text}, nil
}

// Reveal returns the key itself. It must not reach a log or an error.
func (k Key) Reveal() string {
	if k.value == nil {
		return ""
	}
	return *k.value
}

// Digest returns the SHA-256 of the whole key, the only form in which it is
// stored. A slow hash would add nothing: 256 random bits cannot be guessed.
func (k Key) Digest() Digest { return sha256.Sum256([]byte(k.Reveal())) }

// Start returns the prefix and the first 8 characters of the random part: what
// is kept for display, so that an owner recognises the key. 208 of its 256
// random bits stay unknown.
func (k Key) Start() string {
	return k.Reveal()[:min(len(k.Reveal()), len(k.prefix)+1+startWidth)]
}

// String returns the start of the key and a placeholder.
func (k Key) String() string { return k.Start() + "[redacted]" }

// Format prints what String returns, for every verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue implements [slog.LogValuer] with what String returns.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON too, with what
// String returns.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Digest is the SHA-256 of a whole key. It identifies the key's record and
// opens nothing.
type Digest [sha256.Size]byte

// String returns the digest in lower-case hexadecimal, the partition key of
// the record.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// CredentialID returns the public id of the key: "key_" and the first 16
// hexadecimal digits of its digest. Logs, counters and administration know a
// key by it. It is derived from the digest, not drawn, so that a log line
// about a key that has been deleted still says which one it was.
func (d Digest) CredentialID() string { return credentialPrefix + hex.EncodeToString(d[:8]) }

const credentialPrefix = "key_"

// isCredentialID reports whether CredentialID writes texts like this one.
func isCredentialID(s string) bool {
	digits, ok := strings.CutPrefix(s, credentialPrefix)
	return ok && len(digits) == 16 && strings.Trim(digits, "0123456789abcdef") == ""
}

// MayBeKey reports whether a text may be an API key, or more of one than its
// start: then it must stand in no error and no log. It is a guess by length and
// shape, right for every key, and wrong for many a text that is none; a
// credential id, the start of a key and a digest are no keys.
func MayBeKey(text string) bool {
	if _, err := parseDigest(text); err == nil {
		return false
	}
	return len(text) > maxPrefix+1+startWidth || shapedAsKey(text)
}

// shapedAsKey reports whether a text is a prefix, an underscore, and more of
// the digits of a key than its start has.
func shapedAsKey(text string) bool {
	prefix, digits, ok := strings.Cut(text, "_")
	return ok && checkPrefix(prefix) == nil && len(digits) > startWidth && strings.Trim(digits, base62) == "" && !isCredentialID(text)
}

// parseDigest reads what String writes, in its one spelling.
func parseDigest(s string) (d Digest, err error) {
	if len(s) != 2*len(d) || strings.ToLower(s) != s {
		return d, errors.New("it is not 64 lower-case hexadecimal digits")
	}
	_, err = hex.Decode(d[:], []byte(s))
	return d, err
}

func checkPrefix(prefix string) error {
	if len(prefix) < minPrefix || len(prefix) > maxPrefix || strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return fmt.Errorf("%w: the prefix of API keys is %q, allowed are %d to %d lower-case letters and digits", authz.ErrMisconfigured, prefix, minPrefix, maxPrefix)
	}
	return nil
}

func checksum(s string) string {
	return encode(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s))), checkWidth)
}

// encode writes a big-endian number in base 62 with leading zeros.
func encode(number []byte, width int) string {
	digits, rest := make([]byte, width), bytes.Clone(number)
	for i := width - 1; i >= 0; i-- {
		remainder := 0
		for j, b := range rest {
			dividend := remainder<<8 | int(b)
			rest[j] = byte(dividend / len(base62)) //nolint:gosec // below 256, as the remainder is below 62
			remainder = dividend % len(base62)
		}
		digits[i] = base62[remainder]
	}
	return string(digits)
}
