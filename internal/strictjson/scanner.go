package strictjson

import (
	"strings"
	"unicode"
)

// maxDepth is how deep arrays and objects may stand in each other: as deep as
// encoding/json lets them, which would run out of stack otherwise.
const maxDepth = 10_000

// few is up to how many members of an object are compared one by one: faster than a
// map.
const few = 16

// scanner goes once over a text, and finds out whether it is JSON (RFC 8259) while it
// reads it. Its methods return false where it is not.
type scanner struct {
	text     string
	at       int
	depth    int
	in       string // the member of the outermost object
	fold     bool   // names that differ in case only are the same
	null     bool
	repeated *RepeatedError // the first
	pairs    []Pair         // of the outermost value, if that is an object
	names    []string       // of the other objects around the place, one's after the other's
}

// all reads the text, which has to be one value, and reports whether that is an object.
func (s *scanner) all() (object, ok bool) {
	s.skipSpace()
	object = s.next() == '{'
	if !s.value() {
		return false, false
	}
	s.skipSpace()
	return object, s.at == len(s.text)
}

// next returns the byte at the place, 0 at the end of the text, where no byte of JSON
// is that.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// value reads the value that begins at the place.
func (s *scanner) value() bool {
	switch s.next() {
	case '"':
		return s.quoted()
	case '{':
		return s.object()
	case '[':
		return s.array()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		s.null = true
		return s.literal("null")
	}
	return s.number()
}

func (s *scanner) object() bool {
	if s.depth++; s.depth > maxDepth {
		return false
	}
	outermost, first := s.depth == 1, len(s.names)
	var many map[string]bool
	for more := s.open('}'); more; {
		start := s.at
		if s.next() != '"' || !s.quoted() {
			return false
		}
		name, _ := Unquote(s.text[start:s.at])
		if many = s.add(name, first, many); outermost {
			s.in = name
		} else {
			s.names = append(s.names, name)
		}
		if s.skipSpace(); s.next() != ':' {
			return false
		}
		s.at++
		s.skipSpace()
		start = s.at
		if !s.value() {
			return false
		}
		if outermost {
			s.pairs = append(s.pairs, Pair{name, s.text[start:s.at], start})
			s.in = ""
		}
		var ok bool
		if more, ok = s.comma('}'); !ok {
			return false
		}
	}
	s.names = s.names[:first]
	s.depth--
	return true
}

func (s *scanner) array() bool {
	if s.depth++; s.depth > maxDepth {
		return false
	}
	for more := s.open(']'); more; {
		if !s.value() {
			return false
		}
		var ok bool
		if more, ok = s.comma(']'); !ok {
			return false
		}
	}
	s.depth--
	return true
}

// open reads the bracket at the place, and reports whether something other than the
// closing one follows, which it reads too.
func (s *scanner) open(closing byte) (more bool) {
	s.at++
	if s.skipSpace(); s.next() == closing {
		s.at++
		return false
	}
	return true
}

// comma reads what stands behind an element: a comma, after which there has to be
// one more, or the closing bracket.
func (s *scanner) comma(closing byte) (more, ok bool) {
	s.skipSpace()
	next := s.next()
	s.at++
	switch next {
	case ',':
		s.skipSpace()
		return true, true
	case closing:
		return false, true
	}
	return false, false
}

// add notes a name of an object, which is the outermost, or else one whose names begin
// at first. The map has them once they are many.
func (s *scanner) add(name string, first int, many map[string]bool) map[string]bool {
	count := len(s.names) - first
	if s.depth == 1 {
		count = len(s.pairs)
	}
	nth := func(i int) string {
		if s.depth == 1 {
			return s.pairs[i].Name
		}
		return s.names[first+i]
	}
	twice := false
	if count < few {
		for i := 0; i < count && !twice; i++ {
			twice = nth(i) == name || s.fold && strings.EqualFold(nth(i), name)
		}
	} else {
		if many == nil {
			many = make(map[string]bool, 2*count)
			for i := range count {
				many[s.form(nth(i))] = true
			}
		}
		form := s.form(name)
		twice = many[form]
		many[form] = true
	}
	if twice && s.repeated == nil {
		s.repeated = &RepeatedError{Name: name, In: s.in}
	}
	return many
}

// form is what names have in common that are the same.
func (s *scanner) form(name string) string {
	if s.fold {
		return fold(name)
	}
	return name
}

// quoted reads a string.
func (s *scanner) quoted() bool {
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			i++
			if i == len(s.text) {
				return false
			}
			switch s.text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(s.text) || !isHex(s.text[i+1:i+5]) {
					return false
				}
				i += 4
			default:
				return false
			}
		}
	}
	return false
}

func isHex(digits string) bool {
	for i := range len(digits) {
		if c := digits[i]; !isDigit(c) && ('a' > c || c > 'f') && ('A' > c || c > 'F') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) literal(word string) bool {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

// number reads a number: a whole one without zeros in front, a fraction, an exponent.
func (s *scanner) number() bool {
	if s.next() == '-' {
		s.at++
	}
	if s.next() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.next() == '.' {
		if s.at++; !s.digits() {
			return false
		}
	}
	if c := s.next(); c == 'e' || c == 'E' {
		s.at++
		if c = s.next(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits reads at least one digit.
func (s *scanner) digits() bool {
	start := s.at
	for isDigit(s.next()) {
		s.at++
	}
	return s.at > start
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
