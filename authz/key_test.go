package authz

import (
	"errors"
	"strings"
	"testing"
)

func TestParseSecret(t *testing.T) {
	t.Parallel()
	const notBase64 = `misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`
	const almost = `misconfigured: the secret does not begin with "base64:", but with something that looks like it; write that in lower case, with nothing before it`
	const mark = "misconfigured: the secret begins with a byte order mark, which an editor has put there; write it without"
	tests := []struct {
		name, value, want, text string
	}{
		{name: "raw", value: "s3cret", want: "s3cret"},
		{name: "raw, LF at the end", value: "s3cret\n", want: "s3cret"},
		{name: "raw, CRLF at the end", value: "s3cret\r\n", want: "s3cret"},
		{name: "raw, only one newline is cut", value: "s3cret\n\n", want: "s3cret\n"},
		{name: "raw, a lone CR stays", value: "s3cret\r", want: "s3cret\r"},
		{name: "raw, spaces stay", value: " s3cret ", want: " s3cret "},
		{name: "raw, looks like base64", value: "czNjcmV0", want: "czNjcmV0"},
		{name: "raw, prefix later on", value: "s3cret base64:czNjcmV0", want: "s3cret base64:czNjcmV0"},
		{name: "prefix in another case", value: "Base64:czNjcmV0", text: almost},
		{name: "prefix after a space", value: " base64:czNjcmV0", text: almost},
		{name: "prefix after a newline", value: "\nbase64:czNjcmV0", text: almost},
		{name: "prefix in quotes", value: `"base64:czNjcmV0"`, text: almost},
		{name: "byte order mark", value: "\ufeffbase64:czNjcmV0", text: mark},
		{name: "raw, byte order mark", value: "\ufeffs3cret", text: mark},
		{name: "empty", value: "", want: ""},
		{name: "base64", value: "base64:czNjcmV0", want: "s3cret"},
		{name: "base64 of any bytes", value: "base64:/+8=\n", want: "\xff\xef"},
		{name: "base64, newline inside", value: "base64:czNj\ncmV0", text: notBase64},
		{name: "base64, two newlines", value: "base64:czNjcmV0\n\n", text: notBase64},
		{name: "base64 without padding", value: "base64:/+8", text: notBase64},
		{name: "base64 of the URL alphabet", value: "base64:_-8=", text: notBase64},
		{name: "base64 with unused bits", value: "base64:/+9=", text: notBase64},
		{name: "not base64", value: "base64:what?", text: notBase64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseSecret(tt.value)
			if string(got) != tt.want || text(err) != tt.text {
				t.Errorf("got %q, error %q; want %q, error %q", got, text(err), tt.want, tt.text)
			}
			if err != nil && !errors.Is(err, ErrMisconfigured) {
				t.Errorf("%v is not %v", err, ErrMisconfigured)
			}
		})
	}
}

func TestNewHMACKey(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 31} {
		if _, err := NewHMACKey(HS256, "", make([]byte, size)); !errors.Is(err, ErrMisconfigured) {
			t.Errorf("%d bytes: got %v, want %v", size, err, ErrMisconfigured)
		}
	}
	secret := []byte(strings.Repeat("a", 32))
	key := hmacKey(t, secret)
	secret[0] = 'b'
	if got, _ := key.HMACSecret(); got[0] != 'a' {
		t.Error("the key changes with the caller's slice")
	}
}

// newTestKey has the same secret for every algorithm and id.
func newTestKey(t *testing.T, algorithm Algorithm, id string) Key {
	t.Helper()
	key, err := NewHMACKey(algorithm, id, []byte(strings.Repeat("a", 64)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeysEqual(t *testing.T) {
	t.Parallel()
	long := hmacKey(t, []byte(strings.Repeat("a", 64)))
	for name, tt := range map[string]struct {
		a, b Key
		want bool
	}{
		"same":            {hmacKey(t, testSecret), hmacKey(t, testSecret), true},
		"other":           {hmacKey(t, testSecret), hmacKey(t, []byte(strings.Repeat("a", 32))), false},
		"other length":    {long, hmacKey(t, []byte(strings.Repeat("a", 32))), false},
		"other id":        {newTestKey(t, HS384, "a"), newTestKey(t, HS384, "b"), false},
		"other algorithm": {newTestKey(t, HS384, "a"), newTestKey(t, HS256, "a"), false},
		"same id":         {newTestKey(t, HS384, "a"), newTestKey(t, HS384, "a"), true},
		"zero":            {Key{}, hmacKey(t, testSecret), false},
	} {
		if got := tt.a.Equal(tt.b); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
