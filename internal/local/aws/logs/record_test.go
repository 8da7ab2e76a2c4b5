package logs

import (
	"strings"
	"testing"
	"time"
)

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want string }{
		{"begins with a continuation", "\tx\n", `reading line 1 of a log file: "\tx" is not a time, a stream and a message`},
		{"cut", "2026-03-04T11:00:00.007Z s m", "reading line 1 of a log file: unexpected EOF"},
		{"no time", "yesterday s m\n", `reading line 1 of a log file: parsing time "yesterday" as "2006-01-02T15:04:05.000Z": cannot parse "yesterday" as "2006"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for e, err := range records(strings.NewReader(tt.file), 0) {
				if err == nil || err.Error() != tt.want {
					t.Errorf("got %v, %v, want %s", e, err, tt.want)
				}
			}
		})
	}
}

// FuzzRecord checks that any messages come back as they were, whatever a
// function prints.
func FuzzRecord(f *testing.F) {
	f.Add("a", "b")
	f.Add("two\nlines", "\n\n\ttab\r\n")
	f.Add("2026-03-04T11:00:00.007Z s m\n2026-03-04T11:00:00.007Z s m", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
		want := []Event{{at, "s/[$LATEST]1", first}, {at, "s/[$LATEST]1", second}}
		file := string(want[1].append(want[0].append(nil)))
		n := 0
		for got, err := range records(strings.NewReader(file), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if n >= len(want) || got.Event != want[n] {
				t.Fatalf("event %d: %q of %q", n, got.Event, file)
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%d events of %q", n, file)
		}
	})
}
