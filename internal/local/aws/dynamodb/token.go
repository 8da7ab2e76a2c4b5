package dynamodb

import (
	"strings"
	"unicode/utf8"
)

// token is a word, a number, a sign or a placeholder of an expression.
type token struct {
	text string
	at   int // where it begins
	// bad is whether no expression has such a token.
	bad bool
}

// lex takes an expression apart.
func lex(text string) []token {
	var out []token
	for i := 0; i < len(text); {
		if strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
			continue
		}
		n, bad := tokenLength(text[i:])
		out = append(out, token{text[i : i+n], i, bad})
		i += n
	}
	return out
}

// tokenLength returns the length of the token at the beginning of text.
func tokenLength(text string) (n int, bad bool) {
	word := func() int {
		n := 1
		for n < len(text) && (isLetter(text[n]) || isDigit(text[n]) || text[n] == '_') {
			n++
		}
		return n
	}
	switch c := text[0]; {
	case c == '#' || c == ':':
		n = word()
		return n, n == 1
	case isLetter(c):
		return word(), false
	case isDigit(c):
		for n < len(text) && isDigit(text[n]) {
			n++
		}
		return n, false
	case strings.HasPrefix(text, "<>"), strings.HasPrefix(text, "<="), strings.HasPrefix(text, ">="):
		return 2, false
	case strings.IndexByte("=<>()[],.+-", c) >= 0:
		return 1, false
	}
	_, n = utf8.DecodeRuneInString(text)
	return n, true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isDigits(s string) bool { return s != "" && isDigit(s[0]) }
