package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// TestRounds: each round has every side once, in more than one order; samples of a round
// have the same index; the first rounds do not count.
func TestRounds(t *testing.T) {
	t.Parallel()
	var ran []string
	side := func(name string) Side {
		n := 0
		return Side{Name: name, Figures: []Figure{{name + " one", report.Seconds}, {name + " two", report.Count}}, Run: func(context.Context) ([]float64, error) {
			n++
			ran = append(ran, name)
			return []float64{float64(n), float64(10 * n)}, nil
		}}
	}
	var part report.Part
	e := &Env{Progress: io.Discard}
	if err := e.Rounds(t.Context(), &part, 2, 8, side("a"), side("b"), side("c")); err != nil {
		t.Fatal(err)
	}
	orders := map[string]bool{}
	for round := range slices.Chunk(ran, 3) {
		orders[strings.Join(round, "")] = true
		if sorted := slices.Sorted(slices.Values(round)); !slices.Equal(sorted, []string{"a", "b", "c"}) {
			t.Errorf("a round has %v", round)
		}
	}
	if len(ran) != 30 || len(orders) < 3 {
		t.Errorf("%d runs in the orders %v", len(ran), orders)
	}
	for _, name := range []string{"a", "b", "c"} {
		if one := part.Find(name + " one"); one == nil || !slices.Equal(one.Samples, []float64{3, 4, 5, 6, 7, 8, 9, 10}) {
			t.Errorf("%s one is %+v", name, one)
		}
		if two := part.Find(name + " two"); two == nil || two.Summary.Median != 65 || two.Unit != report.Count {
			t.Errorf("%s two is %+v", name, two)
		}
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	if got := (&Env{}).Repeats(9, 2); got != 9 {
		t.Errorf("%d repeats", got)
	}
	if got := (&Env{Quick: true}).Repeats(9, 2); got != 2 {
		t.Errorf("%d repeats of a quick run", got)
	}
}

func TestAllocations(t *testing.T) {
	t.Parallel()
	var keep [3]*int64
	// Other tests allocate at the same time, so that it may be more.
	if got := Allocations(func() {
		for i := range keep {
			keep[i] = new(int64)
		}
	}); got < 3 {
		t.Errorf("%g allocations of three", got)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), t.TempDir(), []string{"NAME=value"}, "sh", "-c", "echo $NAME; echo talk >&2")
	if string(out) != "value\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := Run(t.Context(), "", nil, "sh", "-c", "echo why >&2; exit 3"); err == nil || err.Error() != "sh -c echo why >&2; exit 3: exit status 3: why" {
		t.Errorf("the error is %v", err)
	}
}

// TestBackground: what serves ends with all that it has started.
func TestBackground(t *testing.T) {
	t.Parallel()
	e := &Env{Progress: io.Discard}
	dir := t.TempDir()
	stop, err := e.Background(t.Context(), dir, nil, "sh", "-c", "(while :; do date +%s%N >alive; sleep 0.05; done) & wait")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	before, err := Run(t.Context(), dir, nil, "cat", "alive")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if after, err := Run(t.Context(), dir, nil, "cat", "alive"); err != nil || string(after) != string(before) {
		t.Errorf("it runs on: %s, %s, %v", before, after, err)
	}
}

func TestSkip(t *testing.T) {
	t.Parallel()
	var progress strings.Builder
	var part report.Part
	e := &Env{Progress: &progress}
	missing := &Missing{Peer: "dynalite", Why: "npm is not on the PATH", Install: "apt-get install npm"}
	if !e.Skip(&part, fmt.Errorf("starting: %w", missing)) || len(part.Skipped) != 1 || part.Skipped[0] != report.Skipped(*missing) {
		t.Errorf("the part is %+v", part)
	}
	if e.Skip(&part, errors.New("broken")) || len(part.Skipped) != 1 {
		t.Error("a failure is taken for a missing peer")
	}
	if progress.String() != "skipped: dynalite: npm is not on the PATH\n" {
		t.Errorf("the progress is %q", progress.String())
	}
}
