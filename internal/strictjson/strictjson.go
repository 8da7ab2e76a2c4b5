// Package strictjson reads JSON without what encoding/json lets pass: names of
// members that are there twice, of which it takes the last, bytes that are not
// UTF-8, which it replaces, and nulls, for which it leaves a value as it was.
//
// Every reader of JSON that a decision depends on begins with [Members], so that
// no two parts of a system read one text in two ways (RFC 8259 section 4, RFC 7519
// section 4).
package strictjson

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"unicode/utf8"
)

// Errors of [Members]. Their texts have no part of the data.
var (
	// ErrUTF8: the data is not valid UTF-8.
	ErrUTF8 = errors.New("is not UTF-8")
	// ErrSyntax: the data is not one JSON value.
	ErrSyntax = errors.New("is not JSON")
	// ErrNotObject: the data is a JSON value other than an object.
	ErrNotObject = errors.New("is not a JSON object")
)

// RepeatedError is the error of [Members] for an object that names a member
// twice. Its text does not tell the name, which may be a secret in the wrong
// place.
type RepeatedError struct {
	// Name is the member's.
	Name string
	// In is the member of the outermost object in whose value the object stands;
	// empty where it is that object itself.
	In string
}

// Error implements error.
func (*RepeatedError) Error() string { return "names a member twice" }

// Member is one member of a JSON object.
type Member struct {
	// Name is the member's name, unescaped.
	Name string
	// Value is a part of the data, without white space around it.
	Value json.RawMessage
}

// Members returns the members of the JSON object that data is, in their order. An
// object in it, at any depth, that names a member twice is a *RepeatedError; names
// are compared as they read after unescaping. The other errors are ErrUTF8,
// ErrSyntax and ErrNotObject.
func Members(data []byte) ([]Member, error) {
	pairs, err := Pairs(nil, string(data))
	if err != nil {
		return nil, err
	}
	members := make([]Member, len(pairs))
	for i, p := range pairs {
		members[i] = Member{p.Name, data[p.at : p.at+len(p.Value) : p.at+len(p.Value)]}
	}
	return members, nil
}

// Object is [Members] as a map by name.
func Object(data []byte) (map[string]json.RawMessage, error) {
	members, err := Members(data)
	if err != nil {
		return nil, err
	}
	object := make(map[string]json.RawMessage, len(members))
	for _, m := range members {
		object[m.Name] = m.Value
	}
	return object, nil
}

// Pair is one member of a JSON object that is a string.
type Pair struct {
	// Name is the member's name, unescaped.
	Name string
	// Value is a part of the text, without white space around it.
	Value string
	at    int // where the value begins
}

// Pairs is [Members] of a text. Names without escapes and values are parts of the
// text: nothing is copied. The pairs are in room, where it is large enough.
func Pairs(room []Pair, text string) ([]Pair, error) {
	if !utf8.ValidString(text) {
		return nil, ErrUTF8
	}
	s := scanner{text: text, pairs: room[:0]}
	switch object, ok := s.all(); {
	case !ok:
		return nil, ErrSyntax
	case !object:
		return nil, ErrNotObject
	case s.repeated != nil:
		return nil, s.repeated
	}
	return s.pairs, nil
}

// Inspect reports whether a JSON value is or has a null, and whether an object in
// it, at any depth, names a member twice, in whatever case: encoding/json takes
// Role for the field role of a struct. Of what is no JSON both are reported.
func Inspect(data []byte) (null, repeated bool) {
	s := scanner{text: string(data), fold: true}
	if _, ok := s.all(); !ok {
		return true, true
	}
	return s.null, s.repeated != nil
}

// String returns the JSON string raw, and false if it is any other JSON value or
// empty. Other texts than a value of valid JSON, such as the values of [Members], it does
// not tell apart.
func String(raw json.RawMessage) (string, bool) { return Unquote(string(raw)) }

// Unquote is [String] of a text, of which it returns a part unless there are escapes
// in it.
func Unquote(raw string) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	var s string
	if json.Unmarshal([]byte(raw), &s) != nil {
		return "", false
	}
	return s, true
}

// Elements goes over the elements of the JSON array raw, which are parts of it. Other
// values have none.
func Elements(raw string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := scanner{text: raw}
		if s.skipSpace(); s.next() != '[' {
			return
		}
		for more := s.open(']'); more; more, _ = s.comma(']') {
			start := s.at
			if !s.value() || !yield(raw[start:s.at]) {
				return
			}
		}
	}
}
