package httpsig

import (
	"encoding/base64"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// RFC 9421 appendix B.2.5: the test request of section B.2, signed with the
// shared secret of section B.1.5.
const (
	b25Secret    = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
	b25Params    = `("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`
	b25Signature = ":pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"
)

var b25Request = authz.Request{
	Method: "POST", Path: "/foo", RawQuery: "param=Value&Pet=dog", Host: "example.com",
	Headers: map[string]string{
		"host":            "example.com",
		"date":            "Tue, 20 Apr 2021 02:07:55 GMT",
		"content-type":    "application/json",
		"content-digest":  "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
		"content-length":  "18",
		"signature-input": "sig-b25=" + b25Params,
		"signature":       "sig-b25=" + b25Signature,
	},
}

// TestRFC9421B25 checks base and MAC against the vector, byte by byte.
func TestRFC9421B25(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString(b25Secret)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"date": b25Request.Headers["date"], "@authority": "example.com", "content-type": "application/json"}
	base := signatureBase([]string{"date", "@authority", "content-type"}, func(c string) string { return values[c] }, b25Params)
	const want = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\"@signature-params\": " + b25Params
	if string(base) != want {
		t.Errorf("got base %q, want %q", base, want)
	}
	if got := formatBytes(macOf(secret, base)); got != b25Signature {
		t.Errorf("got signature %q, want %q", got, b25Signature)
	}
	if got, err := parseSignature(b25Request.Headers["signature"], "sig-b25"); err != nil || formatBytes(got) != b25Signature {
		t.Errorf("got signature %q, %v", got, err)
	}
}

// TestRFC9421B25IsOutsideTheProfile: the vector's signature is good, and
// refused for what it leaves out. Each step mends the reason of the one before,
// with the vector's key, until nothing is left to refuse.
func TestRFC9421B25IsOutsideTheProfile(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString(b25Secret)
	if err != nil {
		t.Fatal(err)
	}
	const (
		created = `;created=1618884473`
		keyID   = `;keyid="test-shared-secret"`
		nonce   = `;nonce="b3k2pp5k7z-50gnwp.yemd"`
	)
	tests := []struct{ name, params, err string }{
		{"as it is", b25Params, "malformed credential: Signature-Input has a component other than @method, @path, @query, @authority and content-digest"},
		{"without other headers", `("@authority")` + created + keyID, "malformed credential: Signature-Input lacks the component @method"},
		{"with @method", `("@authority" "@method")` + created + keyID, "malformed credential: Signature-Input lacks the component @path"},
		{"with @path", `("@authority" "@method" "@path")` + created + keyID, "malformed credential: Signature-Input lacks the component @query"},
		{"with @query", `("@authority" "@method" "@path" "@query")` + created + keyID, "malformed credential: Signature-Input lacks the parameter nonce"},
		{"with section B.2.1's nonce", `("@authority" "@method" "@path" "@query")` + created + keyID + nonce, "malformed credential: the parameter nonce is not 16 to 64 quoted letters, digits, hyphens and underscores"},
		{"with a nonce", `("@authority" "@method" "@path" "@query")` + created + keyID + `;nonce="` + testNonce + `"`, "malformed credential: the request has the header Content-Digest, but the signature does not cover it"},
		{"with the digest", `("@authority" "@method" "@path" "@query" "content-digest")` + created + keyID + `;nonce="` + testNonce + `"`, "expired: the signature is too old"},
		{"now", `("@authority" "@method" "@path" "@query" "content-digest");created=1760000000` + keyID + `;nonce="` + testNonce + `"`, ""},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := b25Request
			if i > 0 {
				r = resign(r, secret, "sig-b25", tt.params)
			}
			v, _ := newVerifier(t, func(c *Config) {
				c.Keys = authz.StaticKeys{newKey(t, authz.HS256, "test-shared-secret", secret)}
			})
			if _, err := authenticate(t.Context(), v, r); text(err) != tt.err {
				t.Errorf("got %q, want %q", text(err), tt.err)
			}
		})
	}
}

// TestRFC9421Components: the values of RFC 9421 sections 2.2.1, 2.2.3, 2.2.6
// and 2.2.7, and of appendix B.2.
func TestRFC9421Components(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, component, want string }{
		{"2.2.1", "@method", "POST"},
		{"2.2.3", "@authority", "www.example.com"},
		{"2.2.6", "@path", "/path"},
		{"2.2.7", "@query", "?param=value&foo=bar&baz=batman"},
	}
	m := message{method: "POST", path: "/path", query: "param=value&foo=bar&baz=batman", authority: canonicalAuthority("WWW.Example.COM:443", "https")}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := m.value(tt.component); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := (message{}).value("@query"); got != "?" {
		t.Errorf("without a query string: got %q", got)
	}
	// Appendix B.2 gives both digests of its body; the other is in the test of
	// CheckContentDigest.
	if got := contentDigest([]byte(`{"hello": "world"}`)); got != "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" {
		t.Errorf("got digest %q", got)
	}
}
