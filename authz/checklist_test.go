package authz

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The tests here go through the rules that tokens, keys and headers have to
// keep, one test a rule. Each refuses something that golang-jwt, or a usual
// mistake, lets through. Rules 11 and 12 are in packages apikey and httpsig.

// Rule 1: size, segments, alphabet, strict base64url, no duplicate names,
// objects only, none of crit, b64, jku, x5u, jwk.
func TestChecklist01StrictParseBeforeTheLibrary(t *testing.T) {
	t.Parallel()
	good := sign(testHeader, testClaims)
	for name, text := range map[string]string{
		"more than 8 KiB":      sign(testHeader, `{"sub":"s","exp":1700000060,"x":"`+strings.Repeat("x", MaxTokenBytes)+`"}`),
		"two segments":         good[:strings.LastIndexByte(good, '.')],
		"four segments":        good + ".",
		"alphabet":             good + "\n",
		"unused bits":          setUnusedBits(good),
		"duplicate claim":      sign(testHeader, `{"sub":"s","exp":1,"exp":1700000060}`),
		"duplicate parameter":  sign(`{"alg":"HS256","alg":"HS256"}`, testClaims),
		"claims not an object": sign(testHeader, `null`),
		"header not an object": sign(`[]`, testClaims),
		"crit":                 sign(`{"alg":"HS256","crit":["exp"]}`, testClaims),
		"b64":                  sign(`{"alg":"HS256","b64":true}`, testClaims),
		"jku":                  sign(`{"alg":"HS256","jku":"https://issuer.example"}`, testClaims),
		"x5u":                  sign(`{"alg":"HS256","x5u":"https://issuer.example"}`, testClaims),
		"jwk":                  sign(`{"alg":"HS256","jwk":{}}`, testClaims),
	} {
		if _, err := newJWT(t).Verify(t.Context(), Request{}, NewCredential(BearerScheme, text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
}

// Rule 2: the algorithm is bound to the key. The public key of RS256, of which
// everybody can make an HMAC, is no secret.
func TestChecklist02AlgorithmBoundToKey(t *testing.T) {
	t.Parallel()
	private, public := rsaKey(t)
	encoded, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded})
	v := newJWT(t, func(c *JWTConfig) { c.Keys = StaticKeys{public} })
	for name, secret := range map[string][]byte{"PEM": text, "DER": encoded, "modulus": private.N.Bytes()} {
		signed := segment(testHeader) + "." + segment(testClaims)
		token := signed + "." + segment(mac(secret, signed))
		if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); !errors.Is(err, ErrUnsupportedAlgorithm) {
			t.Errorf("an HMAC with the %s: got %v, want %v", name, err, ErrUnsupportedAlgorithm)
		}
	}
	if _, err := NewHMACKey(HS256, "", text); !errors.Is(err, ErrMisconfigured) {
		t.Errorf("a public key as an HMAC secret: got %v, want %v", err, ErrMisconfigured)
	}
	if _, err := NewPublicKey(HS256, "", &private.PublicKey); !errors.Is(err, ErrMisconfigured) {
		t.Errorf("a public key for HS256: got %v, want %v", err, ErrMisconfigured)
	}
	// PS256 and RS256 have the same keys, and are told apart all the same.
	token, err := jwt.NewWithClaims(jwt.SigningMethodPS256, jwt.MapClaims{"sub": "s", "exp": testNow + 60}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); !errors.Is(err, ErrUnsupportedAlgorithm) {
		t.Errorf("PS256 with a key for RS256: got %v, want %v", err, ErrUnsupportedAlgorithm)
	}
}

