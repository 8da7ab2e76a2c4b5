package events

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want, err string }{
		{name: "plain", in: "Launch", want: "Launch"},
		{name: "white space around it goes", in: "\t\u00a0 Go  night\u2003\n", want: "Go  night"},
		{name: "longest, counted in code points", in: strings.Repeat("é", 256), want: strings.Repeat("é", 256)},
		{name: "longest, white space not counted", in: " " + strings.Repeat("x", 256) + " ", want: strings.Repeat("x", 256)},
		{name: "emoji", in: "🎉", want: "🎉"},
		{name: "empty", in: "", err: `"name" is empty; allowed are 1 to 256 characters`},
		{name: "only white space", in: " \n\u3000", err: `"name" is empty; allowed are 1 to 256 characters`},
		{name: "too long", in: strings.Repeat("é", 257), err: `"name" has 257 characters; allowed are 1 to 256`},
		{name: "line break within", in: "a\nb", err: `"name" holds a control character; allowed is a single line of text`},
		{name: "NUL", in: "a\x00b", err: `"name" holds a control character; allowed is a single line of text`},
		{name: "C1 control", in: "a\u0085b", err: `"name" holds a control character; allowed is a single line of text`},
		{name: "invalid UTF-8", in: "a\xffb", err: `"name" is not valid Unicode text`},
		{name: "replacement character", in: "a\ufffdb", err: `"name" is not valid Unicode text`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseName(tt.in)
			if got != tt.want || text(err) != tt.err {
				t.Errorf("ParseName(%q) = %q, %q; want %q, %q", tt.in, got, text(err), tt.want, tt.err)
			}
		})
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"Launch", " a ", "\xff", "a\x00", "\u2028", strings.Repeat("é", 257)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := ParseName(in)
		var invalid *InvalidError
		if err != nil {
			if !errors.As(err, &invalid) || got != "" {
				t.Fatalf("ParseName(%q) = %q, %v", in, got, err)
			}
			return
		}
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > MaxNameLength || strings.ContainsAny(got, "\x00\n\r\x7f\u0085") {
			t.Fatalf("ParseName(%q) let %q through", in, got)
		}
		if again, err := ParseName(got); err != nil || again != got {
			t.Fatalf("ParseName(%q) = %q, %v; want it unchanged", got, again, err)
		}
	})
}

func TestValidID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, id string
		want     bool
	}{
		{"canonical", "01HQZX3V8KQ4T5W6Y7Z8A9B0CD", true},
		{"lower case", "01hqzx3v8kq4t5w6y7z8a9b0cd", false},
		{"letter outside Crockford's alphabet", "01HQZX3V8KQ4T5W6Y7Z8A9B0CU", false},
		{"more than 128 bits", "81HQZX3V8KQ4T5W6Y7Z8A9B0CD", false},
		{"short", "01HQZX3V8KQ4T5W6Y7Z8A9B0C", false},
		{"long", "01HQZX3V8KQ4T5W6Y7Z8A9B0CDE", false},
		{"empty", "", false},
		{"another key's text", "../EVENT#01HQZX3V8KQ4T5W6Y", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := validID(tt.id); got != tt.want {
				t.Errorf("validID(%q) = %v", tt.id, got)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
