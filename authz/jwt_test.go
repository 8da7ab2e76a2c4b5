package authz

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, token, subject, issuer, id string
		expires                          int64
		change                           func(*JWTConfig)
	}{
		{name: "least", token: sign(`{"alg":"HS256"}`, testClaims), subject: "usr_abc", expires: testNow + 60},
		{name: "typ in any case", token: sign(`{"alg":"HS256","typ":"jwt"}`, testClaims), subject: "usr_abc", expires: testNow + 60},
		{name: "kid and unknown parameters", token: sign(`{"alg":"HS256","kid":"k1","x":[{"x":1},{"x":2}]}`, testClaims), subject: "usr_abc", expires: testNow + 60},
		{name: "every registered claim", token: sign(testHeader, `{"iss":"i","sub":"s","aud":["a","b"],"exp":1700000001,"nbf":1700000000,"iat":1700000000,"jti":"j","admin":true}`), subject: "s", issuer: "i", id: "j", expires: testNow + 1,
			change: func(c *JWTConfig) { c.Issuer, c.AnyIssuer, c.Audience, c.AnyAudience = "i", false, "b", false }},
		{name: "fraction of a second is cut off exp", token: sign(testHeader, `{"sub":"s","exp":1700000060.999}`), subject: "s", expires: testNow + 60},
		{name: "exponent", token: sign(testHeader, `{"sub":"s","exp":1.70000006e9}`), subject: "s", expires: testNow + 60},
		{name: "last second of the range", token: sign(testHeader, `{"sub":"s","exp":253402300799}`), subject: "s", expires: 253402300799},
		{name: "nbf and iat within the leeway", token: sign(testHeader, `{"sub":"s","exp":1700000090,"nbf":1700000030,"iat":1700000030}`), subject: "s", expires: testNow + 90,
			change: func(c *JWTConfig) { c.Leeway = 30 * time.Second }},
		{name: "longest subject", token: sign(testHeader, `{"sub":"`+strings.Repeat("a", MaxSubjectBytes)+`","exp":1700000060}`), subject: strings.Repeat("a", MaxSubjectBytes), expires: testNow + 60},
		{name: "subject beyond ASCII", token: sign(testHeader, `{"sub":"Zo\u00eb 李","exp":1700000060}`), subject: "Zoë 李", expires: testNow + 60},
		{name: "jti of another form", token: sign(testHeader, `{"sub":"s","exp":1700000060,"jti":"a b"}`), subject: "s", expires: testNow + 60},
		{name: "jti with an at sign and slashes", token: sign(testHeader, `{"sub":"s","exp":1700000060,"jti":"svc@a.example/1"}`), subject: "s", id: "svc@a.example/1", expires: testNow + 60},
		{name: "expiry that Map makes earlier", token: sign(testHeader, testClaims), subject: "usr_abc", expires: testNow + 1, change: mapExpiry(testNow + 1)},
		{name: "expiry that Map makes later", token: sign(testHeader, testClaims), subject: "usr_abc", expires: testNow + 60, change: mapExpiry(testNow + 61)},
		{name: "second of two keys", token: sign(testHeader, testClaims), subject: "usr_abc", expires: testNow + 60,
			change: func(c *JWTConfig) {
				c.Keys = StaticKeys{hmacKey(t, []byte(strings.Repeat("x", 32))), hmacKey(t, testSecret)}
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var changes []func(*JWTConfig)
			if tt.change != nil {
				changes = append(changes, tt.change)
			}
			got, err := newJWT(t, changes...).Verify(t.Context(), Request{}, NewCredential(BearerScheme, tt.token))
			if err != nil {
				t.Fatal(err)
			}
			want := Principal{Identity: Identity{Subject: tt.subject, Issuer: tt.issuer, Method: "JWT", CredentialID: tt.id, ExpiresAt: time.Unix(tt.expires, 0)}, Claims: got.Claims, IssuedAt: got.IssuedAt, Digest: got.Digest}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func mapExpiry(seconds int64) func(*JWTConfig) {
	return func(c *JWTConfig) {
		c.Map = func(_ Claims, p *Principal) error { p.ExpiresAt = time.Unix(seconds, 0); return nil }
	}
}

// TestVerifyRefusesPitfalls has a case for every input that golang-jwt v5.3.1
// was measured to accept with its default options or with some option.
func TestVerifyRefusesPitfalls(t *testing.T) {
	t.Parallel()
	good := sign(testHeader, testClaims)
	tests := []struct {
		name, token string
		want        error
		text        string
	}{
		{"no exp", sign(testHeader, `{"sub":"s"}`), ErrInvalidClaim, "invalid claim: exp is missing"},
		{"crit", sign(`{"alg":"HS256","crit":["x"],"x":1}`, testClaims), ErrMalformed, headerText},
		{"b64", sign(`{"alg":"HS256","b64":false}`, testClaims), ErrMalformed, headerText},
		{"expired exp, then a good one", sign(testHeader, `{"sub":"s","exp":1,"exp":1700000060}`), ErrMalformed, twiceText},
		{"the same, the name escaped", sign(testHeader, `{"sub":"s","exp":1,"\u0065xp":1700000060}`), ErrMalformed, twiceText},
		{"EXP instead of exp", sign(testHeader, `{"sub":"s","EXP":1700000060}`), ErrInvalidClaim, "invalid claim: a registered claim is written in another case"},
		{"Exp beside exp", sign(testHeader, `{"sub":"s","exp":1,"Exp":1700000060}`), ErrInvalidClaim, "invalid claim: a registered claim is written in another case"},
		{"sub with a letter that folds to s", sign(testHeader, `{"ſub":"s","exp":1700000060}`), ErrInvalidClaim, "invalid claim: a registered claim is written in another case"},
		{"exp a string", sign(testHeader, `{"sub":"s","exp":"1700000060"}`), ErrInvalidClaim, "invalid claim: exp is not a number of seconds"},
		{"exp 0", sign(testHeader, `{"sub":"s","exp":0}`), ErrExpired, "expired"},
		{"nbf 1e30", sign(testHeader, `{"sub":"s","exp":1700000060,"nbf":1e30}`), ErrInvalidClaim, "invalid claim: nbf is out of range"},
		{"exp 1e30", sign(testHeader, `{"sub":"s","exp":1e30}`), ErrInvalidClaim, "invalid claim: exp is out of range"},
		{"exp 1e400", sign(testHeader, `{"sub":"s","exp":1e400}`), ErrInvalidClaim, "invalid claim: exp is not a number of seconds"},
		{"exp negative", sign(testHeader, `{"sub":"s","exp":-1}`), ErrInvalidClaim, "invalid claim: exp is out of range"},
		{"exp null", sign(testHeader, `{"sub":"s","exp":null}`), ErrInvalidClaim, "invalid claim: exp is not a number of seconds"},
		{"something after the claims", sign(testHeader, testClaims+`{}`), ErrMalformed, notJSONText},
		{"something after the header", sign(testHeader+`x`, testClaims), ErrMalformed, notJSONText},
		{"LF in the signature", good[:len(good)-5] + "\n" + good[len(good)-5:], ErrMalformed, "malformed credential: a segment of the token has a character outside base64url"},
		{"CR after the signature", good + "\r", ErrMalformed, "malformed credential: a segment of the token has a character outside base64url"},
		{"unused bits of the signature", setUnusedBits(good), ErrMalformed, "malformed credential: a segment of the token is not strict base64url"},
		{"claims null", sign(testHeader, `null`), ErrMalformed, notObjectText},
		{"iat in the future", sign(testHeader, `{"sub":"s","exp":1700000060,"iat":1700000001}`), ErrNotYetValid, "not yet valid"},
		{"iat a string", sign(testHeader, `{"sub":"s","exp":1700000060,"iat":"1"}`), ErrInvalidClaim, "invalid claim: iat is not a number of seconds"},
		{"typ of another token", sign(`{"alg":"HS256","typ":"at+jwt"}`, testClaims), ErrMalformed, "malformed credential: the token's typ is not JWT"},
		{"claims that are not read before the signature", sign(testHeader, `{`)[:len(sign(testHeader, `{`))-43] + segment(strings.Repeat("x", 32)), ErrInvalidSignature, "invalid signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, newJWT(t), tt.token, tt.want, tt.text)
		})
	}
}

const (
	headerText    = "malformed credential: the token's header has a parameter that is not allowed (crit, b64, jku, jwk, x5u, x5c, x5t, x5t#S256, enc, zip)"
	caseText      = "malformed credential: the token's header has a registered parameter in another case"
	twiceText     = "malformed credential: the token's header or claims set names a member twice"
	notJSONText   = "malformed credential: the token's header or claims set is not JSON"
	notObjectText = "malformed credential: the token's header or claims set is not a JSON object"
	segmentsText  = "malformed credential: the token does not have exactly three segments"
	alphabetText  = "malformed credential: a segment of the token has a character outside base64url"
)

// setUnusedBits changes the last character to one that decodes to the same
// bytes in a lenient decoder: 43 characters carry two bits more than 32 bytes.
func setUnusedBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last|1])
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	good := sign(testHeader, testClaims)
	claims := func(more string) string { return sign(testHeader, `{"sub":"s","exp":1700000060,`+more+`}`) }
	subject := func(raw string) string { return sign(testHeader, `{"exp":1700000060,"sub":`+raw+`}`) }
	signed := segment(testHeader) + "." + segment(testClaims) + "."
	tests := []struct {
		name, token string
		want        error
		text        string
	}{
		{"empty", "", ErrMalformed, segmentsText},
		{"one word", "bad-token", ErrMalformed, segmentsText},
		{"four segments", good + ".x", ErrMalformed, segmentsText},
		{"8 KiB and one byte", strings.Repeat("a", MaxTokenBytes-1) + "..", ErrMalformed, "malformed credential: the token is longer than 8 KiB"},
		{"8 KiB", strings.Repeat("A", MaxTokenBytes-4) + ".AA.", ErrMalformed, notJSONText},
		{"padding", signed + segment(mac(testSecret, signed)) + "=", ErrMalformed, alphabetText},
		{"standard base64", signed + "+/" + segment("x"), ErrMalformed, alphabetText},
		{"space", signed + " ", ErrMalformed, alphabetText},
		{"header not JSON", sign(`x`, testClaims), ErrMalformed, notJSONText},
		{"header an array", sign(`["HS256"]`, testClaims), ErrMalformed, notObjectText},
		{"header with a trailing comma", sign(`{"alg":"HS256",}`, testClaims), ErrMalformed, notJSONText},
		{"header not UTF-8", sign("{\"alg\":\"HS256\",\"x\":\"\xff\"}", testClaims), ErrMalformed, "malformed credential: the token's header or claims set is not UTF-8"},
		{"header with alg twice", sign(`{"alg":"none","alg":"HS256"}`, testClaims), ErrMalformed, twiceText},
		{"header with a member twice in an unknown parameter", sign(`{"alg":"HS256","x":[{"x":1,"x":2}]}`, testClaims), ErrMalformed, twiceText},
		{"ALG beside alg", sign(`{"alg":"HS256","ALG":"none"}`, testClaims), ErrMalformed, caseText},
		{"Crit", sign(`{"alg":"HS256","Crit":["x"]}`, testClaims), ErrMalformed, caseText},
		{"jku", sign(`{"alg":"HS256","jku":"https://a.example"}`, testClaims), ErrMalformed, headerText},
		{"jwk", sign(`{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}`, testClaims), ErrMalformed, headerText},
		{"x5u", sign(`{"alg":"HS256","x5u":"https://a.example"}`, testClaims), ErrMalformed, headerText},
		{"x5c", sign(`{"alg":"HS256","x5c":[]}`, testClaims), ErrMalformed, headerText},
		{"x5t", sign(`{"alg":"HS256","x5t":"a"}`, testClaims), ErrMalformed, headerText},
		{"x5t#S256", sign(`{"alg":"HS256","x5t#S256":"a"}`, testClaims), ErrMalformed, headerText},
		{"enc", sign(`{"alg":"HS256","enc":"A128GCM"}`, testClaims), ErrMalformed, headerText},
		{"zip", sign(`{"alg":"HS256","zip":"DEF"}`, testClaims), ErrMalformed, headerText},
		{"typ not a string", sign(`{"alg":"HS256","typ":1}`, testClaims), ErrMalformed, "malformed credential: the token's typ is not JWT"},
		{"kid not a string", sign(`{"alg":"HS256","kid":{}}`, testClaims), ErrMalformed, "malformed credential: the token's kid is not a string"},
		{"no alg", sign(`{}`, testClaims), ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"alg null", sign(`{"alg":null}`, testClaims), ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"alg in lower case", sign(`{"alg":"hs256"}`, testClaims), ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"alg HS384", sign(`{"alg":"HS384"}`, testClaims), ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"alg RS256", sign(`{"alg":"RS256"}`, testClaims), ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"alg None", segment(`{"alg":"None"}`) + "." + segment(testClaims) + ".", ErrUnsupportedAlgorithm, "unsupported algorithm"},
		{"no signature", signed, ErrInvalidSignature, "invalid signature"},
		{"half a signature", signed + segment(mac(testSecret, signed[:len(signed)-1])[:16]), ErrInvalidSignature, "invalid signature"},
		{"longer signature", signed + segment(mac(testSecret, signed[:len(signed)-1])+"\x00"), ErrInvalidSignature, "invalid signature"},
		{"another secret", signed + segment(mac([]byte(strings.Repeat("x", 32)), signed[:len(signed)-1])), ErrInvalidSignature, "invalid signature"},
		{"other claims", segment(testHeader) + "." + segment(`{"sub":"root","exp":1700000060}`) + good[strings.LastIndexByte(good, '.'):], ErrInvalidSignature, "invalid signature"},
		{"claims empty", sign(testHeader, ``), ErrMalformed, notJSONText},
		{"claims a number", sign(testHeader, `1`), ErrMalformed, notObjectText},
		{"custom claim twice", claims(`"a":1,"a":2`), ErrMalformed, twiceText},
		{"member of a custom claim twice", claims(`"user":{"role":"reader","\u0072ole":"admin"}`), ErrMalformed, twiceText},
		{"member of a registered claim twice", claims(`"aud":[{"a":1,"a":2}]`), ErrMalformed, twiceText},
		{"expires now", sign(testHeader, `{"sub":"s","exp":1700000000}`), ErrExpired, "expired"},
		{"expires within this second", sign(testHeader, `{"sub":"s","exp":1700000000.9}`), ErrExpired, "expired"},
		{"nbf in the future", claims(`"nbf":1700000001`), ErrNotYetValid, "not yet valid"},
		{"nbf a fraction ahead", claims(`"nbf":1700000000.1`), ErrNotYetValid, "not yet valid"},
		{"iat a fraction ahead", claims(`"iat":1700000000.1`), ErrNotYetValid, "not yet valid"},
		{"nbf not a number", claims(`"nbf":true`), ErrInvalidClaim, "invalid claim: nbf is not a number of seconds"},
		{"iss not a string", claims(`"iss":1`), ErrInvalidClaim, "invalid claim: iss is not a string"},
		{"jti not a string", claims(`"jti":1`), ErrInvalidClaim, "invalid claim: jti is not a string"},
		{"aud null", claims(`"aud":null`), ErrInvalidClaim, "invalid claim: aud is neither a string nor an array of strings"},
		{"aud with a number", claims(`"aud":["a",1]`), ErrInvalidClaim, "invalid claim: aud is neither a string nor an array of strings"},
		{"no sub", sign(testHeader, `{"exp":1700000060}`), ErrInvalidClaim, "invalid claim: sub: the subject is empty"},
		{"sub empty", subject(`""`), ErrInvalidClaim, "invalid claim: sub: the subject is empty"},
		{"sub a number", subject(`7`), ErrInvalidClaim, "invalid claim: sub is not a string"},
		{"sub null", subject(`null`), ErrInvalidClaim, "invalid claim: sub is not a string"},
		{"sub too long", subject(`"` + strings.Repeat("a", MaxSubjectBytes+1) + `"`), ErrInvalidClaim, "invalid claim: sub: the subject is longer than 255 bytes"},
		{"sub with a line break", subject(`"a\nb"`), ErrInvalidClaim, "invalid claim: sub: the subject has a character that is not printable"},
		{"sub with NUL", subject(`"a\u0000"`), ErrInvalidClaim, "invalid claim: sub: the subject has a character that is not printable"},
		{"sub with half a surrogate pair", subject(`"a\ud800"`), ErrInvalidClaim, "invalid claim: sub: the subject has a character that is not printable"},
		{"sub with a bidirectional override", subject(`"a\u202e"`), ErrInvalidClaim, "invalid claim: sub: the subject has a character that is not printable"},
		{"sub with a space at its end", subject(`"root "`), ErrInvalidClaim, "invalid claim: sub: the subject begins or ends with a space"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, newJWT(t), tt.token, tt.want, tt.text)
		})
	}
}

