package iam

import (
	"strings"
	"testing"
)

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, value string
		want           bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "abc", true},
		{"a*c", "abcbc", true},
		{"a*c", "abcb", false},
		{"a*b*c", "aXbYc", true},
		{"?", "", false},
		{"a?c", "abc", true},
		{"a", "ab", false},
		{"*a?", "xaay", true},
		{strings.Repeat("a*", 60) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := Wildcard(tc.pattern, tc.value); got != tc.want {
			t.Errorf("%q %q: got %t", tc.pattern, tc.value, got)
		}
	}
}

func TestARNLike(t *testing.T) {
	t.Parallel()
	const api = "arn:aws:execute-api:eu-central-1:000000000000:abc123"
	tests := []struct {
		pattern, arn string
		want         bool
	}{
		{api + "/$default/GET/events", api + "/$default/GET/events", true},
		{api + "/$default/GET/events", api + "/$default/GET/event", false},
		{api + "/*/*", api + "/$default/GET/events/7", true},
		{api + "/*/*", api + "/$default", false},
		{api + "/*/GET/events/*", api + "/$default/GET/events/7/parts", true},
		{api + "/*/GET/events/*", api + "/$default/GET/events", false},
		{api + "/*/GET/events/?", api + "/$default/GET/events/7", true},
		{api + "/*/GET/events/?", api + "/$default/GET/events/77", false},
		{api + "/*/GET/events/{id}", api + "/$default/GET/events/7", false},
		{api + "/authorizers/x1", api + "/authorizers/x1", true},
		{api + "*", api, true},
		{"arn:aws:execute-api:*:*:abc123/*", api + "/x", true},
		// A wildcard stays within its part, the last one apart.
		{"arn:aws:*:abc123/x", api + "/x", false},
		{"arn:aws:lambda:r:a:*", "arn:aws:lambda:r:a:function:fn", true},
		{"arn:aws:lambda:r:a:function:?n", "arn:aws:lambda:r:a:function:fn", true},
		{"*", api, false},
		{api, "", false},
		{"arn:aws:s3:::b*", "arn:aws:s3:::bucket", true},
		{"ARN:aws:s3:::bucket", "arn:aws:s3:::bucket", false},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.arn, func(t *testing.T) {
			t.Parallel()
			if got := ARNLike(tt.pattern, tt.arn); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestWildcardIsComplete compares with a simple definition of the same.
func TestWildcardIsComplete(t *testing.T) {
	t.Parallel()
	var slow func(pattern, text string) bool
	slow = func(pattern, text string) bool {
		switch {
		case pattern == "":
			return text == ""
		case pattern[0] == '*':
			return slow(pattern[1:], text) || (text != "" && slow(pattern, text[1:]))
		}
		return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && slow(pattern[1:], text[1:])
	}
	words := func(alphabet string, length int) []string {
		all := []string{""}
		for start := 0; length > 0; length-- {
			end := len(all)
			for _, word := range all[start:end] {
				for _, c := range alphabet {
					all = append(all, word+string(c))
				}
			}
			start = end
		}
		return all
	}
	for _, pattern := range words("ab*?", 4) {
		for _, text := range words("ab", 4) {
			if got, want := Wildcard(pattern, text), slow(pattern, text); got != want {
				t.Fatalf("Wildcard(%q, %q) = %v", pattern, text, got)
			}
		}
	}
}
