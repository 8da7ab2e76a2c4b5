package authz

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Public vectors: RFC 7515 appendix A.1, RFC 7519 section 6.1, RFC 7520
// sections 4.4 to 4.8 (the IETF JOSE cookbook), RFC 7797 section 4.2, and the
// examples of jwt.io.
const (
	rfc7515Key   = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
	rfc7515Token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfc7519None  = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."

	cookbookKey     = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"
	cookbookHeader  = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9"
	cookbookPayload = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
	cookbook44Mac   = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"
	cookbook46Head  = "eyJhbGciOiJIUzI1NiJ9"
	cookbook46Mac   = "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20"
	cookbook47Mac   = "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk"

	rfc7797Header = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19"
	rfc7797Mac    = "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"

	jwtIOSecret    = "a-string-secret-at-least-256-bits-long"
	jwtIOToken     = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0.KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30"
	jwtIOOldSecret = "your-256-bit-secret"
	jwtIOOldToken  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)

// TestVectorsAreRight computes every vector's MAC with the standard library,
// so that a refusal below is never due to a slip in a vector.
func TestVectorsAreRight(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, signed, mac string
		key               []byte
	}{
		{"RFC 7515 A.1", rfc7515Token[:strings.LastIndexByte(rfc7515Token, '.')], rfc7515Token[strings.LastIndexByte(rfc7515Token, '.')+1:], decode(t, rfc7515Key)},
		{"RFC 7520 4.4, 4.5 and 4.8", cookbookHeader + "." + cookbookPayload, cookbook44Mac, decode(t, cookbookKey)},
		{"RFC 7520 4.6", cookbook46Head + "." + cookbookPayload, cookbook46Mac, decode(t, cookbookKey)},
		{"RFC 7520 4.7", "." + cookbookPayload, cookbook47Mac, decode(t, cookbookKey)},
		{"RFC 7797 4.2", rfc7797Header + ".$.02", rfc7797Mac, decode(t, rfc7515Key)},
		{"jwt.io", jwtIOToken[:strings.LastIndexByte(jwtIOToken, '.')], jwtIOToken[strings.LastIndexByte(jwtIOToken, '.')+1:], []byte(jwtIOSecret)},
		{"jwt.io, old", jwtIOOldToken[:strings.LastIndexByte(jwtIOOldToken, '.')], jwtIOOldToken[strings.LastIndexByte(jwtIOOldToken, '.')+1:], []byte(jwtIOOldSecret)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := segment(mac(tt.key, tt.signed)); got != tt.mac {
				t.Errorf("the vector's MAC is %s, computed %s", tt.mac, got)
			}
		})
	}
}

// TestVectorSignatures: the vectors that are valid HS256 signatures in compact
// serialization pass the signature stage, whatever their claims are.
func TestVectorSignatures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, token string
		key         []byte
	}{
		{"RFC 7515 A.1", rfc7515Token, decode(t, rfc7515Key)},
		{"RFC 7520 4.4", cookbookHeader + "." + cookbookPayload + "." + cookbook44Mac, decode(t, cookbookKey)},
		{"jwt.io", jwtIOToken, []byte(jwtIOSecret)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token, parameters, err := parseCompact(tt.token)
			if err != nil {
				t.Fatal(err)
			}
			head, err := checkHeader(parameters, "")
			if err != nil {
				t.Error(err)
			}
			if _, err := verifySignature([]Key{hmacKey(t, tt.key)}, head, token, false); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestVectorsRefused: no vector is a token for this API, each for its own
// reason. RFC 7515 A.1 has no sub, which is judged last: that it is the
// complaint at 1300819379 shows that the token is good in all else, and one
// second later it has expired.
func TestVectorsRefused(t *testing.T) {
	t.Parallel()
	jsonFlat := `{"payload":"` + cookbookPayload + `","protected":"` + cookbook46Head + `","header":{"kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"},"signature":"` + cookbook46Mac + `"}`
	jsonContentOnly := `{"payload":"` + cookbookPayload + `","header":{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"},"signature":"` + cookbook47Mac + `"}`
	jsonSeveral := `{"payload":"` + cookbookPayload + `","signatures":[{"protected":"` + cookbookHeader + `","signature":"` + cookbook44Mac + `"},{"header":{"alg":"HS256"},"signature":"` + cookbook47Mac + `"}]}`
	tests := []struct {
		name, token, key string
		now              int64
		want             error
		text             string
	}{
		{"RFC 7515 A.1 in its last second", rfc7515Token, rfc7515Key, 1300819379, ErrInvalidClaim, "invalid claim: sub: the subject is empty"},
		{"RFC 7515 A.1 expired", rfc7515Token, rfc7515Key, 1300819380, ErrExpired, "expired"},
		{"RFC 7519 6.1", rfc7519None, rfc7515Key, 1300819379, ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"RFC 7520 4.4", cookbookHeader + "." + cookbookPayload + "." + cookbook44Mac, cookbookKey, testNow, ErrMalformed, notJSONText},
		{"RFC 7520 4.5", cookbookHeader + ".." + cookbook44Mac, cookbookKey, testNow, ErrInvalidSignature, "invalid signature"},
		{"RFC 7520 4.6", jsonFlat, cookbookKey, testNow, ErrMalformed, segmentsText},
		{"RFC 7520 4.6 made compact", cookbook46Head + "." + cookbookPayload + "." + cookbook46Mac, cookbookKey, testNow, ErrMalformed, notJSONText},
		{"RFC 7520 4.7", jsonContentOnly, cookbookKey, testNow, ErrMalformed, segmentsText},
		{"RFC 7520 4.7 made compact", "." + cookbookPayload + "." + cookbook47Mac, cookbookKey, testNow, ErrMalformed, notJSONText},
		{"RFC 7520 4.8", jsonSeveral, cookbookKey, testNow, ErrMalformed, segmentsText},
		{"RFC 7797 4.2", rfc7797Header + ".." + rfc7797Mac, rfc7515Key, testNow, ErrMalformed, headerText},
		{"RFC 7797 4.2 attached", rfc7797Header + ".$.02." + rfc7797Mac, rfc7515Key, testNow, ErrMalformed, segmentsText},
		{"jwt.io", jwtIOToken, segment(jwtIOSecret), testNow, ErrInvalidClaim, "invalid claim: exp is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newJWT(t, func(c *JWTConfig) {
				c.Keys, c.Now = StaticKeys{hmacKey(t, decode(t, tt.key))}, at(tt.now)
			})
			checkRefused(t, v, tt.token, tt.want, tt.text)
		})
	}
}

// TestVectorOldSecret: the 19-byte secret of jwt.io's old example makes no key.
func TestVectorOldSecret(t *testing.T) {
	t.Parallel()
	_, err := NewHMACKey(HS256, "", []byte(jwtIOOldSecret))
	const want = "misconfigured: the secret has 19 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"
	if text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
