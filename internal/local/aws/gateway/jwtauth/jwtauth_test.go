package jwtauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
)

var now = time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)

func newAuthorizer(t *testing.T, issuer *oidctest.Issuer, clock func() time.Time) *Authorizer {
	t.Helper()
	if clock == nil {
		clock = func() time.Time { return now }
	}
	a, err := New(Config{Issuer: issuer.URL, Audience: []string{"api", "other-api"}, now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// with is the claims of a good token with changes; nil removes a claim.
func with(issuer *oidctest.Issuer, changes map[string]any) map[string]any {
	claims := issuer.Claims("api", now)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func wantRefusal(t *testing.T, err error, want *Error, secret string) {
	t.Helper()
	var got *Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if got.Status != want.Status || got.WWWAuthenticate != want.WWWAuthenticate || got.Reason != want.Reason {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if want.Cure != "" && got.Cure != want.Cure {
		t.Errorf("got the cure\n%s\nwant\n%s", got.Cure, want.Cure)
	}
	for part := range strings.SplitSeq(secret, ".") {
		if len(part) > 20 && strings.Contains(got.Error()+got.Cure+got.WWWAuthenticate, part) {
			t.Errorf("the error shows the token: %+v", got)
		}
	}
}

// unauthorized is the refusal of a token on a route without scopes.
func unauthorized(description, cure string) *Error {
	return &Error{
		Status:          401,
		WWWAuthenticate: `Bearer scope="" error="invalid_token" error_description="` + description + `"`,
		Reason:          "invalid_token: " + description,
		Cure:            cure,
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	standard := map[string]string{"iss": issuer.URL, "sub": "user-1", "aud": "api", "iat": "1725564788", "nbf": "1725564788", "exp": "1725568388"}
	for _, tc := range []struct {
		name    string
		prefix  string
		changes map[string]any
		scopes  []string
		want    map[string]string // beside standard
		granted []string
	}{
		{name: "token alone"},
		{name: "Bearer", prefix: "Bearer "},
		{name: "bearer", prefix: "bearer "},
		{name: "two spaces", prefix: "Bearer  "},
		{
			name: "claims are strings",
			changes: map[string]any{
				"email_verified": true, "auth_time": 1725564788, "big": json.Number("12345678901234567890"), "ratio": 0.5,
				"cognito:groups": []string{"admin", "poweruser"}, "empty": []string{}, "realm_access": map[string]any{"roles": []string{"a", "b"}},
				"text": "a b", "nothing": json.RawMessage("null"),
			},
			want: map[string]string{
				"email_verified": "true", "auth_time": "1725564788", "big": "12345678901234567890", "ratio": "0.5",
				"cognito:groups": "[admin poweruser]", "empty": "[]", "realm_access": "map[roles:[a b]]", "text": "a b",
			},
		},
		{name: "no scopes asked for", changes: map[string]any{"scope": "read"}, want: map[string]string{"scope": "read"}},
		{name: "one scope of two", changes: map[string]any{"scope": "openid write"}, scopes: []string{"read", "write"}, want: map[string]string{"scope": "openid write"}, granted: []string{"openid", "write"}},
		{name: "scp", changes: map[string]any{"scp": "read"}, scopes: []string{"read"}, want: map[string]string{"scp": "read"}, granted: []string{"read"}},
		{name: "scp array", changes: map[string]any{"scp": []string{"x", "read"}}, scopes: []string{"read"}, want: map[string]string{"scp": "[x read]"}, granted: []string{"x", "read"}},
		{name: "audience array", changes: map[string]any{"aud": []string{"x", "other-api"}}, want: map[string]string{"aud": "[x other-api]"}},
		{name: "no nbf, no iat", changes: map[string]any{"nbf": nil, "iat": nil}, want: map[string]string{"nbf": "", "iat": ""}},
		{name: "last second", changes: map[string]any{"exp": 1725564789}, want: map[string]string{"exp": "1725564789"}},
		{name: "client_id in the place of aud", changes: map[string]any{"aud": nil, "client_id": "api"}, want: map[string]string{"aud": "", "client_id": "api"}},
		{name: "foreign client_id beside aud", changes: map[string]any{"client_id": "x"}, want: map[string]string{"client_id": "x"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := a.Authorize(t.Context(), tc.prefix+issuer.Token(t, with(issuer, tc.changes)), tc.scopes)
			if err != nil {
				t.Fatalf("%v: %s", err, err.(*Error).Cure)
			}
			want := maps.Clone(standard)
			maps.Copy(want, tc.want)
			maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
			if !maps.Equal(got.Claims, want) || !reflect.DeepEqual(got.Scopes, tc.granted) {
				t.Errorf("got  %v, %q\nwant %v, %q", got.Claims, got.Scopes, want, tc.granted)
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	for _, tc := range []struct{ alg, refused string }{
		{"RS256", ""},
		{"RS384", ""},
		{"RS512", ""},
		{"PS256", "signing method PS256 is invalid"},
		{"HS256", "signing method HS256 is invalid"},
		{"none", "signing method none is invalid"},
	} {
		t.Run(tc.alg, func(t *testing.T) {
			t.Parallel()
			token := oidctest.Sign(t, map[string]any{"alg": tc.alg, "kid": "key-1"}, issuer.Claims("api", now))
			_, err := a.Authorize(t.Context(), token, nil)
			if tc.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantRefusal(t, err, unauthorized(tc.refused, "sign tokens with RS256, RS384 or RS512: API Gateway supports no other algorithm"), token)
		})
	}
}

func TestClaimsRefused(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	const audience = "the token does not have a valid audience"
	const ask = `: ask the issuer for a token for one of ["api" "other-api"], or add it to the authorizer's audience`
	const clocks = ", and now is 1725564788: get a new token, and compare the clocks of issuer and gateway"
	const seconds = ": it must be a number of seconds since 1970"
	same := ` the authorizer's issuer is "` + issuer.URL + `": they must be equal to the letter, a slash at the end included`
	for _, tc := range []struct {
		name              string
		changes           map[string]any
		description, cure string
	}{
		{"issuer", map[string]any{"iss": issuer.URL + "/"}, "issuer does not match", `iss is "` + issuer.URL + `/",` + same},
		{"no issuer", map[string]any{"iss": nil}, "issuer does not match", "iss is missing," + same},
		{"issuer that is no string", map[string]any{"iss": []string{issuer.URL}}, "issuer does not match", `iss is "[` + issuer.URL + `]",` + same},
		{"audience", map[string]any{"aud": "x"}, audience, `aud is "x"` + ask},
		{"audiences", map[string]any{"aud": []string{"x", "y"}}, audience, `aud is "[x y]"` + ask},
		{"foreign aud beside client_id", map[string]any{"aud": "x", "client_id": "api"}, audience, `aud is "x"` + ask},
		{"client_id", map[string]any{"aud": nil, "client_id": "x"}, audience, `client_id is "x"` + ask},
		{"neither", map[string]any{"aud": nil}, audience, "client_id is missing" + ask},
		{"audience in another type", map[string]any{"aud": map[string]any{"api": "api"}}, audience, `aud is "map[api:api]"` + ask},
		{"expired", map[string]any{"exp": 1725564787}, "the token has expired", "exp is 1725564787" + clocks},
		{"expires now", map[string]any{"exp": 1725564788}, "the token has expired", "exp is 1725564788" + clocks},
		{"expiry zero", map[string]any{"exp": 0}, "the token has expired", "exp is 0" + clocks},
		{"no expiry", map[string]any{"exp": nil}, "the token has an invalid exp claim", "exp is missing" + seconds},
		{"expiry as text", map[string]any{"exp": "1725568388"}, "the token has an invalid exp claim", `exp is "1725568388"` + seconds},
		{"expiry beyond numbers", map[string]any{"exp": json.Number("1e999")}, "the token has an invalid exp claim", `exp is "1e999"` + seconds},
		{"not yet", map[string]any{"nbf": 1725564789}, "the token is not valid yet", "nbf is 1725564789" + clocks},
		{"not for very long", map[string]any{"nbf": 1e30}, "the token is not valid yet", "nbf is 1e+30" + clocks},
		{"nbf null", map[string]any{"nbf": json.RawMessage("null")}, "the token has an invalid nbf claim", "nbf is missing" + seconds},
		{"issued in the future", map[string]any{"iat": 1725564789}, "the token was issued in the future", "iat is 1725564789" + clocks},
		{"iat as text", map[string]any{"iat": "1"}, "the token has an invalid iat claim", `iat is "1"` + seconds},
		{"case of a name", map[string]any{"exp": 1, "EXP": 1725568388}, "the token has expired", "exp is 1" + clocks},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := issuer.Token(t, with(issuer, tc.changes))
			_, err := a.Authorize(t.Context(), token, nil)
			wantRefusal(t, err, unauthorized(tc.description, tc.cure), token)
		})
	}
}

// TestScopes: a missing scope is 403; the challenge names the route's scopes,
// also that of another refusal.
func TestScopes(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	const description = "the token does not have a required scope"
	for _, tc := range []struct {
		name    string
		changes map[string]any
		want    *Error
	}{
		{"other scope", map[string]any{"scope": "reader"}, &Error{Status: 403, Cure: `the token has the scopes ["reader"]: ask the issuer for one with any of ["read" "write"]`}},
		{"no scope", nil, &Error{Status: 403, Cure: `the token has the scopes []: ask the issuer for one with any of ["read" "write"]`}},
		{"scope beats scp", map[string]any{"scope": "", "scp": "read"}, &Error{Status: 403}},
		{"scope in another type", map[string]any{"scope": map[string]any{"read": true}}, &Error{Status: 403}},
		{"expired too", map[string]any{"exp": 1}, &Error{
			Status:          401,
			WWWAuthenticate: `Bearer scope="read write" error="invalid_token" error_description="the token has expired"`,
			Reason:          "invalid_token: the token has expired",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := issuer.Token(t, with(issuer, tc.changes))
			_, err := a.Authorize(t.Context(), token, []string{"read", "write"})
			if tc.want.Reason == "" {
				tc.want.WWWAuthenticate = `Bearer scope="read write" error="insufficient_scope" error_description="` + description + `"`
				tc.want.Reason = "insufficient_scope: " + description
			}
			wantRefusal(t, err, tc.want, token)
		})
	}
}

func TestNoToken(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	for _, value := range []string{"", "Bearer", "bearer "} {
		_, err := a.Authorize(t.Context(), value, []string{"read"})
		wantRefusal(t, err, &Error{Status: 401, WWWAuthenticate: "Bearer", Reason: "missing: token not provided"}, "")
	}
	if n := issuer.Reads(oidctest.MetadataPath); n != 0 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	good := issuer.Token(t, issuer.Claims("api", now))
	parts := strings.Split(good, ".")
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	header := func(h string) string { return encode(h) + "." + parts[1] + "." + parts[2] }
	signed := func(claims string) string { return issuer.Token(t, json.RawMessage(claims)) }
	const segments = "token contains an invalid number of segments"
	const form = "the token is malformed"
	const signature = "the token has an invalid signature"
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	for _, tc := range []struct{ name, token, description, cure string }{
		{"word", "not-a-token", segments, "send a JSON Web Token: three parts in base64url, joined by dots"},
		{"two segments", parts[0] + "." + parts[1], segments, ""},
		{"four segments", good + ".x", segments, ""},
		{"too long", good + strings.Repeat("A", maxToken), form, "the length of the token: longer than 10240 bytes"},
		{"another scheme", "Basic " + good, form, "the header of the token: not base64url"},
		{"joined headers", good + ",Bearer " + good, segments, ""},
		{"padding", parts[0] + "." + parts[1] + "." + parts[2] + "==", form, "the signature of the token: not base64url"},
		{"line break in the signature", good[:len(good)-9] + "\r\n" + good[len(good)-9:], form, "the signature of the token: not base64url"},
		{"header is no JSON", header("{"), form, "the header of the token: not JSON"},
		{"header is no object", header(`["RS256"]`), form, "the header of the token: not a JSON object"},
		{"text after the header", header(`{"alg":"RS256","kid":"key-1"}{}`), form, "the header of the token: text after the JSON object"},
		{"algorithm twice", header(`{"alg":"none","alg":"RS256","kid":"key-1"}`), form, "the header of the token: a member stands twice"},
		{"critical extension", header(`{"alg":"RS256","kid":"key-1","crit":["b64"],"b64":false}`), form, "the header of the token: crit is not supported"},
		{"no algorithm", header(`{"kid":"key-1"}`), "signing method (alg) is unavailable", ""},
		{"invented algorithm", header(`{"alg":"RS256\" x=\"","kid":"key-1"}`), "signing method (alg) is unavailable", ""},
		{"no key id", header(`{"alg":"RS256"}`), "the token does not have a key id", "the issuer must set the header kid to the kid of the key that signs"},
		{"key id that is no text", header(`{"alg":"RS256","kid":1}`), "the token does not have a key id", ""},
		{"changed header", header(`{"alg":"RS256","kid":"key-1"}`), signature, "the token was changed, or not signed with the key that its kid names"},
		{"other algorithm", header(`{"alg":"RS512","kid":"key-1"}`), signature, ""},
		{"changed claims", parts[0] + "." + encode(`{"iss":"`+issuer.URL+`","aud":"api","exp":9999999999}`) + "." + parts[2], signature, ""},
		{"no signature", parts[0] + "." + parts[1] + ".", signature, ""},
		{"claims are no object", signed(`null`), form, "the claims of the token: not a JSON object"},
		{"claims twice", signed(`{"exp":1,"exp":9999999999}`), form, "the claims of the token: a member stands twice"},
		{"claims twice inside", signed(`{"a":[{"b":1,"b":2}]}`), form, "the claims of the token: a member stands twice"},
		{"deep claims", signed(`{"a":` + deep + `}`), form, "the claims of the token: nested too deeply"},
		{"broken claims", signed(`{"a":[1 2]}`), form, "the claims of the token: not JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := a.Authorize(t.Context(), tc.token, nil)
			wantRefusal(t, err, unauthorized(tc.description, tc.cure), tc.token)
		})
	}
}

// TestLastCharacter: the bits of a signature's last character that mean
// nothing may not be set.
func TestLastCharacter(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	a := newAuthorizer(t, issuer, nil)
	token := issuer.Token(t, issuer.Claims("api", now))
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	_, err := a.Authorize(t.Context(), token[:len(token)-1]+string(alphabet[last^1]), nil)
	wantRefusal(t, err, unauthorized("the token is malformed", "the signature of the token: not base64url"), token)
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	const form = " must be a URL such as https://issuer.example.com, without user, query or fragment"
	for _, tc := range []struct {
		name   string
		config Config
		want   string
	}{
		{"https", Config{Issuer: "https://issuer.example.com/", Audience: []string{"a"}}, ""},
		{"http on the loopback interface", Config{Issuer: "http://[::1]:1", Audience: []string{"a"}}, ""},
		{"http on localhost", Config{Issuer: "http://localhost:1", Audience: []string{"a"}}, ""},
		{"no issuer", Config{Audience: []string{"a"}}, `the issuer ""` + form},
		{"no URL", Config{Issuer: "issuer", Audience: []string{"a"}}, `the issuer "issuer"` + form},
		{"query", Config{Issuer: "https://i/?x=1", Audience: []string{"a"}}, `the issuer "https://i/?x=1"` + form},
		{"http", Config{Issuer: "http://issuer.example.com", Audience: []string{"a"}}, `the issuer "http://issuer.example.com" must begin with https://; http:// is for an issuer on the loopback interface`},
		{"host that begins like one", Config{Issuer: "http://127.0.0.1.example.com", Audience: []string{"a"}}, `the issuer "http://127.0.0.1.example.com" must begin with https://; http:// is for an issuer on the loopback interface`},
		{"no audience", Config{Issuer: "https://i"}, "the audience of a JWT authorizer must have at least one entry, and none that is empty"},
		{"empty audience", Config{Issuer: "https://i", Audience: []string{"a", ""}}, "the audience of a JWT authorizer must have at least one entry, and none that is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(tc.config)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func FuzzAuthorize(f *testing.F) {
	issuer := oidctest.Start(f)
	a, err := New(Config{Issuer: issuer.URL, Audience: []string{"api"}, now: func() time.Time { return now }})
	if err != nil {
		f.Fatal(err)
	}
	good := issuer.Token(f, issuer.Claims("api", now))
	f.Add(good, `{"iss":"x","exp":1}`)
	f.Add("Bearer "+good, `{"a":[{"b":null}],"scope":["x"]}`)
	f.Add("..", "[")
	f.Add("eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS0xIn0.e30.", "null")
	f.Fuzz(func(t *testing.T, value, claims string) {
		// A stranger's text: never accepted unless it is the good token.
		_, err := a.Authorize(context.Background(), value, nil)
		var refused *Error
		if err == nil && !strings.HasSuffix(value, good) {
			t.Errorf("accepted %q", value)
		}
		if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || strings.ContainsAny(refused.WWWAuthenticate, "\r\n\\")) {
			t.Errorf("got %+v", err)
		}
		// Claims of an issuer: nothing panics, and no other status.
		_, err = a.Authorize(context.Background(), issuer.Token(t, json.RawMessage(claims)), []string{"x"})
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("got %v", err)
		}
	})
}
