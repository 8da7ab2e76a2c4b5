package dynamodb

import (
	"slices"
	"strings"
	"testing"
)

func TestReservedWords(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(reservedText, "\n"), "\n")
	if len(lines) != 573 || len(reservedWords) != 573 || !slices.IsSorted(lines) {
		t.Errorf("%d lines with %d words, want the developer guide's 573, sorted", len(lines), len(reservedWords))
	}
	for word, want := range map[string]bool{"ABORT": true, "name": true, "Ttl": true, "zone": true, "pk": false, "": false, "used": false} {
		if isReserved(word) != want {
			t.Errorf("isReserved(%q) is not %t", word, want)
		}
	}
}
