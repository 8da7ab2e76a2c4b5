package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
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
		``: otherType, ` `: otherType, `{`: otherType, `{"a":1,"a":2`: otherType,
	} {
		var value any
		if err := (Claims{"c": []byte(raw)}).Decode("c", &value); text(err) != want || err != nil && !errors.Is(err, ErrInvalidClaim) {
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

// FuzzDecode: a claim is decoded if it is JSON in which no object has two
// members that a struct would take for one, as the standard library reads it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"role":"user","Role":"admin"}`, `[{"a":1},{"a":[1,{"b":"]"}]},2]`, ` [ 1 , [ ] , {} ] `, `{"\u0061":{"A":1,"a":2}}`, `"{"`, `-1.5e3`, `{"ſ":1,"S":2}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var value any
		err := (Claims{"c": raw}).Decode("c", &value)
		var decoded any // numbers beyond float64 are JSON that it cannot take
		valid := json.Unmarshal(raw, &decoded) == nil && string(raw) != "null"
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
