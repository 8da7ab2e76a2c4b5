package report

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const want = `Some CPU, 2 cores; linux/amd64 Linux 6; go1.26.8; load at the start 0.10 0.20 0.30; commit abc; 2026-11-28 17:00 UTC, took 1.50 s.
A quick run: it shows that all can be measured, and not how fast it is.

## parts: what is measured

How it was measured.

| measured | median  | quartiles               | samples | allocations |
|----------|---------|-------------------------|---------|-------------|
| ours     | 2 ms    | 2 ms – 3 ms             | 5       | 12          |
| theirs   | 4 ms    | 4 ms – 6 ms             | 5       |             |
| restless | 10 ms   | 1 ms – 50 ms            | 5       |             |
| load     | 1 req/s | 0.75 req/s – 1.25 req/s | 2       |             |

| what              | beside | comes to  | interval    | target    |                                                            |
|-------------------|--------|-----------|-------------|-----------|------------------------------------------------------------|
| ours              | theirs | 0.50 ×    |             | ≤ 0.50 ×  | met                                                        |
| ours              | theirs | 0.50 ×    |             | ≥ 2 ×     | missed                                                     |
| restless          | theirs | no figure | 0.17 – 12.5 | ≤ 1 ×     | the spread is too wide: measure again on a quieter machine |
| theirs            | ours   | +2 ms     | 2 ms – 3 ms | ≤ 500 µs  | missed                                                     |
| ours              |        | 2 ms      | 2 ms – 3 ms | ≤ 10 ms   | met                                                        |
| ours, allocations |        | 12        |             |           |                                                            |
| load              |        | 1 req/s   |             | ≤ 1 req/s | met                                                        |

Versions: a 1, b 2.

Skipped: node: it is not on the PATH; ` + "`apt-get install nodejs`" + ` brings it.

Skipped: something: it cannot be had here.

**Not measured to its end**: reading it: broken
`

func TestWrite(t *testing.T) {
	t.Parallel()
	allocations := 12.0
	part := Part{
		Name: "parts", Title: "what is measured", Notes: []string{"How it was measured."}, Versions: map[string]string{"b": "2", "a": "1"},
		Skipped: []Skipped{{"node", "it is not on the PATH", "apt-get install nodejs"}, {"something", "it cannot be had here", ""}},
		Failed:  "reading it: broken",
	}
	part.Add("ours", Seconds, []float64{0.002, 0.002, 0.002, 0.003, 0.003}, &allocations)
	part.Add("theirs", Seconds, []float64{0.004, 0.004, 0.004, 0.006, 0.006}, nil)
	part.Add("restless", Seconds, []float64{0.001, 0.05, 0.01, 0.05, 0.001}, nil)
	part.Add("load", PerSecond, []float64{0.5, 1.5}, nil)
	for _, err := range []error{
		part.Compare("ours", "theirs", AtMost(0.5)), part.Compare("ours", "theirs", AtLeast(2)), part.Compare("restless", "theirs", AtMost(1)),
		part.Exceed("theirs", "ours", AtMost(0.0005)), part.Compare("ours", "somebody who was skipped", AtMost(1)),
		part.Limit("ours", AtMost(0.01)), part.Limit("somebody who was skipped", AtMost(1)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	part.LimitAllocations("ours", nil)
	part.LimitOnce("load", AtMost(1))
	run := Run{
		Started: time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC), Seconds: 1.5, Quick: true, Parts: []Part{part},
		Machine: Machine{CPU: "Some CPU", Cores: 2, System: "linux/amd64 Linux 6", Go: "go1.26.8", Load: "0.10 0.20 0.30", Commit: "abc"},
	}
	var got strings.Builder
	if err := run.Write(&got); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	run.Parts = append(run.Parts, Part{Name: "fine"})
	if err := run.Err(); err == nil || err.Error() != "not measured to its end: parts" {
		t.Errorf("the error is %v", err)
	}
	if err := part.Compare("ours", "load", nil); err == nil || err.Error() != "ours beside load: 5 samples beside 2: each needs its own" {
		t.Errorf("the error is %v", err)
	}
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for want, q := range map[string]struct {
		value float64
		unit  string
	}{
		"3 min": {180, Seconds}, "7.50 min": {450, Seconds}, "119 s": {119.4, Seconds}, "1.24 s": {1.236, Seconds}, "12.3 ms": {0.01234, Seconds},
		"250 ns": {250e-9, Seconds}, "-1.50 ms": {-0.0015, Seconds}, "0 ns": {0, Seconds}, "2350 req/s": {2349.6, PerSecond}, "58": {58, Count}, "0.98": {0.98, Count},
	} {
		if got := Quantity(q.value, q.unit); got != want {
			t.Errorf("%g %q: got %q, want %q", q.value, q.unit, got, want)
		}
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	m := Look(t.Context(), ".")
	if m.Cores < 1 || slices.Contains([]string{m.CPU, m.System, m.Go, m.Load, m.Commit}, "") || !strings.HasPrefix(m.Go, "go1.") {
		t.Errorf("the machine is %+v", m)
	}
	if gone := Look(t.Context(), "/nowhere"); gone.Commit != "unknown" || gone.Go != "unknown" {
		t.Errorf("in a folder that is not there it is %+v", gone)
	}
}
