package httpsig

import (
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestChecklist12AcceptsProfile: all that the profile leaves to the client.
func TestChecklist12AcceptsProfile(t *testing.T) {
	t.Parallel()
	get := authz.Request{Method: "GET", Path: "/events", RawQuery: "limit=5", Host: testHost, Headers: map[string]string{}}
	post := get
	post.Headers = map[string]string{"content-digest": testDigest, "content-length": "2"}
	tests := []struct {
		name, label, params string
		r                   authz.Request
	}{
		{"no body", "sig1", covered + parameters, get},
		{"body", "sig1", withDigest + parameters, post},
		{"any order", "sig1", `("@query" "@authority" "@path" "@method");nonce="` + testNonce + `";keyid="partner-1";created=1760000000`, get},
		{"alg", "sig1", covered + parameters + `;alg="hmac-sha256"`, get},
		{"expires", "sig1", covered + parameters + `;expires=1760000061`, get},
		{"label", "*my-label_1.x", covered + parameters, get},
		{"content-length 0", "sig1", covered + parameters, with(get, "content-length", "0")},
		{"a digest without content-length", "sig1", withDigest + parameters, with(get, "content-digest", testDigest)},
		{"both digests", "sig1", withDigest + parameters, with(get, "content-digest", testDigest+", "+sha512Digest)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, _ := newVerifier(t, nil)
			if _, err := authenticate(t.Context(), v, resign(tt.r, testSecret, tt.label, tt.params)); err != nil {
				t.Error(err)
			}
		})
	}
}

const sha512Digest = "sha-512=:J8dGcK23UHX60FjVzq97IMTneGyDuuijL2Jvl4KvNMmjPCBG72D9Knh403jin+yFGAa72aZ4ePOp8c2kgwdj/Q==:"

func with(r authz.Request, header, value string) authz.Request {
	headers := map[string]string{header: value}
	for name, v := range r.Headers {
		if name != header {
			headers[name] = v
		}
	}
	r.Headers = headers
	return r
}

