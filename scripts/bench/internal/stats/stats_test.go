package stats

import (
	"reflect"
	"testing"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		samples []float64
		want    Summary
	}{
		{"none", nil, Summary{}},
		{"one", []float64{3}, Summary{N: 1, Median: 3, Low: 3, High: 3}},
		{"two", []float64{4, 2}, Summary{N: 2, Median: 3, Low: 2.5, High: 3.5}},
		{"five, one of them wild", []float64{5, 1000, 3, 4, 2}, Summary{N: 5, Median: 4, Low: 3, High: 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			given := append([]float64(nil), tt.samples...)
			if got := Summarize(tt.samples); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if !reflect.DeepEqual(given, append([]float64(nil), tt.samples...)) {
				t.Error("the samples were sorted, and have lost their pairs")
			}
		})
	}
}

// TestOutside has the numbers of the tables of the sign test, two-sided, 10 %.
func TestOutside(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: 0, 4: 0, 5: 0, 7: 0, 8: 1, 10: 1, 11: 2, 15: 3, 20: 5, 25: 7, 50: 18} {
		if got := outside(n); got != want {
			t.Errorf("of %d values %d are outside, want %d", n, got, want)
		}
	}
}

const (
	wide = "the spread is too wide: measure again on a quieter machine"
	few  = "4 of the 5 samples that it takes: measure without --quick"
)

func TestRatio(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		of, beside []float64
		want       Comparison
		err        string
	}{
		{"both sides slow down together", []float64{2, 4, 8, 20, 200}, []float64{1, 2, 4, 10, 100}, Comparison{Pairs: 5, Median: 2, Low: 2, High: 2}, ""},
		{"one wild pair of eight", []float64{2, 2, 2, 2, 2, 2, 2, 90}, []float64{1, 1, 1, 1, 1, 1, 1, 1}, Comparison{Pairs: 8, Median: 2, Low: 2, High: 2}, ""},
		{"as wide as may be", []float64{6, 7, 8, 9, 10}, []float64{8, 8, 8, 8, 8}, Comparison{Pairs: 5, Median: 1, Low: 0.75, High: 1.25}, ""},
		{"too wide", []float64{5, 7, 8, 9, 10}, []float64{8, 8, 8, 8, 8}, Comparison{Pairs: 5, Median: 1, Low: 0.625, High: 1.25, Refused: wide}, ""},
		{"too few", []float64{1, 1, 1, 1}, []float64{1, 1, 1, 1}, Comparison{Pairs: 4, Median: 1, Low: 1, High: 1, Refused: few}, ""},
		{"none", nil, nil, Comparison{}, "nothing was measured"},
		{"not paired", []float64{1, 2}, []float64{1}, Comparison{}, "2 samples beside 1: each needs its own"},
		{"beside nothing", []float64{1}, []float64{0}, Comparison{}, "a ratio of 1 to 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Ratio(tt.of, tt.beside)
			check(t, got, tt.want, err, tt.err)
		})
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	one := []float64{1, 1, 1, 1, 1}
	for _, tt := range []struct {
		name   string
		of     []float64
		beside []float64
		limit  float64
		want   Comparison
		err    string
	}{
		{"above", []float64{4, 5, 5, 5, 6}, one, 0, Comparison{Pairs: 5, Median: 4, Low: 3, High: 5}, ""},
		{"nothing, within a quarter of the limit", []float64{0.875, 1, 1, 1, 1.125}, one, 0.5, Comparison{Pairs: 5, Low: -0.125, High: 0.125}, ""},
		{"nothing, but not so sure", []float64{0, 1, 1, 1, 2}, one, 0.5, Comparison{Pairs: 5, Low: -1, High: 1, Refused: wide}, ""},
		{"none", nil, nil, 1, Comparison{}, "nothing was measured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Difference(tt.of, tt.beside, tt.limit)
			check(t, got, tt.want, err, tt.err)
		})
	}
}

func TestAlone(t *testing.T) {
	t.Parallel()
	samples := []float64{3, 1, 2, 2, 2, 2, 2, 9}
	got, err := Alone(samples)
	check(t, got, Comparison{Pairs: 8, Median: 2, Low: 2, High: 3}, err, "")
	if samples[0] != 3 {
		t.Error("the samples were sorted, and have lost their pairs")
	}
	got, err = Alone([]float64{1, 2, 3, 4, 5})
	check(t, got, Comparison{Pairs: 5, Median: 3, Low: 1, High: 5, Refused: wide}, err, "")
	got, err = Alone(nil)
	check(t, got, Comparison{}, err, "nothing was measured")
}

func check(t *testing.T, got, want Comparison, err error, text string) {
	t.Helper()
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if found := err != nil; found && err.Error() != text || !found && text != "" {
		t.Errorf("the error is %v, want %q", err, text)
	}
}
