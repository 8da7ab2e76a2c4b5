// Package stats says what samples of a noisy machine are good for: a median with its
// quartiles, and what two sides that were measured in turn say of each other. Such a
// comparison is refused where the machine was too restless for it.
package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Summary is what many samples of one thing come to.
type Summary struct {
	N int `json:"n"`
	// Median has half of the samples on each side; Low and High are the quartiles.
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Summarize returns the summary of samples. Without any it is zero.
func Summarize(samples []float64) Summary {
	return Summary{N: len(samples), Median: Quantile(samples, 0.5), Low: Quantile(samples, 0.25), High: Quantile(samples, 0.75)}
}

// Quantile returns the value that the share q of the samples is not above: between two
// samples it lies on the line between them. Without samples it is 0.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	position := q * float64(len(sorted)-1)
	below := int(position)
	if below+1 == len(sorted) {
		return sorted[below]
	}
	return sorted[below] + (position-float64(below))*(sorted[below+1]-sorted[below])
}

const (
	// confidence is how sure it is, at least, that an interval holds the true median.
	confidence = 0.9
	// MinPairs is how many pairs of samples a comparison needs: of fewer, even the
	// lowest and the highest are no interval of such confidence.
	MinPairs = 5
	// MaxSpread is how far, as a share of the median, half of the interval may reach.
	MaxSpread = 0.25
)

// Comparison is what pairs of samples say, each pair measured in the same round: what
// disturbs the machine for longer than a round disturbs both sides of it.
type Comparison struct {
	Pairs int `json:"pairs"`
	// Median is that of the pairs. Low and High are the interval that holds the true
	// median with a confidence of at least 90 %, whatever the distribution: by the sign
	// test, the order statistics of the binomial distribution.
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	// Refused is why this says nothing, and what to do; empty where it does.
	Refused string `json:"refused,omitempty"`
}

// Ratio compares by what each sample is of the one beside it.
func Ratio(of, beside []float64) (Comparison, error) {
	pairs, err := pair(of, beside, func(a, b float64) (float64, error) {
		if b <= 0 || a < 0 {
			return 0, fmt.Errorf("a ratio of %g to %g", a, b)
		}
		return a / b, nil
	})
	if err != nil {
		return Comparison{}, err
	}
	return compare(pairs, 0), nil
}

// Difference compares by how far each sample is above the one beside it. Spread counts
// as a share of the limit where that is more than the difference.
func Difference(of, beside []float64, limit float64) (Comparison, error) {
	pairs, err := pair(of, beside, func(a, b float64) (float64, error) { return a - b, nil })
	if err != nil {
		return Comparison{}, err
	}
	return compare(pairs, limit), nil
}

// Alone is a comparison of samples with no other side, for a limit that is no ratio.
func Alone(samples []float64) (Comparison, error) {
	if len(samples) == 0 {
		return Comparison{}, errNothing
	}
	return compare(slices.Clone(samples), 0), nil
}

var errNothing = errors.New("nothing was measured")

func pair(of, beside []float64, value func(a, b float64) (float64, error)) ([]float64, error) {
	if len(of) != len(beside) {
		return nil, fmt.Errorf("%d samples beside %d: each needs its own", len(of), len(beside))
	}
	if len(of) == 0 {
		return nil, errNothing
	}
	pairs := make([]float64, len(of))
	for i := range of {
		var err error
		if pairs[i], err = value(of[i], beside[i]); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func compare(pairs []float64, limit float64) Comparison {
	slices.Sort(pairs)
	n := len(pairs)
	outer := outside(n)
	c := Comparison{Pairs: n, Median: Quantile(pairs, 0.5), Low: pairs[outer], High: pairs[n-1-outer]}
	if n < MinPairs {
		c.Refused = fmt.Sprintf("%d of the %d samples that it takes: measure without --quick", n, MinPairs)
		return c
	}
	if reach, most := (c.High-c.Low)/2, MaxSpread*max(math.Abs(c.Median), limit); reach > most {
		c.Refused = "the spread is too wide: measure again on a quieter machine"
	}
	return c
}

// outside is how many of n sorted values lie outside of the interval on each side: as
// many as the confidence allows, by the chance that no more than so many of n coins
// show heads.
func outside(n int) int {
	chance, sum := math.Pow(0.5, float64(n)), 0.0
	if n > 1000 { // chance has no digits left, and the distribution is the normal one
		return max(0, int(float64(n)/2-1.645*math.Sqrt(float64(n))/2)-1)
	}
	for k := 0; ; k++ {
		sum += chance // of k heads or fewer
		if 2*sum > 1-confidence {
			return max(k-1, 0)
		}
		chance *= float64(n-k) / float64(k+1)
	}
}
