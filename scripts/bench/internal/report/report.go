// Package report has what was measured, beside what, and where: as JSON, and as tables
// for people.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/stats"
)

// Run is one run of the command.
type Run struct {
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	// Quick is a run with so few repeats that it says only whether all can be measured.
	Quick   bool    `json:"quick"`
	Machine Machine `json:"machine"`
	Parts   []Part  `json:"parts"`
}

// Part is one part of it, such as cold starts.
type Part struct {
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Seconds float64 `json:"seconds"`
	// Apart says where and when it was measured, if not with the run's other parts.
	Apart string `json:"-"`
	// Notes say how it was measured.
	Notes []string `json:"notes,omitempty"`
	// Versions are those of the peers, by their names.
	Versions    map[string]string `json:"versions,omitempty"`
	Sides       []Side            `json:"sides"`
	Comparisons []Comparison      `json:"comparisons"`
	Skipped     []Skipped         `json:"skipped,omitempty"`
	// Failed is why the part could not be measured to its end.
	Failed string `json:"failed,omitempty"`
}

// Units of what is measured.
const (
	Seconds   = "s"
	PerSecond = "req/s"
	Count     = ""
)

// Side is one thing that was measured. Its samples stand in the order of the rounds: those
// with the same index were measured one right after the other.
type Side struct {
	Name    string        `json:"name"`
	Unit    string        `json:"unit"`
	Summary stats.Summary `json:"summary"`
	Samples []float64     `json:"samples"`
	// Allocations are those of one run in Go's heap; nil where they were not counted.
	Allocations *float64 `json:"allocations,omitempty"`
}

// Comparison is a side beside another, or beside a limit alone.
type Comparison struct {
	Of     string `json:"of"`
	Beside string `json:"beside,omitempty"`
	Kind   Kind   `json:"kind"`
	Unit   string `json:"unit,omitempty"` // of a value or a difference
	stats.Comparison
	Target *Target `json:"target,omitempty"`
	// Met is whether the median reaches the target; nil without one, and where the
	// comparison is refused.
	Met *bool `json:"met,omitempty"`
}

// Kind is how sides are compared.
type Kind string

// Kinds of comparisons: by a ratio, by a difference, and no comparison with another side.
const (
	Ratio      Kind = "ratio"
	Difference Kind = "difference"
	Value      Kind = "value"
)

// Target is what is to be reached.
type Target struct {
	Limit float64 `json:"limit"`
	// AtLeast is a limit that the value may not be below; else it may not be above.
	AtLeast bool `json:"atLeast,omitempty"`
}

// AtMost and AtLeast make targets.
func AtMost(limit float64) *Target { return &Target{Limit: limit} }

// AtLeast is a target that a value may not be below.
func AtLeast(limit float64) *Target { return &Target{Limit: limit, AtLeast: true} }

func (t Target) met(value float64) bool {
	if t.AtLeast {
		return value >= t.Limit
	}
	return value <= t.Limit
}

// Skipped is a peer that is not there.
type Skipped struct {
	Peer string `json:"peer"`
	Why  string `json:"why"`
	// Install is a command that would bring it; empty where there is none.
	Install string `json:"install,omitempty"`
}

// Add adds a side.
func (p *Part) Add(name, unit string, samples []float64, allocations *float64) {
	p.Sides = append(p.Sides, Side{Name: name, Unit: unit, Summary: stats.Summarize(samples), Samples: samples, Allocations: allocations})
}

// Merge takes the parts of another run, in the place of those with the same names. Each says
// where and when it was measured.
func (r *Run) Merge(other *Run) {
	for _, part := range other.Parts {
		part.Apart = other.head()
		if i := slices.IndexFunc(r.Parts, func(p Part) bool { return p.Name == part.Name }); i >= 0 {
			r.Parts[i] = part
		} else {
			r.Parts = append(r.Parts, part)
		}
	}
}

// Find returns a side; nil where there is none, since its peer was skipped.
func (p *Part) Find(name string) *Side {
	for i := range p.Sides {
		if p.Sides[i].Name == name {
			return &p.Sides[i]
		}
	}
	return nil
}

// Compare adds what one side is of another, as a ratio. It adds nothing where a side was
// skipped.
func (p *Part) Compare(of, beside string, target *Target) error {
	return p.compare(of, beside, Ratio, target, stats.Ratio)
}

// Exceed adds by how much a side is above another.
func (p *Part) Exceed(of, beside string, target *Target) error {
	return p.compare(of, beside, Difference, target, func(a, b []float64) (stats.Comparison, error) {
		limit := 0.0
		if target != nil {
			limit = target.Limit
		}
		return stats.Difference(a, b, limit)
	})
}

func (p *Part) compare(of, beside string, kind Kind, target *Target, by func(a, b []float64) (stats.Comparison, error)) error {
	a, b := p.Find(of), p.Find(beside)
	if a == nil || b == nil {
		return nil
	}
	result, err := by(a.Samples, b.Samples)
	if err != nil {
		return fmt.Errorf("%s beside %s: %w", of, beside, err)
	}
	p.judge(Comparison{Of: of, Beside: beside, Kind: kind, Unit: a.Unit, Comparison: result, Target: target})
	return nil
}

// Limit holds the median of a side to a target, without a side beside it.
func (p *Part) Limit(of string, target *Target) error {
	side := p.Find(of)
	if side == nil {
		return nil
	}
	result, err := stats.Alone(side.Samples)
	if err != nil {
		return fmt.Errorf("%s: %w", of, err)
	}
	p.judge(Comparison{Of: of, Kind: Value, Unit: side.Unit, Comparison: result, Target: target})
	return nil
}

// LimitOnce holds a side to a target that takes so long that it is measured once.
func (p *Part) LimitOnce(of string, target *Target) {
	if side := p.Find(of); side != nil {
		value := side.Summary.Median
		p.judge(Comparison{Of: of, Kind: Value, Unit: side.Unit, Comparison: stats.Comparison{Pairs: 1, Median: value, Low: value, High: value}, Target: target})
	}
}

// LimitAllocations holds a side's allocations to a target.
func (p *Part) LimitAllocations(of string, target *Target) {
	if side := p.Find(of); side != nil && side.Allocations != nil {
		n := *side.Allocations
		p.judge(Comparison{Of: of + ", allocations", Kind: Value, Comparison: stats.Comparison{Pairs: 1, Median: n, Low: n, High: n}, Target: target})
	}
}

func (p *Part) judge(c Comparison) {
	if c.Target != nil && c.Refused == "" {
		met := c.Target.met(c.Median)
		c.Met = &met
	}
	p.Comparisons = append(p.Comparisons, c)
}

// Err says which parts could not be measured to their end; nil where all could.
func (r *Run) Err() error {
	var names []string
	for _, part := range r.Parts {
		if part.Failed != "" {
			names = append(names, part.Name)
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("not measured to its end: %s", strings.Join(names, ", "))
}
