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
		{"a request", func(c *Console) { c.Request("GET", "/events", 200, "warm, 1 ms") }, "12:30:00.000 GET /events 200; warm, 1 ms\n"},
		{"a log line", func(c *Console) { c.Log("create-event", "START\n") }, "12:30:00.000 create-event | START\n"},
		{"escape sequences", func(c *Console) { c.Printf("%s", "a\x1b[2Jb\u009bc\td") }, "12:30:00.000 a\uFFFD[2Jb\uFFFDc\td\n"},
		{"another order, another line", func(c *Console) { c.Printf("%s", "/a\u202eb\u2066c\u200fd\u2028e\u2029f é 漢 \u200d") }, "12:30:00.000 /a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf é 漢 \u200d\n"},
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

// A brief console has what functions say, and not what Lambda says of each run.
func TestBrief(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := New(&out)
	c.now = func() time.Time { return time.Date(2026, 1, 2, 12, 30, 0, 0, time.UTC) }
	c.Brief()
	for _, line := range []string{"START RequestId: 1", "END RequestId: 1", "REPORT RequestId: 1", "INIT_START Runtime", `{"time":"x","type":"platform.start"}`, "STARTED well"} {
		c.Log("f", line)
	}
	if out.String() != "12:30:00.000 f | STARTED well\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestNilConsoleIsSilent(t *testing.T) {
	t.Parallel()
	var c *Console
	c.Printf("nothing")
	c.Refused("nothing", "nothing")
}

func TestColours(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		write func(*Console)
		want  string
	}{
		{"nothing special", func(c *Console) { c.Printf("x") }, "12:30:00.000 x\n"},
		{"a refusal", func(c *Console) { c.Refused("no", "grant it") }, "\x1b[31m12:30:00.000 REFUSED no; cure: grant it\x1b[0m\n"},
		{"200", func(c *Console) { c.Request("GET", "/", 200, "x") }, "\x1b[32m12:30:00.000 GET / 200; x\x1b[0m\n"},
		{"403", func(c *Console) { c.Request("GET", "/", 403, "x") }, "\x1b[33m12:30:00.000 GET / 403; x\x1b[0m\n"},
		{"500", func(c *Console) { c.Request("GET", "/", 500, "x") }, "\x1b[31m12:30:00.000 GET / 500; x\x1b[0m\n"},
		{"a log event of two lines", func(c *Console) { c.Log("f", "x\ny") }, "\x1b[2m12:30:00.000 f | x\x1b[0m\n\x1b[2m12:30:00.000 f | y\x1b[0m\n"},
		{"a log line", func(c *Console) { c.Log("f", "x") }, "\x1b[2m12:30:00.000 f | x\x1b[0m\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			c := New(&out)
			if c.colour {
				t.Error("what is no terminal gets colours")
			}
			c.colour = true
			c.now = func() time.Time { return time.Date(2026, 1, 2, 12, 30, 0, 0, time.UTC) }
			tt.write(c)
			if out.String() != tt.want {
				t.Errorf("got %q, want %q", out.String(), tt.want)
			}
		})
	}
}
