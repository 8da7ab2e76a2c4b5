package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
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

func TestElements(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`[]`: nil, ` [ ] `: nil, `{"a":1}`: nil, `"[1]"`: nil, `null`: nil, ``: nil,
		`[1]`: {"1"}, `[ "a,b" , [2,[3]],{"c":"]"} ,null]`: {`"a,b"`, `[2,[3]]`, `{"c":"]"}`, "null"},
	} {
		if got := slices.Collect(Elements(raw)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
	for range Elements("[1,2]") {
		break
	}
}

func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,{"b":null}],"c":"\\"}`, `{"a":1,"a":2}`, `[]`, `{"\u0061":-1.5e3 }`, `{"a":1,"\ud800":0E+5,"\udc00":[true,false]}`,
		`{"x":{"k":1,"K":2,"` + "\u212a" + `":3},"y":[{"b":"\/"},{"b":1}]}`, `[[[[`, `{"a":01}`, "{\"a\":\"\x1f\"}", `"a"b`, `nulls`,
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"A":1,"q":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(checkAgainstStandard)
}

// TestDepth: a text may be as deep as the standard library takes it, and no deeper.
func TestDepth(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{maxDepth - 1, maxDepth, maxDepth + 1} {
		checkAgainstStandard(t, []byte(strings.Repeat("[", depth)+strings.Repeat("]", depth)))
		checkAgainstStandard(t, []byte(strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth)))
		checkAgainstStandard(t, []byte(strings.Repeat("[", depth)))
	}
}

// checkAgainstStandard compares what is read, and why it is not, with what
// encoding/json makes of the same data and the rules say of it.
func checkAgainstStandard(t *testing.T, data []byte) {
	t.Helper()
	s := standard{decoder: json.NewDecoder(bytes.NewReader(data))}
	s.decoder.UseNumber()
	valid := json.Valid(data)
	if valid {
		s.value(0)
	}
	var want error
	switch {
	case !utf8.Valid(data):
		want = ErrUTF8
	case !valid:
		want = ErrSyntax
	case bytes.TrimLeft(data, " \t\r\n")[0] != '{':
		want = ErrNotObject
	case s.repeated != nil:
		want = s.repeated
	}
	members, err := Members(data)
	if !reflect.DeepEqual(err, want) {
		t.Fatalf("%q: got %#v, want %#v", data, err, want)
	}
	if null, repeated := Inspect(data); null != (s.null || !valid) || repeated != (s.folded || !valid) {
		t.Fatalf("%q: got null %v, repeated %v", data, null, repeated)
	}
	if err != nil {
		return
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil || len(members) != len(values) {
		t.Fatalf("%q: %d members, encoding/json has %d and %v", data, len(members), len(values), err)
	}
	for i, m := range members {
		if m.Name != s.names[i] || string(m.Value) != string(values[m.Name]) {
			t.Fatalf("%q is %s, encoding/json has %q and %s", m.Name, m.Value, s.names[i], values[m.Name])
		}
	}
}

// standard goes over valid JSON with the standard library's decoder.
type standard struct {
	decoder      *json.Decoder
	names        []string // of the outermost object
	in           string
	repeated     *RepeatedError // the first
	folded, null bool
}

func (s *standard) value(depth int) {
	token, _ := s.decoder.Token()
	s.null = s.null || token == nil
	var names []string
	for s.decoder.More() && (token == json.Delim('{') || token == json.Delim('[')) {
		if token == json.Delim('[') {
			s.value(depth + 1)
			continue
		}
		next, _ := s.decoder.Token()
		name := next.(string)
		if slices.Contains(names, name) && s.repeated == nil {
			s.repeated = &RepeatedError{Name: name, In: s.in}
		}
		s.folded = s.folded || slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) })
		names = append(names, name)
		if depth == 0 {
			s.in = name
		}
		s.value(depth + 1)
		if depth == 0 {
			s.in, s.names = "", names
		}
	}
	if token == json.Delim('{') || token == json.Delim('[') {
		_, _ = s.decoder.Token()
	}
}