// Rule 3: a secret is as long as its hash; its encoding and a newline at its
// end are decided on.
func TestChecklist03SecretLengthAndEncoding(t *testing.T) {
	t.Parallel()
	for algorithm, least := range map[Algorithm]int{HS256: 32, HS384: 48, HS512: 64} {
		if _, err := NewHMACKey(algorithm, "", make([]byte, least-1)); !errors.Is(err, ErrMisconfigured) {
			t.Errorf("%s with %d bytes: got %v", algorithm, least-1, err)
		}
		if _, err := NewHMACKey(algorithm, "", make([]byte, least)); err != nil {
			t.Errorf("%s with %d bytes: %v", algorithm, least, err)
		}
	}
	for value, want := range map[string]string{"raw\n": "raw", "base64:cmF3": "raw", "base64:cmF3\n": "raw", "cmF3": "cmF3"} {
		if got, err := ParseSecret(value); err != nil || string(got) != want {
			t.Errorf("%q is %q, %v", value, got, err)
		}
	}
}

// Rule 4: kid is looked up exactly, has a bounded alphabet, and stands for one
// key. Where keys have no ids it is not looked up at all, and only its type
// counts.
func TestChecklist04KeyIDIsExactAndBounded(t *testing.T) {
	t.Parallel()
	key := func(id string) Key {
		secret := testSecret
		if id == "b" {
			secret = bytes.ToUpper(secret)
		}
		k, err := NewHMACKey(HS256, id, secret)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	named := func(c *JWTConfig) { c.Keys = StaticKeys{key("a"), key("b")} }
	anonymous := func(c *JWTConfig) { c.Keys = StaticKeys{key(""), key("")} }
	tests := []struct {
		name, kid string
		change    func(*JWTConfig)
		want      error
	}{
		{"exact", `"a"`, named, nil},
		{"an address", `"svc@a.example/keys/1"`, func(c *JWTConfig) { c.Keys = StaticKeys{key("svc@a.example/keys/1"), key("b")} }, nil},
		{"a URL", `"https://a.example/keys/1"`, func(c *JWTConfig) { c.Keys = StaticKeys{key("https://a.example/keys/1"), key("b")} }, nil},
		{"another address", `"svc@b.example/keys/1"`, func(c *JWTConfig) { c.Keys = StaticKeys{key("svc@a.example/keys/1"), key("b")} }, ErrUnknownKey},
		{"another case", `"A"`, named, ErrUnknownKey},
		{"part", `""`, named, ErrMalformed},
		{"path", `"../a"`, named, ErrMalformed},
		{"query", `"a' OR '1'='1"`, named, ErrMalformed},
		{"line break", `"a\n"`, named, ErrMalformed},
		{"too long", `"` + strings.Repeat("a", MaxCredentialIDBytes+1) + `"`, named, ErrMalformed},
		{"number", `1`, named, ErrMalformed},
		{"two keys of one id", `"a"`, func(c *JWTConfig) { c.Keys = gives(key("a"), key("a")) }, ErrMisconfigured},
		{"a key with an id and one without", `"a"`, func(c *JWTConfig) { c.Keys = gives(key("a"), key("")) }, ErrMisconfigured},
		{"keys without ids", `"whatever"`, anonymous, nil},
		{"keys without ids, kid a URL", `"https://issuer.example/keys/1"`, anonymous, nil},
		{"keys without ids, kid an ARN", `"arn:aws:kms:eu-central-1:000000000000:key/1234"`, anonymous, nil},
		{"keys without ids, kid empty", `""`, anonymous, nil},
		{"keys without ids, kid longer than an id", `"` + strings.Repeat("a", MaxCredentialIDBytes+1) + `"`, anonymous, nil},
		{"keys without ids, kid a number", `1`, anonymous, ErrMalformed},
		{"keys without ids, kid null", `null`, anonymous, ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token := sign(`{"alg":"HS256","kid":`+tt.kid+`}`, testClaims)
			if _, err := newJWT(t, tt.change).Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// Rule 5: exp is there, finite and in range, and over when it is reached; the
// other claims have their types; a token without sub is refused and does not
// fail the function.
func TestChecklist05Claims(t *testing.T) {
	t.Parallel()
	for claims, want := range map[string]error{
		`{"sub":"s"}`:                                       ErrInvalidClaim,
		`{"sub":"s","exp":1e400}`:                           ErrInvalidClaim,
		`{"sub":"s","exp":1e30}`:                            ErrInvalidClaim,
		`{"sub":"s","exp":1700000000}`:                      ErrExpired,
		`{"sub":"s","exp":1700000001}`:                      nil,
		`{"sub":"s","exp":1700000060,"nbf":"1"}`:            ErrInvalidClaim,
		`{"sub":"s","exp":1700000060,"iat":"1"}`:            ErrInvalidClaim,
		`{"sub":"s","exp":1700000060,"nbf":1700000001}`:     ErrNotYetValid,
		`{"sub":"s","exp":1700000060,"iat":1700000001}`:     ErrNotYetValid,
		`{"exp":1700000060}`:                                ErrInvalidClaim,
		`{"sub":"","exp":1700000060}`:                       ErrInvalidClaim,
		`{"sub":7,"exp":1700000060}`:                        ErrInvalidClaim,
		`{"sub":"s","exp":1700000060,"aud":7}`:              ErrInvalidClaim,
		`{"sub":"s","exp":1700000060,"iss":["https://a"]}`:  ErrInvalidClaim,
		`{"sub":"s","exp":1700000060,"iss":"i","aud":"a"}`:  nil,
		`{"sub":"s","exp":1700000060,"iat":1,"nbf":1.5e09}`: nil,
	} {
		if _, err := newJWT(t).Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(testHeader, claims))); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", claims, err, want)
		}
	}
	if _, err := NewJWT(JWTConfig{Keys: gives(), AnyIssuer: true, AnyAudience: true, Leeway: 61 * time.Second}); !errors.Is(err, ErrMisconfigured) {
		t.Errorf("a leeway of 61 s: got %v", err)
	}
}

// Rule 6: an answer that API Gateway reuses is no better than the credential
// behind it: the expiry is checked on every request.
func TestChecklist06ExpiryCheckedBehindTheCache(t *testing.T) {
	t.Parallel()
	members := map[string]any{"userId": "u", "expiresAt": float64(testNow + 1)}
	if _, err := fromRequest(requestWith(members), time.Unix(testNow, 0)); err != nil {
		t.Error(err)
	}
	if _, err := fromRequest(requestWith(members), time.Unix(testNow+1, 0)); !errors.Is(err, ErrExpired) {
		t.Errorf("got %v, want %v", err, ErrExpired)
	}
}

// Rule 7: whatever happens to a request, its token and its event are in no log.
func TestChecklist07NoTokenSecretOrEventInTheLog(t *testing.T) {
	t.Parallel()
	const marker = "aMarkerThatOnlyTheEventHas"
	for _, token := range []string{
		sign(testHeader, testClaims), sign(testHeader, `{"sub":"`+marker+`","exp":1}`), marker, sign(`{"alg":"HS256","kid":"`+marker+`"}`, `{}`),
		sign(testHeader, `{"sub":"s","exp":1700000060,"iss":"`+marker+`"}`),
	} {
		v := newJWT(t, func(c *JWTConfig) { c.Issuer, c.AnyIssuer = "i", false })
		event := strings.Replace(string(readEvent(t, "Bearer "+token)), `"headers":{`, `"headers":{"x-other":"`+marker+`",`, 1)
		_, log, err := invoke(t, Handler{Chain: chainOf(v)}, []byte(event))
		if err != nil || log == "" {
			t.Errorf("log %q, error %v", log, err)
		}
		for what, forbidden := range map[string]string{"the token": token, "a part of the event": marker, "the secret": string(testSecret)} {
			if strings.Contains(log, forbidden) {
				t.Errorf("%s is in the log", what)
			}
		}
	}
}

// Rule 8: secrets and digests are compared in constant time, wherever they are.
// Time cannot be tested, and so the source is: the comparisons that there are
// call crypto/subtle or crypto/hmac, and none of those that stop early is called.
func TestChecklist08ConstantTimeComparison(t *testing.T) {
	t.Parallel()
	calls := map[string][]string{} // by file
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := selector.X.(*ast.Ident); ok {
					calls[path] = append(calls[path], x.Name+"."+selector.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, names := range calls {
		for _, early := range []string{"bytes.Equal", "bytes.Compare", "reflect.DeepEqual"} {
			if slices.Contains(names, early) {
				t.Errorf("%s calls %s, which stops at the first difference", path, early)
			}
		}
	}
	for path, call := range map[string]string{
		"key.go": "subtle.ConstantTimeCompare", "mac.go": "hmac.Equal", "apikey/verifier.go": "subtle.ConstantTimeCompare", "httpsig/verifier.go": "hmac.Equal",
	} {
		if !slices.Contains(calls[path], call) {
			t.Errorf("%s does not call %s", path, call)
		}
	}
}

// Rule 9: the header Authorization is one scheme in any case, one or more spaces
// and a token68; a bare token only where it is asked for; one credential a request.
func TestChecklist09AuthorizationHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		bare   bool
		want   error
	}{
		{"bEARER a.b", false, nil}, {"Bearer  a", false, nil}, {"Bearer\ta", false, ErrNotApplicable},
		{"Bearer a b", false, ErrMalformed}, {"Bearer a,Bearer b", false, ErrMalformed}, {"Bearer ", false, ErrMalformed},
		{"Bearer", false, ErrMalformed}, {"", false, ErrNoCredential}, {"a.b.c", false, ErrNotApplicable}, {"a.b.c", true, nil},
		{"bearer", true, ErrMalformed}, {"Bearer a", true, nil}, {"a,b", true, ErrMalformed}, {"Bearer é", false, ErrMalformed},
	} {
		_, err := BearerHeader{BareToken: tt.bare}.Extract(Request{Headers: map[string]string{"authorization": tt.header}})
		if !errors.Is(err, tt.want) {
			t.Errorf("%q: got %v, want %v", tt.header, err, tt.want)
		}
	}
	chain := Chain{{Verifier: newJWT(t)}, {Extractor: headerExtractor("x-api-key"), Verifier: newJWT(t)}}
	good := sign(testHeader, testClaims)
	_, err := chain.Authenticate(t.Context(), Request{Headers: map[string]string{"authorization": "Bearer " + good, "x-api-key": "k"}})
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("two kinds of credential: got %v, want %v", err, ErrMalformed)
	}
}

