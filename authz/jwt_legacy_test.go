package authz

import (
	"strconv"
	"strings"
	"testing"
)

// TestNumericIDs: an old issuer's numbers reach Map, which makes a subject of
// them, and nobody else.
func TestNumericIDs(t *testing.T) {
	t.Parallel()
	fromNumber := func(name string) func(*JWTConfig) {
		return func(c *JWTConfig) {
			c.Map = func(claims Claims, p *Principal) error {
				var id int64
				if err := claims.Decode(name, &id); err != nil {
					return err
				}
				p.Subject = "user-" + strconv.FormatInt(id, 10)
				return nil
			}
		}
	}
	nothing := func(c *JWTConfig) { c.Map = func(Claims, *Principal) error { return nil } }
	named := func(c *JWTConfig) {
		key, err := NewHMACKey(HS256, "7", testSecret)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = StaticKeys{key}
		nothing(c)
	}
	tests := []struct {
		name, header, claims string
		change               func(*JWTConfig)
		subject, id, text    string
	}{
		{"sub, which Map reads", testHeader, `{"sub":4711,"exp":1700000060}`, fromNumber("sub"), "user-4711", "", ""},
		{"sub, where Map reads another claim", testHeader, `{"sub":4711,"uid":-5,"exp":1700000060}`, fromNumber("uid"), "user--5", "", ""},
		{"sub, which Map leaves", testHeader, `{"sub":4711,"exp":1700000060}`, nothing, "", "", "invalid claim: sub is not a string"},
		{"sub, no Map", testHeader, `{"sub":4711,"exp":1700000060}`, nil, "", "", "invalid claim: sub is not a string"},
		{"sub null", testHeader, `{"sub":null,"uid":5,"exp":1700000060}`, fromNumber("uid"), "", "", "invalid claim: sub is not a string"},
		{"sub an object", testHeader, `{"sub":{"id":1},"uid":5,"exp":1700000060}`, fromNumber("uid"), "", "", "invalid claim: sub is not a string"},
		{"a subject of Map's that is none", testHeader, `{"sub":4711,"exp":1700000060}`, func(c *JWTConfig) {
			c.Map = func(_ Claims, p *Principal) error { p.Subject = "a\n"; return nil }
		}, "", "", "invalid claim: sub: the subject has a character that is not printable"},
		{"jti", testHeader, `{"sub":"s","jti":12,"exp":1700000060}`, nothing, "s", "", ""},
		{"jti, which Map reads", testHeader, `{"sub":"s","jti":12,"exp":1700000060}`, func(c *JWTConfig) {
			c.Map = func(claims Claims, p *Principal) error {
				raw, _ := claims.Get("jti")
				p.CredentialID = string(raw)
				return nil
			}
		}, "s", "12", ""},
		{"jti, no Map", testHeader, `{"sub":"s","jti":12,"exp":1700000060}`, nil, "", "", "invalid claim: jti is not a string"},
		{"jti an array", testHeader, `{"sub":"s","jti":[12],"exp":1700000060}`, nothing, "", "", "invalid claim: jti is not a string"},
		{"iss", testHeader, `{"sub":"s","iss":12,"exp":1700000060}`, nothing, "", "", "invalid claim: iss is not a string"},
		{"kid, keys without ids", `{"alg":"HS256","kid":7}`, testClaims, nothing, "usr_abc", "", ""},
		{"kid, keys without ids, no Map", `{"alg":"HS256","kid":7}`, testClaims, nil, "", "", "malformed credential: the token's kid is not a string"},
		{"kid, keys with ids", `{"alg":"HS256","kid":7}`, testClaims, named, "", "", "malformed credential: the token's kid is not a string"},
		{"kid null", `{"alg":"HS256","kid":null}`, testClaims, nothing, "", "", "malformed credential: the token's kid is not a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newJWT(t)
			if tt.change != nil {
				v = newJWT(t, tt.change)
			}
			p, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(tt.header, tt.claims)))
			if p.Subject != tt.subject || p.CredentialID != tt.id || text(err) != tt.text {
				t.Errorf("got %q, %q, %v; want %q, %q, %q", p.Subject, p.CredentialID, err, tt.subject, tt.id, tt.text)
			}
		})
	}
	// Who has no good signature reaches no Map.
	reached := false
	v := newJWT(t, func(c *JWTConfig) { c.Map = func(Claims, *Principal) error { reached = true; return nil } })
	forged := sign(`{"alg":"HS256","kid":7}`, `{"sub":7,"exp":1700000060}`)
	forged = forged[:strings.LastIndexByte(forged, '.')+1] + segment(strings.Repeat("x", 32))
	if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, forged)); text(err) != "invalid signature" || reached {
		t.Errorf("got %v, reached %v", err, reached)
	}
}
