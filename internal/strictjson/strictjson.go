// Package strictjson finds in JSON what encoding/json lets pass: names of members
// that are there twice, of which it takes the last, and nulls, for which it
// leaves a value as it was. What to make of them is the caller's business.
package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// Inspect reports whether a JSON value is or has a null, and whether an object in
// it, at any depth, names a member twice. Names are the same for which same
// returns the same: [Exact] or [Fold]. Of what is no JSON both are reported.
func Inspect(raw []byte, same func(name string) string) (null, repeated bool) {
	if !json.Valid(raw) {
		return true, true
	}
	tokens := json.NewDecoder(bytes.NewReader(raw))
	tokens.UseNumber() // one that is out of range ends a Decoder without
	return inspect(tokens, same)
}

// inspect reads one value of valid JSON.
func inspect(tokens *json.Decoder, same func(string) string) (null, repeated bool) {
	first, _ := tokens.Token()
	if first != json.Delim('{') && first != json.Delim('[') {
		return first == nil, false
	}
	names := map[string]bool{}
	for tokens.More() {
		if first == json.Delim('{') {
			token, _ := tokens.Token()
			name, _ := token.(string)
			name = same(name)
			repeated = repeated || names[name]
			names[name] = true
		}
		n, r := inspect(tokens, same)
		null, repeated = null || n, repeated || r
	}
	_, _ = tokens.Token() // the closing bracket
	return null, repeated
}

// Exact tells names apart as they are.
func Exact(name string) string { return name }

// Fold returns the same for names that [strings.EqualFold] takes for one, as
// encoding/json does for the fields of a struct.
func Fold(name string) string {
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
