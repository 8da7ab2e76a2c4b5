package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// TestDecodeRepeats: encoding/json would take the last of several members for
// one field, however its name is written.
func TestDecodeRepeats(t *testing.T) {
	t.Parallel()
	const twice, otherType = `invalid claim: "c" names a member twice`, `invalid claim: "c" is not of the type that it should be`
	for raw, want := range map[string]string{
		`{"role":"user"}`: "", `{"role":"user","rule":1}`: "", ` { } `: "", `[1]`: "", `[{"a":[true]}]`: "", `[]`: "", `[ ]`: "", `7`: "", `"s"`: "",
		`[{"a":1},{"a":2},1,true,[[]],"]"]`: "", `{"a":{"role":1},"b":{"role":2}}`: "",
		`{"role":"user","role":"admin"}`: twice, `{"role":"user","\u0072ole":"admin"}`: twice, `{"role":"user","Role":"admin"}`: twice,
		`{"a":{"b":[1,{"c":1,"c":2}]}}`: twice, ` {"a":1,"a":2}`: twice, `[[{"a":1}],[{"a":1,"A":2}]]`: twice, `[1 , {"x":[ ] , "x":[]}]`: twice, `[1e400,{"a":1,"a":2}]`: twice,
		`{"s":1,"\u017f":2}`: twice, `{"K":1,"\u212a":2}`: twice, // the long s, and the sign of Kelvin
		` `: otherType, // which no token has
	} {
		var value any
		claims := Claims{&claims{members: []strictjson.Pair{{Name: "c", Value: raw}}}} // also what ParseClaims refuses
		if err := claims.Decode("c", &value); text(err) != want || err != nil && !errors.Is(err, ErrInvalidClaim) {
			t.Errorf("%s: got %q, want %q", raw, text(err), want)
		}
	}
	signed := sign(testHeader, `{"sub":"s","exp":1700000060,"user":{"role":"reader","Role":"admin"}}`)
	v := newJWT(t, func(c *JWTConfig) {
		c.Map = func(c Claims, p *Principal) error {
			var user struct{ Role string }
			err := c.Decode("user", &user)
			p.Permissions = []string{user.Role}
			return err
		}
	})
	checkRefused(t, v, signed, ErrInvalidClaim, `invalid claim: "user" names a member twice`)
}

// FuzzDecode: a claim is decoded if no object in it has two members that a struct
// would take for one, as the standard library reads it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"role":"user","Role":"admin"}`, `[{"a":1},{"a":[1,{"b":"]"}]},2]`, ` [ 1 , [ ] , {} ] `, `{"\u0061":{"A":1,"a":2}}`, `"{"`, `-1.5e3`, `{"ſ":1,"S":2}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return
		}
		var value any
		claims, err := ParseClaims(`{"c":` + string(raw) + `}`)
		if err == nil {
			err = claims.Decode("c", &value)
		}
		var decoded any // numbers beyond float64 are JSON that it cannot take
		valid := json.Unmarshal(raw, &decoded) == nil && strings.TrimSpace(string(raw)) != "null"
		if want := valid && members(decoded) == colons(raw); (err == nil) != want {
			t.Errorf("%q: got %v", raw, err)
		}
	})
}

// members counts the members of all objects within a value, of those that differ
// in case only one.
func members(value any) int {
	count := 0
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			count += members(element)
		}
	case map[string]any:
		names := slices.Collect(maps.Keys(value))
		for i, name := range names {
			count += members(value[name])
			if !slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
				count++
			}
		}
	}
	return count
}

// colons counts the members that are written down: the colons outside strings.
func colons(raw []byte) int {
	return bytes.Count(regexp.MustCompile(`"(\\.|[^"\\])*"`).ReplaceAll(raw, nil), []byte(":"))
}

func TestClaims(t *testing.T) {
	t.Parallel()
	claims, err := ParseClaims(` {"b": [1, 2] ,"a":"x\n","":{},"n":null,"words":"p q","list":["p","\u0071"]} `)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for name, value := range claims.All() {
		all = append(all, name+"="+string(value))
		if got, ok := claims.Get(name); !ok || string(got) != string(value) || !claims.Has(name) {
			t.Errorf("%s: got %s, %v", name, got, ok)
		}
	}
	want := []string{`b=[1, 2]`, `a="x\n"`, `={}`, `n=null`, `words="p q"`, `list=["p","\u0071"]`}
	if !slices.Equal(all, want) {
		t.Errorf("got %q, want %q", all, want)
	}
	for range claims.All() {
		break
	}
	if a, ok := claims.String("a"); a != "x\n" || !ok {
		t.Errorf("got %q, %v", a, ok)
	}
	raw, _ := claims.Get("a")
	clear(raw) // is the caller's own
	var a string
	var list []string
	if claims.Decode("a", &a) != nil || claims.Decode("list", &list) != nil || a != "x\n" || !slices.Equal(list, []string{"p", "q"}) {
		t.Errorf("got %q, %q", a, list)
	}
	var none Claims
	if got, ok := none.Get("a"); got != nil || ok || none.Has("a") || claims.Has("A") || !none.IsZero() || claims.IsZero() {
		t.Errorf("got %s, %v of no claims", got, ok)
	}
	for range none.All() {
		t.Error("the zero Claims have a claim")
	}
	// Also in what does not ask Format, the values are not printed.
	for _, got := range []string{fmt.Sprint(claims), fmt.Sprintf("%+v %#v %s", struct{ c Claims }{claims}, struct{ c Claims }{claims}, claims)} {
		if strings.Contains(got, "p q") || strings.Contains(got, "x\n") {
			t.Errorf("printed: %s", got)
		}
	}
	for object, want := range map[string]string{
		`[]`: notObjectText, `{`: notJSONText, "": notJSONText, `{}{}`: notJSONText, `{"a":{"x":1,"x":1}}`: twiceText,
		"{\"\xff\":1}": "malformed credential: the token's header or claims set is not UTF-8",
	} {
		if got, err := ParseClaims(object); text(err) != want || !errors.Is(err, ErrMalformed) || !got.IsZero() {
			t.Errorf("%s: got %v, %v", object, got, err)
		}
	}
}
