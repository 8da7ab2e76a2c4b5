package secret

import (
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

var testNow = time.Date(2026, 11, 22, 17, 45, 3, 0, time.UTC)

// shape is a document with "new" for a secret that is none of the test's.
func shape(d Document) string {
	var parts []string
	for _, part := range []struct {
		role string
		Entry
	}{{"current", d.Current}, {"previous", d.Previous}, {"next", d.Next}} {
		if part.IsZero() {
			continue
		}
		value, id := part.Value(), part.ID
		if len(value) > 1 {
			value = "new"
		}
		if strings.HasPrefix(id, "20261122t174503z-") && len(id) == len("20261122t174503z-")+8 {
			id = "new"
		}
		parts = append(parts, part.role+"|"+id+"|"+value)
	}
	return strings.Join(parts, " ")
}

func TestRotate(t *testing.T) {
	t.Parallel()
	const withIDs = `{"current":{"kid":"k2","secret":"b"},"previous":{"kid":"k1","secret":"a"}}`
	tests := []struct{ name, value, rotated, prepared, finished string }{
		{"one secret", "a", "current||new previous||a", "current||a next||new", "there is no previous secret to drop"},
		{"current", `{"current":"a"}`, "current||new previous||a", "current||a next||new", "there is no previous secret to drop"},
		{"current and previous", `{"current":"b","previous":"a"}`, "current||new previous||b", "current||b previous||a next||new", "current||b"},
		{"with ids", withIDs, "current|new|new previous|k2|b", "current|k2|b previous|k1|a next|new|new", "current|k2|b"},
		{"with next", `{"current":"b","previous":"a","next":"c"}`, "current||c previous||b", "there is a next secret already; rotate to sign with it", "current||b next||c"},
		{"keys", `{"keys":{"k":"a"}}`, errKeys.Error(), errKeys.Error(), errKeys.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseDocument(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			before := plain(d)
			check := func(step, want string, next Document, err error) {
				got := shape(next)
				if err != nil {
					got = err.Error()
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", step, got, want)
				}
			}
			rotated, err := d.Rotate(testNow)
			check("rotate", tt.rotated, rotated, err)
			prepared, err := d.Prepare(testNow)
			check("prepare", tt.prepared, prepared, err)
			finished, err := d.Finish()
			check("finish", tt.finished, finished, err)
			if plain(d) != before {
				t.Error("the document itself has changed")
			}
		})
	}
}

// TestFresh: new secrets are good for HS256 and differ, and so do their ids.
func TestFresh(t *testing.T) {
	t.Parallel()
	d := Document{Current: NewEntry("k", "a")}
	one, two := d.fresh(testNow), d.fresh(testNow)
	if one.Value() == two.Value() || one.ID == two.ID {
		t.Error("two new secrets are the same")
	}
	secret, err := authz.ParseSecret(one.Value())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authz.NewHMACKey(authz.HS256, one.ID, secret); err != nil {
		t.Error(err)
	}
}