func checkRefused(t *testing.T, v *JWT, token string, want error, wantText string) {
	t.Helper()
	got, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token))
	if !errors.Is(err, want) || text(err) != wantText {
		t.Errorf("got error %q, want %q, which is %q", text(err), wantText, want)
	}
	if !reflect.DeepEqual(got, Principal{}) {
		t.Errorf("got principal %+v with an error", got)
	}
}

func TestVerifyConfiguredChecks(t *testing.T) {
	t.Parallel()
	issuer := func(c *JWTConfig) { c.Issuer, c.AnyIssuer = "https://issuer.example", false }
	audience := func(c *JWTConfig) { c.Audience, c.AnyAudience = "events", false }
	leeway := func(c *JWTConfig) { c.Leeway = MaxLeeway }
	tests := []struct {
		name, claims string
		change       func(*JWTConfig)
		want         error
		text         string
	}{
		{"issuer missing", testClaims, issuer, ErrInvalidClaim, "invalid claim: iss is missing or empty"},
		{"issuer empty", `{"sub":"s","exp":1700000060,"iss":""}`, issuer, ErrInvalidClaim, "invalid claim: iss is missing or empty"},
		{"audience missing, issuer not", `{"sub":"s","exp":1700000060,"iss":"https://issuer.example"}`, func(c *JWTConfig) { issuer(c); audience(c) }, ErrInvalidClaim, "invalid claim: aud is missing or empty"},
		{"issuer another", `{"sub":"s","exp":1700000060,"iss":"https://issuer.example/"}`, issuer, ErrInvalidClaim, "invalid claim: iss is not the required issuer"},
		{"audience missing", testClaims, audience, ErrInvalidClaim, "invalid claim: aud is missing or empty"},
		{"audience empty", `{"sub":"s","exp":1700000060,"aud":[]}`, audience, ErrInvalidClaim, "invalid claim: aud is missing or empty"},
		{"audience another", `{"sub":"s","exp":1700000060,"aud":["event","Events"]}`, audience, ErrInvalidClaim, "invalid claim: aud does not have the required audience"},
		{"expiry that Map moves to the past", testClaims, mapExpiry(testNow), ErrExpired, "expired"},
		{"expiry that Map takes away", testClaims, func(c *JWTConfig) {
			c.Map = func(_ Claims, p *Principal) error { p.ExpiresAt = time.Time{}; return nil }
		}, ErrInvalidClaim, "invalid claim: its expiry is out of range"},
		{"leeway does not lengthen a life", `{"sub":"s","exp":1700000000}`, leeway, ErrExpired, "expired"},
		{"nbf beyond the leeway", `{"sub":"s","exp":1700000090,"nbf":1700000061}`, leeway, ErrNotYetValid, "not yet valid"},
		{"iat beyond the leeway", `{"sub":"s","exp":1700000090,"iat":1700000061}`, leeway, ErrNotYetValid, "not yet valid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, newJWT(t, tt.change), sign(testHeader, tt.claims), tt.want, tt.text)
		})
	}
}