// TestChecklist12Refuses: every request here is signed with the right key over
// just what it says, and refused for its reason alone, before the store is
// asked.
func TestChecklist12Refuses(t *testing.T) {
	t.Parallel()
	get := authz.Request{Method: "GET", Path: "/events", RawQuery: "limit=5", Host: testHost, Headers: map[string]string{"date": "Tue, 20 Apr 2021 02:07:55 GMT"}}
	const (
		list      = "malformed credential: Signature-Input has no list of components in parentheses"
		quoted    = "malformed credential: Signature-Input has a component that is not a quoted name, or has parameters"
		other     = "malformed credential: Signature-Input has a component other than @method, @path, @query, @authority and content-digest"
		created   = "malformed credential: the parameter created is not a whole number of seconds since the Unix epoch"
		nonce     = "malformed credential: the parameter nonce is not 16 to 64 quoted letters, digits, hyphens and underscores"
		keyID     = "malformed credential: the parameter keyid is not a quoted key id"
		unknown   = "malformed credential: Signature-Input has a parameter other than created, expires, keyid, nonce and alg"
		several   = "malformed credential: Signature-Input has a comma, so it is more than one signature"
		algorithm = `unsupported algorithm: the parameter alg is not "hmac-sha256"`
	)
	param := func(name, value string) string {
		out := covered
		for p := range strings.SplitSeq(parameters[1:], ";") {
			n, _, _ := strings.Cut(p, "=")
			if n == name {
				p = name + "=" + value
			}
			out += ";" + p
		}
		return out
	}
	tests := []struct{ name, params, err string }{
		{"no @method", `("@path" "@query" "@authority")` + parameters, "malformed credential: Signature-Input lacks the component @method"},
		{"no @path", `("@method" "@query" "@authority")` + parameters, "malformed credential: Signature-Input lacks the component @path"},
		{"no @query", `("@method" "@path" "@authority")` + parameters, "malformed credential: Signature-Input lacks the component @query"},
		{"no @authority", `("@method" "@path" "@query")` + parameters, "malformed credential: Signature-Input lacks the component @authority"},
		{"component twice", `("@method" "@path" "@query" "@authority" "@path")` + parameters, "malformed credential: Signature-Input has the component @path twice"},
		{"another header", `("@method" "@path" "@query" "@authority" "date")` + parameters, other},
		{"another derived component", `("@method" "@path" "@query" "@authority" "@target-uri")` + parameters, other},
		{"one for responses", `("@method" "@path" "@query" "@authority" "@status")` + parameters, other},
		{"@signature-params", `("@method" "@path" "@query" "@authority" "@signature-params")` + parameters, other},
		{"component in capitals", `("@method" "@path" "@query" "@authority" "Date")` + parameters, other},
		{"component with parameters", `("@method" "@path" "@query";req "@authority")` + parameters, quoted},
		{"@query-param", `("@method" "@path" "@query" "@authority" "@query-param";name="limit")` + parameters, quoted},
		{"digest with tr", `("@method" "@path" "@query" "@authority" "content-digest";tr)` + parameters, quoted},
		{"token as a component", `(@method "@path" "@query" "@authority")` + parameters, quoted},
		{"two spaces", `("@method"  "@path" "@query" "@authority")` + parameters, quoted},
		{"space in front", `( "@method" "@path" "@query" "@authority")` + parameters, quoted},
		{"tab", "(\"@method\"\t\"@path\" \"@query\" \"@authority\")" + parameters, quoted},
		{"no components", `()` + parameters, quoted},
		{"no list", `"@method"` + parameters, list},
		{"list not closed", `("@method" "@path" "@query" "@authority"`, list},
		{"digest covered but not sent", withDigest + parameters, "malformed credential: the signature covers Content-Digest, but the request has no such header"},

		{"no parameters", covered, "malformed credential: Signature-Input has no parameters after its components"},
		{"space before parameters", covered + " " + parameters, "malformed credential: Signature-Input has no parameters after its components"},
		{"space in parameters", covered + strings.Replace(parameters, ";keyid", "; keyid", 1), unknown},
		{"space at the end", covered + parameters + " ", nonce},
		{"semicolon at the end", covered + parameters + ";", unknown},
		{"no created", covered + `;keyid="partner-1";nonce="` + testNonce + `"`, "malformed credential: Signature-Input lacks the parameter created"},
		{"no keyid", covered + `;created=1760000000;nonce="` + testNonce + `"`, "malformed credential: Signature-Input lacks the parameter keyid"},
		{"no nonce", covered + `;created=1760000000;keyid="partner-1"`, "malformed credential: Signature-Input lacks the parameter nonce"},
		{"tag", covered + parameters + `;tag="app"`, unknown},
		{"unknown parameter", covered + parameters + `;x=1`, unknown},
		{"parameter in capitals", covered + parameters + `;Created=1760000000`, unknown},
		{"created twice", covered + parameters + `;created=1760000000`, "malformed credential: Signature-Input has the parameter created twice"},
		{"nonce twice", covered + parameters + `;nonce="` + testNonce + `"`, "malformed credential: Signature-Input has the parameter nonce twice"},

		{"created as text", param("created", `"1760000000"`), created},
		{"created with a leading zero", param("created", "01760000000"), created},
		{"created with a sign", param("created", "+1760000000"), created},
		{"created negative", param("created", "-1760000000"), created},
		{"created 0", param("created", "0"), created},
		{"created with a fraction", param("created", "1760000000.0"), created},
		{"created with an exponent", param("created", "1e9"), created},
		{"created in milliseconds", param("created", "1760000000000"), created},
		{"created beyond integers", param("created", "99999999999999999999"), created},
		{"created empty", param("created", ""), created},
		{"created as a flag", strings.Replace(covered+parameters, "=1760000000", "", 1), created},
		{"expires before created", covered + parameters + `;expires=1759999999`, "malformed credential: Signature-Input expires before it is created"},
		{"expires with created", covered + parameters + `;expires=1760000000`, "malformed credential: Signature-Input expires before it is created"},
		{"expires 0", covered + parameters + `;expires=0`, "malformed credential: the parameter expires is not a whole number of seconds since the Unix epoch"},

		{"nonce too short", param("nonce", `"123456789012345"`), nonce},
		{"nonce too long", param("nonce", `"`+strings.Repeat("n", 65)+`"`), nonce},
		{"nonce with a number sign", param("nonce", `"1234567890123456#x"`), nonce},
		{"nonce with an escape", param("nonce", `"1234567890123456\\x"`), nonce},
		{"nonce as a number", param("nonce", "1234567890123456"), nonce},
		{"nonce as bytes", param("nonce", ":MTIzNDU2Nzg5MDEyMzQ1Ng==:"), nonce},
		{"keyid empty", param("keyid", `""`), keyID},
		{"keyid not quoted", param("keyid", `partner-1`), keyID},
		{"keyid with a number sign", param("keyid", `"partner#1"`), keyID},
		{"keyid as a path", param("keyid", `"../partner-1"`), keyID},
		{"keyid with an escape", param("keyid", `"partner\-1"`), keyID},
		{"keyid too long", param("keyid", `"`+strings.Repeat("k", 129)+`"`), keyID},
		{"another algorithm", covered + parameters + `;alg="rsa-pss-sha512"`, algorithm},
		{"alg as a token", covered + parameters + `;alg=hmac-sha256`, algorithm},
		{"alg in capitals", covered + parameters + `;alg="HMAC-SHA256"`, algorithm},

		{"a second label", covered + parameters + `, sig2=` + covered + parameters, several},
		{"a second label, joined by API Gateway", covered + parameters + `,sig1=` + covered + parameters, several},
		{"too long", covered + parameters + strings.Repeat(" ", 512), "malformed credential: Signature-Input is longer than 512 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, resign(get, testSecret, "sig1", tt.params), tt.err)
		})
	}
}

