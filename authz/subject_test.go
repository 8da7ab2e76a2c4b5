package authz

import (
	"fmt"
	"testing"
)

// TestCheckSubject: subjects that differ look different.
func TestCheckSubject(t *testing.T) {
	t.Parallel()
	const (
		invisibleText = "the subject has a character that is not printable"
		formText      = "the subject is not in normalization form C (NFC)"
	)
	for _, tt := range []struct{ subject, text string }{
		{"alice", ""}, {"Zoë", ""}, {"李", ""}, {"각", ""}, {"বাংলা", ""}, {"q\u0307", ""}, {"👩", ""},
		{"alice\u034f", invisibleText},   // combining grapheme joiner
		{"alice\u115f", invisibleText},   // Hangul fillers
		{"alice\u1160", invisibleText},   //
		{"alice\u3164", invisibleText},   //
		{"alice\uffa0", invisibleText},   //
		{"alice\u17b4", invisibleText},   // Khmer inherent vowels
		{"alice\u17b5", invisibleText},   //
		{"alice\u180b", invisibleText},   // Mongolian variation selectors
		{"alice\u180f", invisibleText},   //
		{"alice\ufe00", invisibleText},   // variation selectors
		{"alice\ufe0f", invisibleText},   //
		{"a\U000e0100", invisibleText},   //
		{"a\U000e01ef", invisibleText},   //
		{"a\U000e0001", invisibleText},   // language tag
		{"alice\u2065", invisibleText},   // not assigned, and ignorable when it is
		{"a\U000e0fff", invisibleText},   //
		{"alice\u2800", invisibleText},   // blank of Braille
		{"a\U00016fe4", invisibleText},   // filler of Khitan
		{"a\U0001d159", invisibleText},   // null note head
		{"al\u200bice", invisibleText},   // zero width space
		{"al\u00adice", invisibleText},   // soft hyphen
		{"al\u2060ice", invisibleText},   // word joiner
		{"\ufeffalice", invisibleText},   // byte order mark
		{"al\u202eice", invisibleText},   // right-to-left override
		{"Zoe\u0308", formText},          // e and a diaeresis
		{"\u212bngstrom", formText},      // ANGSTROM SIGN is Å
		{"\u1100\u1161\u11a8", formText}, // 각 in three letters
		{"\uf900", formText},             // a compatibility ideograph with a canonical form
		{"q\u0323\u0307", ""},            // marks in their order
		{"q\u0307\u0323", formText},      // and in another
		{"\u0958", formText},             // composition exclusion
		{"\u09c7\u09be", formText},       // Bengali O in two
	} {
		t.Run(fmt.Sprintf("%+q", tt.subject), func(t *testing.T) {
			t.Parallel()
			if err := CheckSubject(tt.subject); text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}
