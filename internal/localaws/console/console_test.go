package console

import (
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		write func(*Console)
		want  string
	}{
		{"a line", func(c *Console) { c.Printf("GET %s", "/events") }, "12:30:00.000 GET /events\n"},
		{"a refusal", func(c *Console) { c.Refused("no", "grant it") }, "12:30:00.000 REFUSED no; cure: grant it\n"},
		{"a forged second line", func(c *Console) { c.Printf("GET /%s", "x\n12:30:00.000 POST") }, "12:30:00.000 GET /x\uFFFD12:30:00.000 POST\n"},
		{"escape sequences", func(c *Console) { c.Printf("%s", "a\x1b[2Jb\u009bc\td") }, "12:30:00.000 a\uFFFD[2Jb\uFFFDc\td\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			c := New(&out)
			c.now = func() time.Time { return time.Date(2026, 1, 2, 12, 30, 0, 0, time.UTC) }
			tt.write(c)
			if out.String() != tt.want {
				t.Errorf("got %q, want %q", out.String(), tt.want)
			}
		})
	}
}

func TestNilConsoleIsSilent(t *testing.T) {
	t.Parallel()
	var c *Console
	c.Printf("nothing")
	c.Refused("nothing", "nothing")
}
