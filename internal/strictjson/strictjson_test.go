package strictjson

import (
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw                    string
		null, repeated, folded bool
	}{
		{`"a"`, false, false, false},
		{` 1e999 `, false, false, false},
		{"true", false, false, false},
		{"null", true, false, false},
		{`[1,[null]]`, true, false, false},
		{`{"a":{"b":null}}`, true, false, false},
		{`{"a":"null","b":{"a":1},"c":[{"a":1},{"a":2}]}`, false, false, false},
		{`{"a":1,"a":1}`, false, true, true},
		{`{"a":1,"\u0061":1}`, false, true, true},
		{`[{"x":[{"a":1,"b":2,"a":3}]}]`, false, true, true},
		{`{"n":1e999,"x":1,"x":null}`, true, true, true},
		{`{"x":{},"y":{"x":1},"x":2}`, false, true, true},
		{`{"role":1,"Role":2}`, false, false, true},
		{`{"suspended":1,"ſuspended":2}`, false, false, true},
		{`{"k":1,"` + "\u212a" + `":2}`, false, false, true}, // the Kelvin sign
		{`{"":1,"a":2}`, false, false, false},
		{"", true, true, true},
		{`{"a":1`, true, true, true},
		{`{"a":1}}`, true, true, true},
		{strings.Repeat("[", 9999) + strings.Repeat("]", 9999), false, false, false},
	} {
		name := tt.raw[:min(len(tt.raw), 40)]
		if null, repeated := Inspect([]byte(tt.raw), Exact); null != tt.null || repeated != tt.repeated {
			t.Errorf("%s: got %v, %v", name, null, repeated)
		}
		if null, repeated := Inspect([]byte(tt.raw), Fold); null != tt.null || repeated != tt.folded {
			t.Errorf("%s, folded: got %v, %v", name, null, repeated)
		}
	}
}
