package dynamodb

import (
	"encoding/json"
	"unicode/utf8"
)

// These read JSON that encoding/json has already found valid, which is all that it
// hands to an UnmarshalJSON: for encoding/json alone each level of nesting would be
// read once more.

// eachMember calls f with the members of an object, until it fails.
func eachMember(object []byte, f func(name string, raw []byte) error) error {
	for i := space(object, 1); object[i] != '}'; {
		end := valueEnd(object, i)
		name, _ := unquote(object[i:end])
		i = space(object, space(object, end)+1) // the colon
		end = valueEnd(object, i)
		if err := f(name, object[i:end]); err != nil {
			return err
		}
		if i = space(object, end); object[i] == ',' {
			i = space(object, i+1)
		}
	}
	return nil
}

// eachElement calls f with the elements of an array, until it fails.
func eachElement(array []byte, f func(raw []byte) error) error {
	for i := space(array, 1); array[i] != ']'; {
		end := valueEnd(array, i)
		if err := f(array[i:end]); err != nil {
			return err
		}
		if i = space(array, end); array[i] == ',' {
			i = space(array, i+1)
		}
	}
	return nil
}

func space(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

// valueEnd returns where the value that begins at i ends.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i // behind a number or a word
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// unquote reads a string; ok is false for what is none.
func unquote(raw []byte) (text string, ok bool) {
	if raw[0] != '"' {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return text, json.Unmarshal(raw, &text) == nil
		}
	}
	return string(inner), true
}
