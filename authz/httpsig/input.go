package httpsig

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Limits of what a client writes.
const (
	maxInputBytes = 512 // more than the longest that the profile allows
	maxLabelBytes = 64
	minNonceBytes = 16
	maxNonceBytes = 64
)

// algorithm is the only name that the parameter alg may have (RFC 9421 section
// 6.2.2).
const algorithm = "hmac-sha256"

// componentDigest is covered where there is a body, the others always.
const componentDigest = "content-digest"

var components = []string{"@method", "@path", "@query", "@authority"}

// signatureInput is what Signature-Input says (RFC 9421 section 4.1).
type signatureInput struct {
	label      string
	params     string // what follows the label, as it was written: the value of @signature-params
	components []string
	created    int64 // seconds since the Unix epoch
	expires    int64 // the same; 0 where it is not said
	keyID      string
	nonce      string
}

// covers reports whether a component is covered.
func (in signatureInput) covers(component string) bool {
	return slices.Contains(in.components, component)
}

// parseInput reads the header Signature-Input: one member of a Dictionary of
// RFC 8941 section 3.2, an Inner List with parameters, in exactly the spelling
// of section 4.1. Errors are authz.ErrMalformed or
// authz.ErrUnsupportedAlgorithm, with constant texts.
func parseInput(header string) (signatureInput, error) {
	if len(header) > maxInputBytes {
		return signatureInput{}, malformed("Signature-Input is longer than %d bytes", maxInputBytes)
	}
	label, params, found := strings.Cut(header, "=")
	if !found || !isLabel(label) {
		return signatureInput{}, malformed("Signature-Input does not begin with a label and an equals sign")
	}
	in := signatureInput{label: label, params: params}
	list, found := strings.CutPrefix(params, "(")
	list, rest, closed := strings.Cut(list, ")")
	if !found || !closed {
		return signatureInput{}, malformed("Signature-Input has no list of components in parentheses")
	}
	if err := in.parseComponents(list); err != nil {
		return signatureInput{}, err
	}
	if err := in.parseParameters(rest); err != nil {
		return signatureInput{}, err
	}
	return in, nil
}

func (in *signatureInput) parseComponents(list string) error {
	for item := range strings.SplitSeq(list, " ") {
		// A quoted name and nothing else: parameters of a component would come
		// after the second quote.
		name, opened := strings.CutPrefix(item, `"`)
		name, closed := strings.CutSuffix(name, `"`)
		switch {
		case !opened || !closed || strings.Contains(name, `"`):
			return malformed("Signature-Input has a component that is not a quoted name, or has parameters")
		case name != componentDigest && !slices.Contains(components, name):
			return malformed("Signature-Input has a component other than %s and %s", strings.Join(components, ", "), componentDigest)
		case in.covers(name):
			return malformed("Signature-Input has the component %s twice", name)
		}
		in.components = append(in.components, name)
	}
	for _, name := range components {
		if !in.covers(name) {
			return malformed("Signature-Input lacks the component %s", name)
		}
	}
	return nil
}

func (in *signatureInput) parseParameters(rest string) error {
	if strings.Contains(rest, ",") {
		return malformed("Signature-Input has a comma, so it is more than one signature")
	}
	rest, found := strings.CutPrefix(rest, ";")
	if !found {
		return malformed("Signature-Input has no parameters after its components")
	}
	seen := map[string]bool{}
	for parameter := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if err := in.setParameter(name, value); err != nil {
			return err
		}
		if seen[name] {
			return malformed("Signature-Input has the parameter %s twice", name)
		}
		seen[name] = true
	}
	for _, name := range []string{"created", "keyid", "nonce"} {
		if !seen[name] {
			return malformed("Signature-Input lacks the parameter %s", name)
		}
	}
	if seen["expires"] && in.expires <= in.created {
		return malformed("Signature-Input expires before it is created")
	}
	return nil
}

// setParameter takes the parameters of RFC 9421 section 2.3 but tag, which has
// no meaning here.
func (in *signatureInput) setParameter(name, value string) (err error) {
	text, quoted := unquote(value)
	switch name {
	case "created":
		in.created, err = seconds(name, value)
	case "expires":
		in.expires, err = seconds(name, value)
	case "keyid":
		if !quoted || authz.CheckCredentialID(text) != nil {
			return malformed("the parameter keyid is not a quoted key id")
		}
		in.keyID = text
	case "nonce":
		if !quoted || !isNonce(text) {
			return malformed("the parameter nonce is not %d to %d quoted letters, digits, hyphens and underscores", minNonceBytes, maxNonceBytes)
		}
		in.nonce = text
	case "alg":
		if !quoted || text != algorithm {
			return fmt.Errorf("%w: the parameter alg is not %q", authz.ErrUnsupportedAlgorithm, algorithm)
		}
	default:
		return malformed("Signature-Input has a parameter other than created, expires, keyid, nonce and alg")
	}
	return err
}

// parseSignature reads the header Signature: one member of a Dictionary, a Byte
// Sequence (RFC 8941 section 3.3.5).
func parseSignature(header, label string) ([]byte, error) {
	value, found := strings.CutPrefix(header, label+"=")
	switch {
	case strings.Contains(header, ","):
		return nil, malformed("Signature has a comma, so it is more than one signature")
	case !found:
		return nil, malformed("Signature does not begin with the label of Signature-Input")
	}
	signature, ok := parseBytes(value)
	if !ok || len(signature) != sha256.Size {
		return nil, malformed("Signature is not %d bytes in base64 between colons", sha256.Size)
	}
	return signature, nil
}

// formatBytes writes a Byte Sequence.
func formatBytes(b []byte) string { return ":" + base64.StdEncoding.EncodeToString(b) + ":" }

// parseBytes reads a Byte Sequence in the spelling of formatBytes only. The
// decoder by itself skips line breaks and takes stray bits.
func parseBytes(s string) ([]byte, bool) {
	if len(s) < 2 {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(s[1 : len(s)-1])
	return b, err == nil && formatBytes(b) == s
}

// seconds reads a time as a whole number without sign and leading zeros.
func seconds(name, value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n <= 0 || n > contract.MaxSeconds || strconv.FormatInt(n, 10) != value {
		return 0, malformed("the parameter %s is not a whole number of seconds since the Unix epoch", name)
	}
	return n, nil
}

// unquote returns the text of a String of RFC 8941 section 3.3.3. Escapes stay
// as they are: the alphabets of the values have no backslash.
func unquote(value string) (string, bool) {
	text, opened := strings.CutPrefix(value, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	return text, opened && closed
}

// isLabel reports whether s is a key of RFC 8941 section 3.1.2.
func isLabel(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i] && s[i] <= 'z' || s[i] == '*'
		if !letter && (i == 0 || strings.IndexByte("0123456789_-.", s[i]) < 0) {
			return false
		}
	}
	return s != "" && len(s) <= maxLabelBytes
}

func isNonce(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return minNonceBytes <= len(s) && len(s) <= maxNonceBytes
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", authz.ErrMalformed, fmt.Errorf(format, args...))
}
