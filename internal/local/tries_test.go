package local

import (
	"slices"
	"strings"
	"testing"
)

// Tries is set by the tests of package callers, which imports this one.
var Tries func(*Deployment) func(*testing.T) []string

// wantTries tries every route with all that it can be tried with, and wants these
// answers.
func wantTries(t *testing.T, try func(*testing.T) []string, want ...string) {
	t.Helper()
	if got := try(t); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
