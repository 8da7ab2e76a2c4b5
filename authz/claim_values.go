package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Claims are the members of a token's claims set, or of its header, by their exact
// names; see [ParseClaims]. Nothing changes them, and the zero Claims have none.
// Printed or logged, they show their names only.
type Claims struct {
	// A pointer, because fmt prints the fields of a struct that holds Claims in an
	// unexported field without asking Format; it prints the address of one.
	set *claims
}

type claims struct {
	members []strictjson.Pair
	room    [12]strictjson.Pair // for as many as a token usually has
}

// ParseClaims reads a JSON object: what a token has, for the test of a
// [JWTConfig.Map] for instance. What is not UTF-8, no JSON or no object is
// ErrMalformed, and so is an object in it, at any depth, that names a member twice
// (RFC 7519 section 4 lets a parser refuse that).
func ParseClaims(object string) (Claims, error) {
	set := &claims{}
	var err error
	set.members, err = strictjson.Pairs(set.room[:0], object)
	if err != nil {
		return Claims{}, objectError(err)
	}
	return Claims{set}, nil
}

var (
	errNotUTF8   = malformed("the token's header or claims set " + strictjson.ErrUTF8.Error())
	errNotJSON   = malformed("the token's header or claims set " + strictjson.ErrSyntax.Error())
	errNotObject = malformed("the token's header or claims set " + strictjson.ErrNotObject.Error())
	errRepeated  = malformed("the token's header or claims set " + (&strictjson.RepeatedError{}).Error())
)

// objectError is what an error of package strictjson says of a token.
func objectError(err error) error {
	switch {
	case errors.Is(err, strictjson.ErrUTF8):
		return errNotUTF8
	case errors.Is(err, strictjson.ErrSyntax):
		return errNotJSON
	case errors.Is(err, strictjson.ErrNotObject):
		return errNotObject
	}
	return errRepeated
}

// IsZero reports whether these are no token's.
func (c Claims) IsZero() bool { return c.set == nil }

// members are the claims in the order of the token.
func (c Claims) members() []strictjson.Pair {
	if c.set == nil {
		return nil
	}
	return c.set.members
}

// raw returns the JSON of the claim of this name, "" without one.
func (c Claims) raw(name string) string {
	for _, m := range c.members() {
		if m.Name == name {
			return m.Value
		}
	}
	return ""
}

// Has reports whether there is a claim of this name, with any value.
func (c Claims) Has(name string) bool { return c.raw(name) != "" }

// Get returns the JSON of the claim of this name, and false without one.
func (c Claims) Get(name string) (json.RawMessage, bool) {
	if raw := c.raw(name); raw != "" {
		return json.RawMessage(raw), true
	}
	return nil, false
}

// All goes over the claims, in the order of the token.
func (c Claims) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range c.members() {
			if !yield(m.Name, json.RawMessage(m.Value)) {
				return
			}
		}
	}
}

// String returns the claim of this name, and false unless it is a string.
func (c Claims) String(name string) (string, bool) { return strictjson.Unquote(c.raw(name)) }

// Strings returns the claim of this name, an array of strings, and false if it
// is anything else.
func (c Claims) Strings(name string) ([]string, bool) {
	raw := c.raw(name)
	if raw == "" || raw[0] != '[' {
		return nil, false
	}
	list := make([]string, 0, 1+strings.Count(raw, ",")) // at most
	for element := range strictjson.Elements(raw) {
		one, ok := strictjson.Unquote(element)
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
	raw := c.raw(name)
	if raw == "" || raw == "null" {
		return invalidClaim(fmt.Sprintf("%q is missing", name))
	}
	if list, ok := value.(*[]string); ok && list != nil { // permissions, on every request
		if all, ok := c.Strings(name); ok {
			*list = all
			return nil
		}
	}
	if strings.IndexByte(raw, '{') >= 0 {
		if _, repeated := strictjson.Inspect([]byte(raw)); repeated {
			return invalidClaim(fmt.Sprintf("%q names a member twice", name))
		}
	}
	if json.Unmarshal([]byte(raw), value) != nil {
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
	var names []string
	for _, m := range c.members() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return "claims " + strings.Join(names, ", ") + " " + redacted
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
