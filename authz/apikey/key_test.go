package apikey

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Made with another implementation of base 62 (Python's integers) from the 32
// bytes 0, 1, 2 … 31 and from 32 bytes of 255. They open nothing anywhere.
const (
	exampleKey = "pha_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0RJfVy"
	largestKey = "pha_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12u0T9e"
)

// reference is the format by big integers.
func reference(prefix string, random []byte) string {
	digits := func(n *big.Int, width int) string {
		var s string
		for rest := new(big.Int).Set(n); len(s) < width; {
			digit := new(big.Int)
			rest.DivMod(rest, big.NewInt(62), digit)
			s = base62[digit.Int64():digit.Int64()+1] + s
		}
		return s
	}
	value := prefix + "_" + digits(new(big.Int).SetBytes(random), 43)
	return value + digits(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(value)))), 6)
}

func TestChecklist11Format(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		key, err := Generate("acme2")
		if err != nil {
			t.Fatal(err)
		}
		text := key.Reveal()
		if len(text) != len("acme2_")+49 || !strings.HasPrefix(text, "acme2_") || strings.Trim(text[6:], base62) != "" || seen[text] {
			t.Fatal("not a new key of the format")
		}
		seen[text] = true
		parsed, err := Parse("acme2", text)
		if err != nil || parsed.Digest() != key.Digest() || parsed.Reveal() != text {
			t.Fatalf("a generated key is not accepted: %v", err)
		}
		if key.Start() != text[:6+8] || key.String() != text[:6+8]+"[redacted]" {
			t.Error("the start is not the prefix and 8 characters")
		}
		id := key.Digest().CredentialID()
		if id != "key_"+key.Digest().String()[:16] || authz.CheckCredentialID(id) != nil {
			t.Errorf("got credential id %q", id)
		}
	}
}

func TestChecklist11Vectors(t *testing.T) {
	t.Parallel()
	counting := make([]byte, 32)
	for i := range counting {
		counting[i] = byte(i)
	}
	for want, random := range map[string][]byte{exampleKey: counting, largestKey: []byte(strings.Repeat("\xff", 32))} {
		if got := reference("pha", random); got != want {
			t.Errorf("the reference says %s, want %s", got, want)
		}
		if got := "pha_" + encode(random, randomWidth); got+checksum(got) != want {
			t.Errorf("got %s, want %s", got+checksum(got), want)
		}
		if _, err := Parse("pha", want); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
	// One more than the largest, with the right checksum.
	above := "pha_" + maxRandom[:42] + string(base62[strings.IndexByte(base62, maxRandom[42])+1])
	if _, err := Parse("pha", above+checksum(above)); fmt.Sprint(err) != "malformed credential: the API key's random part is not 32 bytes in base 62" {
		t.Errorf("got %v", err)
	}
}

// TestChecklist11ChecksumFindsEveryTypo: of a key with one character changed,
// dropped, doubled or swapped with the next none is accepted.
func TestChecklist11ChecksumFindsEveryTypo(t *testing.T) {
	t.Parallel()
	refused := func(text string) {
		t.Helper()
		if text == exampleKey {
			return
		}
		_, err := Parse("pha", text)
		if !errors.Is(err, authz.ErrMalformed) && !errors.Is(err, authz.ErrNotApplicable) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for i := range exampleKey {
		for c := range 256 {
			refused(exampleKey[:i] + string([]byte{byte(c)}) + exampleKey[i+1:])
		}
		refused(exampleKey[:i] + exampleKey[i+1:])
		refused(exampleKey[:i] + exampleKey[i:i+1] + exampleKey[i:])
		if i > 0 {
			refused(exampleKey[:i-1] + exampleKey[i:i+1] + exampleKey[i-1:i] + exampleKey[i+1:])
		}
	}
}

func TestChecklist11ParseErrors(t *testing.T) {
	t.Parallel()
	badDigits := "pha_" + strings.Repeat("-", 43)
	tests := []struct{ name, text, want string }{
		{"empty", "", "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"another prefix", "sk_" + exampleKey[4:], "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"a longer prefix", "phab" + exampleKey[3:], "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"prefix in upper case", "PHA" + exampleKey[3:], "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"a token", "eyJhbGciOiJIUzI1NiJ9.e30.x", "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"nothing behind the prefix", "pha_", "malformed credential: the API key is not 53 characters long"},
		{"space in front", " " + exampleKey, "credential of another kind: it does not begin with the prefix of this API's keys"},
		{"newline behind", exampleKey + "\n", "malformed credential: the API key is not 53 characters long"},
		{"checksum of another case", strings.ToLower(exampleKey), "malformed credential: the API key's checksum is wrong"},
		{"digits of another alphabet", badDigits + checksum(badDigits), "malformed credential: the API key's random part is not 32 bytes in base 62"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if key, err := Parse("pha", tt.text); fmt.Sprint(err) != tt.want || key != (Key{}) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "a", "abcdefghijklmnopq", "Pha", "p_a", "p-a", "phä", "pha_"} {
		want := fmt.Sprintf("misconfigured: the prefix of API keys is %q, allowed are 2 to 16 lower-case letters and digits", prefix)
		if _, err := Generate(prefix); fmt.Sprint(err) != want || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("%q: got %v", prefix, err)
		}
	}
	for _, prefix := range []string{"ab", "42", "abcdefghijklmnop"} {
		if _, err := Generate(prefix); err != nil {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// TestChecklist7KeyIsNeverPrinted prints a key in every way there is.
func TestChecklist7KeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	key, err := Parse("pha", exampleKey)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	holder := struct{ k Key }{key}
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("key", "key", key, "holder", holder)
	marshalled, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb+verb, key, &key, holder)
	}
	fmt.Fprint(&log, string(marshalled))
	if strings.Contains(log.String(), exampleKey[4+8:]) || strings.Contains(log.String(), fmt.Sprintf("%x", exampleKey)[24:]) {
		t.Error("a key is printed")
	}
	if !strings.Contains(string(marshalled), exampleKey[:12]+"[redacted]") {
		t.Errorf("got %s", marshalled)
	}
}

func TestParseDigest(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0123456789abcdef", 4)
	if d, err := parseDigest(good); err != nil || d.String() != good {
		t.Errorf("got %v, %v", d, err)
	}
	for _, bad := range []string{"", good[:62], good + "00", strings.ToUpper(good), "g" + good[1:]} {
		if _, err := parseDigest(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// TestMayBeKey: no key and no long part of one is ever printed; what names a key
// is.
func TestMayBeKey(t *testing.T) {
	t.Parallel()
	longPrefix, err := Generate("abcdefghijklmno6")
	if err != nil {
		t.Fatal(err)
	}
	known, err := Parse("pha", exampleKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{exampleKey, exampleKey[:40], exampleKey[:13], exampleKey[4:], longPrefix.Reveal(), exampleKey + " ", strings.ToUpper(known.Digest().String())} {
		if !MayBeKey(text) {
			t.Errorf("%.12s… of %d bytes would be printed", text, len(text))
		}
	}
	for _, text := range []string{known.Start(), longPrefix.Start(), known.Digest().CredentialID(), known.Digest().String(), "", "list", "key_1", "note", "a_b", "my_old-key-of-2019"} {
		if MayBeKey(text) {
			t.Errorf("%q would not be printed", text)
		}
	}
}
