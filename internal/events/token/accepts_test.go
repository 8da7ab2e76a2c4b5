package token

import (
	"reflect"
	"testing"
)

func TestFit(t *testing.T) {
	t.Parallel()
	const all = `{"issuer":"i","audience":"a","permissionsClaim":"p"}`
	for _, tt := range []struct {
		variable    string
		extra, want map[string]any
	}{
		{"", map[string]any{"permissions": 1}, map[string]any{"permissions": 1}},
		{"{", map[string]any{"permissions": 1}, map[string]any{"permissions": 1}},
		{all, map[string]any{}, map[string]any{"iss": "i", "aud": "a"}},
		{all, map[string]any{"permissions": 1}, map[string]any{"iss": "i", "aud": "a", "p": 1, "permissions": 1}},
		{all, map[string]any{"iss": 1, "aud": 2, "p": 3, "permissions": 4}, map[string]any{"iss": 1, "aud": 2, "p": 3, "permissions": 4}},
		{`{"permissionsClaim":"permissions"}`, map[string]any{"permissions": 1}, map[string]any{"permissions": 1}},
	} {
		if Fit(tt.extra, ReadAccepts(tt.variable)); !reflect.DeepEqual(tt.extra, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.variable, tt.extra, tt.want)
		}
	}
}