func TestVerifyLeavesOtherSchemes(t *testing.T) {
	t.Parallel()
	_, err := newJWT(t).Verify(t.Context(), Request{}, NewCredential("Basic", sign(testHeader, testClaims)))
	const want = "credential of another kind: a token has the scheme Bearer; return NewCredential(BearerScheme, …)"
	if !errors.Is(err, ErrNotApplicable) || text(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

// TestVerifyFaultsComeFirst: without keys even a malformed token is a fault,
// not a denial.
func TestVerifyFaultsComeFirst(t *testing.T) {
	t.Parallel()
	broken := fmt.Errorf("%w: reading parameter", ErrUnavailable)
	tests := []struct {
		name string
		keys KeyProvider
		want error
		text string
	}{
		{"provider fails", keysFunc(func(context.Context) ([]Key, error) { return nil, broken }), ErrUnavailable, "unavailable: reading parameter"},
		{"no key", gives(), ErrMisconfigured, "misconfigured: the key provider gave no key"},
		{"zero key", gives(Key{}), ErrMisconfigured, "misconfigured: the key provider gave the zero Key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newJWT(t, func(c *JWTConfig) { c.Keys = tt.keys })
			for _, token := range []string{sign(testHeader, testClaims), sign(testHeader, `{}`)} {
				checkRefused(t, v, token, tt.want, tt.text)
			}
			if tt.want == ErrUnavailable {
				checkRefused(t, v, "bad-token", tt.want, tt.text)
			}
		})
	}
}

func TestNewJWTRefuses(t *testing.T) {
	t.Parallel()
	keys := StaticKeys{hmacKey(t, testSecret)}
	named, err := NewHMACKey(HS256, "a", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  JWTConfig
		text string
	}{
		{"empty StaticKeys", JWTConfig{Keys: StaticKeys(nil), AnyIssuer: true, AnyAudience: true}, "JWTConfig.Keys: misconfigured: the key provider gave no key"},
		{"StaticKeys with an id twice", JWTConfig{Keys: StaticKeys{named, named}, AnyIssuer: true, AnyAudience: true}, `JWTConfig.Keys: misconfigured: the key provider gave two keys with the id "a"`},
		{"StaticKeys with an id and without", JWTConfig{Keys: StaticKeys{named, hmacKey(t, testSecret)}, AnyIssuer: true, AnyAudience: true}, "JWTConfig.Keys: misconfigured: the key provider gave keys with an id and keys without; give all of them an id, or none"},
		{"required claim without a name", JWTConfig{Keys: keys, AnyIssuer: true, AnyAudience: true, RequiredClaims: []string{"uid", ""}}, "misconfigured: JWTConfig.RequiredClaims has an empty name"},
		{"no keys", JWTConfig{AnyIssuer: true, AnyAudience: true}, "misconfigured: JWTConfig.Keys is not set"},
		{"issuer not decided", JWTConfig{Keys: keys, AnyAudience: true}, "misconfigured: set one of JWTConfig.Issuer and JWTConfig.AnyIssuer"},
		{"issuer decided twice", JWTConfig{Keys: keys, Issuer: "i", AnyIssuer: true, AnyAudience: true}, "misconfigured: set one of JWTConfig.Issuer and JWTConfig.AnyIssuer"},
		{"audience not decided", JWTConfig{Keys: keys, AnyIssuer: true}, "misconfigured: set one of JWTConfig.Audience and JWTConfig.AnyAudience"},
		{"leeway too long", JWTConfig{Keys: keys, AnyIssuer: true, AnyAudience: true, Leeway: 61 * time.Second}, "misconfigured: JWTConfig.Leeway is 1m1s, allowed is 0 to 1m0s"},
		{"leeway negative", JWTConfig{Keys: keys, AnyIssuer: true, AnyAudience: true, Leeway: -1}, "misconfigured: JWTConfig.Leeway is -1ns, allowed is 0 to 1m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := NewJWT(tt.cfg)
			if v != nil || !errors.Is(err, ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %v, %q; want %q", v, text(err), tt.text)
			}
		})
	}
}
