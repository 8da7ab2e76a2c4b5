// Package strictjson reads JSON without what encoding/json lets pass: names of
// members that are there twice, of which it takes the last, bytes that are not
// UTF-8, which it replaces, and nulls, for which it leaves a value as it was.
//
// Every reader of JSON that a decision depends on begins with [Members], so that
// no two parts of a system read one text in two ways (RFC 8259 section 4, RFC 7519
// section 4).
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
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
	if !utf8.Valid(data) {
		return nil, ErrUTF8
	}
	if !json.Valid(data) {
		return nil, ErrSyntax
	}
	w := walker{data: data}
	w.skipSpace()
	if w.data[w.at] != '{' {
		return nil, ErrNotObject
	}
	members := w.object()
	if w.repeated != nil {
		return nil, w.repeated
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

// Inspect reports whether a JSON value is or has a null, and whether an object in
// it, at any depth, names a member twice, in whatever case: encoding/json takes
// Role for the field role of a struct. Of what is no JSON both are reported.
func Inspect(data []byte) (null, repeated bool) {
	if !json.Valid(data) {
		return true, true
	}
	w := walker{data: data, fold: true}
	w.skipSpace()
	w.value()
	return w.null, w.repeated != nil
}

// walker goes once over valid JSON.
type walker struct {
	data     []byte
	at       int
	depth    int
	in       string // the member of the outermost object
	fold     bool
	null     bool
	repeated *RepeatedError // the first
}

func (w *walker) skipSpace() {
	for w.at < len(w.data) && strings.IndexByte(" \t\r\n", w.data[w.at]) >= 0 {
		w.at++
	}
}

// object reads an object and returns its members.
func (w *walker) object() []Member {
	var members []Member
	seen := names{fold: w.fold}
	w.depth++
	w.at++ // the brace
	for w.skipSpace(); w.data[w.at] != '}'; {
		name := w.name()
		if !seen.add(name, members) && w.repeated == nil {
			w.repeated = &RepeatedError{Name: name, In: w.in}
		}
		w.skipSpace()
		w.at++ // the colon
		w.skipSpace()
		if w.depth == 1 {
			w.in = name
		}
		start := w.at
		w.value()
		if w.depth == 1 {
			w.in = ""
		}
		if members == nil {
			members = make([]Member, 0, few/2)
		}
		members = append(members, Member{name, w.data[start:w.at]})
		w.comma()
	}
	w.at++
	w.depth--
	return members
}

// value goes over one value.
func (w *walker) value() {
	switch w.data[w.at] {
	case '{':
		w.object()
	case '[':
		w.depth++
		w.at++
		for w.skipSpace(); w.data[w.at] != ']'; {
			w.value()
			w.comma()
		}
		w.at++
		w.depth--
	case '"':
		w.text()
	default: // a number, true, false or null
		w.null = w.null || w.data[w.at] == 'n'
		for w.at < len(w.data) && strings.IndexByte(",}] \t\r\n", w.data[w.at]) < 0 {
			w.at++
		}
	}
}

// comma goes on to the next element or the closing bracket.
func (w *walker) comma() {
	if w.skipSpace(); w.data[w.at] == ',' {
		w.at++
		w.skipSpace()
	}
}

// text goes over a string and returns it with its quotes.
func (w *walker) text() []byte {
	start := w.at
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.data[start:w.at]
}

// name reads the name of a member.
func (w *walker) name() string {
	raw := w.text()
	name, _ := String(raw)
	return name
}

// String returns the JSON string raw, and false if it is any other JSON value or
// empty.
func String(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// few is up to how many members are compared one by one: faster than a map.
const few = 16

// names are those of one object.
type names struct {
	fold bool
	all  map[string]bool // once there are more than few, or with fold
}

// add reports whether a name is new beside the members before it.
func (n *names) add(name string, before []Member) bool {
	if !n.fold && len(before) < few {
		for _, m := range before {
			if m.Name == name {
				return false
			}
		}
		return true
	}
	if n.all == nil {
		n.all = make(map[string]bool, len(before)+1)
		for _, m := range before {
			n.all[n.form(m.Name)] = true
		}
	}
	form := n.form(name)
	if n.all[form] {
		return false
	}
	n.all[form] = true
	return true
}

// form is what names have in common that are the same.
func (n *names) form(name string) string {
	if n.fold {
		return fold(name)
	}
	return name
}

// fold returns the same for names that [strings.EqualFold] takes for one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for { // up to the least of those that r folds to
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}
