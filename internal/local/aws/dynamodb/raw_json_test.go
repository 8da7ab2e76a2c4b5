package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// FuzzRawJSON reads any JSON as encoding/json does.
func FuzzRawJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : [ 1 , {"b":"]}"} ] , "c\"\\" :null,"é":"\ud800"}`, `[]`, `[ "a" ,[[]],-1.5e3,true ]`, `"\u0041"`, "\"\xff\"", `{"a":1,"a":2}`, `0`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var whole json.RawMessage // without the space around it, as an UnmarshalJSON gets it
		if json.Unmarshal([]byte(text), &whole) != nil {
			return
		}
		var members map[string]json.RawMessage
		var elements []json.RawMessage
		var want string
		switch whole[0] {
		case '{':
			got := map[string]json.RawMessage{}
			_ = eachMember(whole, func(name string, raw []byte) error {
				got[name] = raw
				return nil
			})
			if err := json.Unmarshal(whole, &members); err != nil || !maps.EqualFunc(got, members, equalJSON) {
				t.Errorf("%q: members %q, want %q, %v", text, got, members, err)
			}
		case '[':
			var got []json.RawMessage
			_ = eachElement(whole, func(raw []byte) error {
				got = append(got, raw)
				return nil
			})
			if err := json.Unmarshal(whole, &elements); err != nil || !slices.EqualFunc(got, elements, equalJSON) {
				t.Errorf("%q: elements %q, want %q, %v", text, got, elements, err)
			}
		default:
			got, ok := unquote(whole)
			if err := json.Unmarshal(whole, &want); ok && (err != nil || got != want) || !ok && err == nil && string(whole) != "null" {
				t.Errorf("%q: %q %t, want %q, %v", text, got, ok, want, err)
			}
		}
	})
}

func equalJSON(a, b json.RawMessage) bool { return string(a) == string(b) }

// FuzzScalar writes any string as encoding/json does.
func FuzzScalar(f *testing.F) {
	for _, text := range []string{"", "plain", "<&>", "\"\\", "\x00\x7f", "é\u2028", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := json.Marshal(text)
		if got := appendScalar(nil, "S", text); err != nil || string(got) != string(want) {
			t.Errorf("%q: %s, want %s, %v", text, got, want, err)
		}
	})
}
