package authz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Claims are the members of a token's claims set, or of its header, by their
// exact names. Printed or logged, they show their names only.
type Claims map[string]json.RawMessage

// String returns the claim of this name, and false unless it is a string.
func (c Claims) String(name string) (string, bool) { return strictjson.String(c[name]) }

// Strings returns the claim of this name, an array of strings, and false if it
// is anything else.
func (c Claims) Strings(name string) ([]string, bool) {
	var elements []json.RawMessage
	if raw := c[name]; len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		return nil, false
	}
	list := make([]string, 0, len(elements))
	for _, element := range elements {
		one, ok := strictjson.String(element)
		if !ok {
			return nil, false
		}
		list = append(list, one)
	}
	return list, true
}

// Words returns the claim of this name, a string of words with single spaces
// between them as scope is (RFC 8693 section 4.2), and false if it is anything
// else. An empty string has no words.
func (c Claims) Words(name string) ([]string, bool) {
	text, ok := c.String(name)
	if !ok {
		return nil, false
	}
	return splitList(text)
}

// Decode decodes the claim of this name into value. A claim that is missing or
// null, which would leave value as it was, is ErrInvalidClaim, as is one of
// another type, and one with an object that names a member twice, in whatever
// case: [encoding/json] does not tell Role from role. The error has the claim's
// name, and nothing of what it is.
func (c Claims) Decode(name string, value any) error {
	raw, present := c[name]
	if !present || string(raw) == "null" {
		return invalidClaim(fmt.Sprintf("%q is missing", name))
	}
	if bytes.IndexByte(raw, '{') >= 0 && json.Valid(raw) {
		if _, repeated := strictjson.Inspect(raw); repeated {
			return invalidClaim(fmt.Sprintf("%q names a member twice", name))
		}
	}
	if json.Unmarshal(raw, value) != nil {
		return invalidClaim(fmt.Sprintf("%q is not of the type that it should be", name))
	}
	return nil
}

// Format prints the names of the claims, for every verb.
func (c Claims) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.names()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON and slog too,
// with what Format prints.
func (c Claims) MarshalText() ([]byte, error) { return []byte(c.names()), nil }

func (c Claims) names() string {
	return "claims " + strings.Join(slices.Sorted(maps.Keys(c)), ", ") + " " + redacted
}

// splitList reads a list that joinList has written, and false if it is not one.
func splitList(text string) ([]string, bool) {
	if text == "" {
		return nil, true
	}
	list := strings.Split(text, " ")
	for _, one := range list {
		if checkToken(one) != nil {
			return nil, false
		}
	}
	return list, true
}

func joinList(list []string) string { return strings.Join(list, " ") }
