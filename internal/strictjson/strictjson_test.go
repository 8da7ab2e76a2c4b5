package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw            string
		null, repeated bool
	}{
		{`"a"`, false, false},
		{` 1e999 `, false, false},
		{"true", false, false},
		{"null", true, false},
		{`[1,[null]]`, true, false},
		{`{"a":{"b":null}}`, true, false},
		{`{"a":"null","b":{"a":1},"c":[{"a":1},{"a":2}]}`, false, false},
		{`{"a":1,"a":1}`, false, true},
		{`{"a":1,"\u0061":1}`, false, true},
		{`[{"x":[{"a":1,"b":2,"a":3}]}]`, false, true},
		{`{"n":1e999,"x":1,"x":null}`, true, true},
		{`{"x":{},"y":{"x":1},"x":2}`, false, true},
		{`{"role":1,"Role":2}`, false, true},
		{`{"suspended":1,"ſuspended":2}`, false, true},
		{`{"k":1,"` + "\u212a" + `":2}`, false, true}, // the Kelvin sign
		{`{"":1,"a":2}`, false, false},
		{"", true, true},
		{`{"a":1`, true, true},
		{`{"a":1}}`, true, true},
		{strings.Repeat("[", 9999) + strings.Repeat("]", 9999), false, false},
	} {
		name := tt.raw[:min(len(tt.raw), 40)]
		if null, repeated := Inspect([]byte(tt.raw)); null != tt.null || repeated != tt.repeated {
			t.Errorf("%s: got %v, %v", name, null, repeated)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("%q:%d", fmt.Sprint("m", i), i)
	}
	for _, tt := range []struct{ name, data, want string }{
		{"empty", ` {} `, ""},
		{"in order", "\t{ \"b\" : 1 ,\r\n\"a\":[ {\"x\":null} ] }", `b=1 a=[ {"x":null} ]`},
		{"escaped name", `{"\u0061":"\"}"}`, `a="\"}"`},
		{"nested objects may share names", `{"a":{"a":{"a":1}},"b":{"a":[]}}`, `a={"a":{"a":1}} b={"a":[]}`},
		{"a number at the end of an array", `{"a":[1,-2.5e3],"b":true}`, `a=[1,-2.5e3] b=true`},
		{"other case", `{"a":1,"A":2}`, "a=1 A=2"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "error is not UTF-8"},
		{"nothing", "", "error is not JSON"},
		{"cut", `{"a":1`, "error is not JSON"},
		{"trailing", `{"a":1} {}`, "error is not JSON"},
		{"a comment", `{"a":1 /* x */}`, "error is not JSON"},
		{"an array", `[{}]`, "error is not a JSON object"},
		{"a string", `"{}"`, "error is not a JSON object"},
		{"null", `null`, "error is not a JSON object"},
		{"twice", `{"a":1,"b":2,"a":3}`, "error a names a member twice"},
		{"twice after unescaping", `{"a":1,"\u0061":3}`, "error a names a member twice"},
		{"twice in an array", `{"x":[1,{"a":1,"a":3}]}`, "error x.a names a member twice"},
		{"two names that read the same", `{"\ud800":1,"\udfff":2}`, "error \ufffd names a member twice"},
		{"twice among many", "{" + strings.Join(many, ",") + `,"m7":0}`, "error m7 names a member twice"},
		{"last of many", "{" + strings.Join(many, ",") + `,"m99":0}`, "error m99 names a member twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			members, err := Members([]byte(tt.data))
			var parts []string
			for _, m := range members {
				parts = append(parts, m.Name+"="+string(m.Value))
			}
			got := strings.Join(parts, " ")
			if repeated := (*RepeatedError)(nil); errors.As(err, &repeated) {
				got = "error " + strings.TrimPrefix(repeated.In+"."+repeated.Name, ".") + " " + err.Error()
			} else if err != nil {
				got = "error " + err.Error()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if members, err := Members([]byte("{" + strings.Join(many, ",") + "}")); err != nil || len(members) != 100 {
		t.Errorf("of many: %d members, %v", len(members), err)
	}
}

// FuzzMembers: encoding/json reads the same members with the same values.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"b":null}],"c":"\\"}`, `{"a":1,"a":2}`, `[]`, `{"\u0061":-1.5e3 }`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := Members(data)
		var want map[string]json.RawMessage
		plain := json.Unmarshal(data, &want)
		if err != nil {
			return
		}
		if plain != nil || len(members) != len(want) {
			t.Fatalf("%d members, encoding/json has %d and %v", len(members), len(want), plain)
		}
		for _, m := range members {
			if string(m.Value) != string(want[m.Name]) {
				t.Fatalf("%q is %s, encoding/json has %s", m.Name, m.Value, want[m.Name])
			}
		}
	})
}
