package lambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Whatever was written before drain is passed on when it returns.
func TestDrain(t *testing.T) {
	t.Parallel()
	var lines []string
	o, w, err := newOutput(func(line string) { lines = append(lines, line) })
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 500 {
		for j := range i % 7 {
			text := fmt.Sprintf("%d-%d %s", i, j, strings.Repeat("x", i*j))
			if _, err := fmt.Fprintln(w, text); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		if i%3 == 0 {
			if _, err := fmt.Fprint(w, "unfinished"); err != nil {
				t.Fatal(err)
			}
			want = append(want, "unfinished")
		}
		o.drain()
		if !slices.Equal(lines, want) {
			t.Fatalf("round %d: %d lines, want %d", i, len(lines), len(want))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o.drain() // at the pipe's end too
	o.close()
	o.drain()
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	var lengths []int
	o, w, err := newOutput(func(line string) { lengths = append(lengths, len(line)) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(w, strings.Repeat("x", 600*1024), "\n\nshort\n"); err != nil {
		t.Fatal(err)
	}
	o.drain()
	if want := []int{256 * 1024, 256 * 1024, 88 * 1024, 0, 5}; !slices.Equal(lengths, want) {
		t.Errorf("got %v, want %v", lengths, want)
	}
	_ = w.Close()
	o.close()
}
