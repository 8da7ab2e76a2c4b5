package authz

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// FuzzHolds: a credential stands in a value as a word of its own or not at all,
// and who knows the value knows the credential.
func FuzzHolds(f *testing.F) {
	for _, value := range []string{"", "abc", "Bearer abc", "Bearer  abc=", "session=abc; x=1", "POST /events,Bearer abc", "xabc,abc", "aaa aa", "\xffabc\xff", "é abc"} {
		for _, credential := range []string{"", "abc", "aa", "a", "abc=", "é", "input\nsignature"} {
			f.Add(value, credential)
		}
	}
	f.Fuzz(func(t *testing.T, value, credential string) {
		const letters = `A-Za-z0-9\-._~+/`
		pattern, err := regexp.Compile(`(?s)(?:^|[^` + letters + `])` + regexp.QuoteMeta(credential) + `(?:$|[^` + letters + `=])`)
		got := holds(value, credential)
		if got && (credential == "" || !strings.Contains(value, credential)) {
			t.Errorf("%q is found in %q", credential, value)
		}
		if err != nil || credential == "" || !isASCII(value) || !isASCII(credential) {
			return
		}
		if want := pattern.MatchString(value); got != want && !overlaps(value, credential) {
			t.Errorf("%q in %q: got %v, want %v", credential, value, got, want)
		}
	})
}

// overlaps reports whether a pattern that takes the characters around a match could
// miss another match behind it.
func overlaps(value, credential string) bool {
	return strings.Count(value, credential) > 1 || strings.Contains(value, credential+credential[:1])
}

// FuzzExactTime: a number of seconds is the time that exact arithmetic gives, to the
// nanosecond below it, and to a millisecond with an exponent.
func FuzzExactTime(f *testing.F) {
	for _, seed := range []string{
		"0", "0.0", "1700000000", "1700000000.25", "1700000000.0000000009", "253402300799.999999999", "1.7e9", "1.7000000005E9", "1e-5", "1e-9999999", "-0", "0.1e1",
		"0.00000000001", "170000000000000000000e-11", "253402300800", "-1", "1e400", "01", "1.", ".5", "1_0", "0x1", "NaN", "null", `"1"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || len(text) > 40 || strings.TrimSpace(text) != text {
			return
		}
		date, err := numericDate(text, "exp")
		if err != nil {
			checkDenial(t, err)
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok { // as an exponent beyond a million
			return
		}
		got := new(big.Rat).SetFrac64(date.UnixNano()/1_000, 1_000_000) // within int64 for all of the range
		if date.Year() > 2200 {
			return // UnixNano does not reach there
		}
		off := new(big.Rat).Sub(exact, got)
		if off.Abs(off).Cmp(big.NewRat(1, 1000)) > 0 {
			t.Errorf("%q is %v", text, date)
		}
		if !strings.ContainsAny(text, "eE") && off.Cmp(big.NewRat(1, 1_000_000)) > 0 {
			t.Errorf("%q is %v, more than a microsecond away", text, date)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