// Rule 10: what a stranger wrote into the claims is not even parsed: a claims
// set that is no JSON at all is refused for its MAC.
func TestChecklist10MACBeforeJSON(t *testing.T) {
	t.Parallel()
	signed := segment(testHeader) + "." + segment(`{"sub":`)
	token := signed + "." + segment(mac([]byte(strings.Repeat("x", 32)), signed))
	if _, err := newJWT(t).Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); !errors.Is(err, ErrInvalidSignature) {
		t.Errorf("got %v, want %v", err, ErrInvalidSignature)
	}
}

// Rule 13: no policy lets through what no rule allows, or what it cannot
// decide.
func TestChecklist13PolicyDeniesByDefault(t *testing.T) {
	t.Parallel()
	principal := Principal{Identity: Identity{Subject: "s", Permissions: []string{"*"}}}
	request := Request{RouteKey: "POST /events"}
	for name, policy := range map[string]Policy{
		"route that is not listed": RoutePermissions{"GET /events": nil},
		"empty list":               AllPolicies{},
		"unknown error":            PolicyFunc(policyError(fmt.Errorf("a bug"))),
		"panic":                    PolicyFunc(policyPanic),
	} {
		if err := decide(t.Context(), policy, principal, request); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: got %v, want %v", name, err, ErrDenied)
		}
	}
}

func rsaKey(t testing.TB) (*rsa.PrivateKey, Key) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := NewPublicKey(RS256, "", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func ecdsaKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func ed25519Key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}
