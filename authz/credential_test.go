package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestBearerHeader(t *testing.T) {
	t.Parallel()
	const twoHeaders = "malformed credential: the header Authorization has a comma, so it may be several headers"
	const notToken68 = "malformed credential: the header Authorization has a character outside token68"
	const otherScheme = "credential of another kind: the scheme of the header Authorization is not Bearer"
	const noToken = "malformed credential: the header Authorization has no token after its scheme"
	tests := []struct {
		name, header, token string
		want                error
		text                string
	}{
		{name: "plain", header: "Bearer a.b.c", token: "a.b.c"},
		{name: "lower case", header: "bearer a", token: "a"},
		{name: "upper case", header: "BEARER a", token: "a"},
		{name: "all of token68", header: "Bearer aZ09-._~+/==", token: "aZ09-._~+/=="},
		{"empty", "", "", ErrNoCredential, "no credential: the header Authorization is missing or empty"},
		{"scheme alone", "Bearer", "", ErrMalformed, noToken},
		{"scheme and space", "Bearer ", "", ErrMalformed, noToken},
		{name: "two spaces", header: "Bearer  a", token: "a"},
		{name: "many spaces", header: "bearer" + strings.Repeat(" ", 100) + "a.b.c", token: "a.b.c"},
		{"spaces alone", "Bearer   ", "", ErrMalformed, noToken},
		{"a space and a tab", "Bearer \ta", "", ErrMalformed, notToken68},
		{"spaces within", "Bearer  a  b", "", ErrMalformed, notToken68},
		{"tab", "Bearer\ta", "", ErrNotApplicable, otherScheme},
		{"space before", " Bearer a", "", ErrNotApplicable, otherScheme},
		{"space after", "Bearer a ", "", ErrMalformed, notToken68},
		{"two words", "Bearer a b", "", ErrMalformed, notToken68},
		{"joined headers", "Bearer a,Bearer b", "", ErrMalformed, twoHeaders},
		{"comma alone", ",", "", ErrMalformed, twoHeaders},
		{"Basic and Bearer", "Basic a,Bearer b", "", ErrMalformed, twoHeaders},
		{"no scheme", "a.b.c", "", ErrNotApplicable, otherScheme},
		{"Basic", "Basic dTpw", "", ErrNotApplicable, otherScheme},
		{"longer scheme", "Bearers a", "", ErrNotApplicable, otherScheme},
		{"quoted", `Bearer "a"`, "", ErrMalformed, notToken68},
		{"parameter", "Bearer token=a", "", ErrMalformed, notToken68},
		{"equals signs only", "Bearer ==", "", ErrMalformed, notToken68},
		{"line break", "Bearer a\n", "", ErrMalformed, notToken68},
		{"beyond ASCII", "Bearer é", "", ErrMalformed, notToken68},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := BearerHeader{}.Extract(Request{Headers: map[string]string{"authorization": tt.header}})
			if !errors.Is(err, tt.want) || text(err) != tt.text {
				t.Errorf("got error %q, want %q", text(err), tt.text)
			}
			if got.Value() != tt.token {
				t.Errorf("got token %q, want %q", got.Value(), tt.token)
			}
			if err == nil && got.Scheme != BearerScheme {
				t.Errorf("got scheme %q, want %q", got.Scheme, BearerScheme)
			}
		})
	}
	t.Run("no headers", func(t *testing.T) {
		t.Parallel()
		if _, err := (BearerHeader{}).Extract(Request{}); !errors.Is(err, ErrNoCredential) {
			t.Errorf("got %v, want %v", err, ErrNoCredential)
		}
	})
}

// TestSecretsAreNotPrinted prints a credential and a key in every way that a
// program might, alone and inside other values.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	credential, key := NewCredential("Bearer", secret), hmacKey(t, []byte(secret))
	request := Request{
		Method: "POST", RouteKey: "POST /{p}", RequestID: "api-1", Path: "/" + secret, RawQuery: "t=" + secret, RouteARN: "arn/" + secret,
		Headers: map[string]string{"authorization": "Bearer " + secret, "cookie": secret}, PathParameters: map[string]string{"p": secret},
	}
	type hidden struct {
		credential Credential
		key        Key
	}
	values := []any{
		credential, &credential, key, &key, hidden{credential, key}, &hidden{credential, key},
		struct{ C, K any }{credential, key}, []Credential{credential}, StaticKeys{key}, map[string]any{"k": key, "c": credential},
		request, &request, []Request{request}, struct{ R any }{request}, map[string]any{"r": request}, fmt.Errorf("no rule for %v", request),
		JWTConfig{Keys: StaticKeys{key}}, newJWT(t, func(c *JWTConfig) { c.Keys = StaticKeys{key} }),
	}
	var out bytes.Buffer
	log, logText := slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		log.Info("x", "value", v)
		logText.Info("x", "value", v)
		// A struct with functions cannot be marshalled; what can be is looked at.
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	for name, form := range map[string]string{
		"text": secret, "hexadecimal": fmt.Sprintf("%x", secret), "upper hexadecimal": fmt.Sprintf("%X", secret),
		"decimal": "48 49 50 51", "bytes": "0x30, 0x31, 0x32",
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret is printed as %s", name)
		}
	}
	for _, want := range []string{"Bearer [redacted]", "HS256 [redacted]", `request "api-1", method "POST", route "POST /{p}"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not printed", want)
		}
	}
}

func TestZeroValuesPrint(t *testing.T) {
	t.Parallel()
	if got, want := fmt.Sprintf("%v|%v|%q", Credential{}, Key{}, Credential{}.Value()), `[redacted]|no key|""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
