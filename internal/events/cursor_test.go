package events

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

const (
	someID   = "01HQZX3V8KQ4T5W6Y7Z8A9B0CD"
	someTime = "2026-02-03T04:05:06.700Z"
)

func TestDecodeCursor(t *testing.T) {
	t.Parallel()
	good := cursorAfter(Event{ID: someID, CreatedAt: someTime}).encode()
	tests := []struct {
		name, in string
		ok       bool
	}{
		{"as encoded", good, true},
		{"empty", "", false},
		{"no base64", "%%%", false},
		{"padded", good + "=", false},
		{"line break within", good[:10] + "\n" + good[10:], false},
		{"cut off", good[:len(good)-2], false},
		{"doubled", good + good, false},
		{"far too long", strings.Repeat("A", 1<<20), false},
		{"standard alphabet", strings.ReplaceAll(b64(`{"v":1,"id":"??>>"}`), "_", "/"), false},
		{"no object", b64(`null`), false},
		{"other version", b64(`{"v":2,"id":"` + someID + `","createdAt":"` + someTime + `"}`), false},
		{"white space", b64(`{"v":1, "id":"` + someID + `","createdAt":"` + someTime + `"}`), false},
		{"other case", b64(`{"V":1,"id":"` + someID + `","createdAt":"` + someTime + `"}`), false},
		{"duplicate member", b64(`{"v":1,"v":1,"id":"` + someID + `","createdAt":"` + someTime + `"}`), false},
		{"unknown member", b64(`{"v":1,"id":"` + someID + `","createdAt":"` + someTime + `","pk":"SECRET#1"}`), false},
		{"trailing data", b64(`{"v":1,"id":"` + someID + `","createdAt":"` + someTime + `"}{}`), false},
		{"bad id", b64(`{"v":1,"id":"x","createdAt":"` + someTime + `"}`), false},
		{"bad time", b64(`{"v":1,"id":"` + someID + `","createdAt":"yesterday"}`), false},
		{"time of another zone", b64(`{"v":1,"id":"` + someID + `","createdAt":"2026-02-03T04:05:06.700+01:00"}`), false},
		{"time of another width", b64(`{"v":1,"id":"` + someID + `","createdAt":"2026-02-03T04:05:06.7000Z"}`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := decodeCursor(tt.in)
			if tt.ok && (err != nil || c.ID != someID || c.CreatedAt != someTime) {
				t.Errorf("decodeCursor = %+v, %v", c, err)
			}
			if !tt.ok && !errors.Is(err, ErrBadCursor) {
				t.Errorf("decodeCursor = %+v, %v; want ErrBadCursor", c, err)
			}
		})
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(cursorAfter(Event{ID: someID, CreatedAt: someTime}).encode())
	f.Add(b64(`{"v":1}`))
	f.Add("")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := decodeCursor(in)
		if err != nil {
			if !errors.Is(err, ErrBadCursor) {
				t.Fatalf("decodeCursor(%q): %v; want ErrBadCursor", in, err)
			}
			return
		}
		if c.encode() != in || !validID(c.ID) || !validTime(c.CreatedAt) {
			t.Fatalf("decodeCursor(%q) let %+v through", in, c)
		}
	})
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