// refused checks the exact reason, and that no nonce is used.
func refused(t *testing.T, r authz.Request, want string) {
	t.Helper()
	v, store := newVerifier(t, nil)
	p, err := authenticate(t.Context(), v, r)
	if text(err) != want || p.Subject != "" {
		t.Errorf("got %v, error %q; want error %q", p, text(err), want)
	}
	if len(store.used) != 0 {
		t.Error("the nonce has been used")
	}
}

// TestChecklist12RefusesHeaders: mistakes in the two headers as a whole.
func TestChecklist12RefusesHeaders(t *testing.T) {
	t.Parallel()
	good := signed(t, testSigner(t), "GET", "/events", "")
	signature := good.Headers["signature"]
	const value = "malformed credential: Signature is not 32 bytes in base64 between colons"
	last := strings.TrimSuffix(signature, "=:")
	tests := []struct{ name, header, value, err string }{
		{"no signature", "signature", "", "malformed credential: the header Signature is missing or empty"},
		{"no input", "signature-input", "", "malformed credential: the header Signature-Input is missing or empty"},
		{"input without label", "signature-input", covered + parameters, "malformed credential: Signature-Input does not begin with a label and an equals sign"},
		{"label in capitals", "signature-input", "Sig1=" + covered + parameters, "malformed credential: Signature-Input does not begin with a label and an equals sign"},
		{"space in front", "signature-input", " sig1=" + covered + parameters, "malformed credential: Signature-Input does not begin with a label and an equals sign"},
		{"label too long", "signature-input", strings.Repeat("s", 65) + "=" + covered + parameters, "malformed credential: Signature-Input does not begin with a label and an equals sign"},
		{"no equals sign", "signature-input", "sig1", "malformed credential: Signature-Input does not begin with a label and an equals sign"},
		{"another label", "signature", strings.Replace(signature, "sig1", "sig2", 1), "malformed credential: Signature does not begin with the label of Signature-Input"},
		{"no label", "signature", strings.TrimPrefix(signature, "sig1="), "malformed credential: Signature does not begin with the label of Signature-Input"},
		{"two signatures", "signature", signature + "," + signature, "malformed credential: Signature has a comma, so it is more than one signature"},
		{"signature with parameters", "signature", signature + ";x", value},
		{"no colons", "signature", "sig1=" + strings.Trim(strings.TrimPrefix(signature, "sig1="), ":"), value},
		{"empty signature", "signature", "sig1=::", value},
		{"one colon", "signature", "sig1=:", value},
		{"short signature", "signature", "sig1=:AAAA:", value},
		{"no padding", "signature", last + ":", value},
		{"stray bits", "signature", last[:len(last)-1] + next(last[len(last)-1]) + "=:", value},
		{"line break", "signature", last + "\n=:", value},
		{"base64url", "signature", "sig1=:" + strings.Repeat("_", 43) + "=:", value},
		{"spaces", "signature", signature + " ", value},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, with(good, tt.header, tt.value), tt.err)
		})
	}
}

// next returns the next letter of the base64 alphabet, which differs in a bit
// that is not used.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return alphabet[strings.IndexByte(alphabet, c)+1:][:1]
}

func TestExtractor(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]map[string]string{"none": {}, "empty": {"signature": "", "signature-input": ""}, "another": {"authorization": "Bearer x"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := (Extractor{}).Extract(authz.Request{Headers: headers}); !errors.Is(err, authz.ErrNoCredential) {
				t.Errorf("got %v", err)
			}
		})
	}
	c, err := Extractor{}.Extract(authz.Request{Headers: map[string]string{"signature": "s", "signature-input": "i"}})
	if err != nil || c.String() != "HTTPSignature [redacted]" {
		t.Errorf("got %v, %v", c, err)
	}
}
