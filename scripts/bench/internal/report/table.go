package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes a run for people: Markdown, whose tables can be read as they are.
func (r *Run) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.head())
	for _, part := range r.Parts {
		b.WriteString("\n")
		part.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Run) head() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d cores; %s; %s; load at the start %s; commit %s; %s, took %s.\n",
		m.CPU, m.Cores, m.System, m.Go, m.Load, m.Commit, r.Started.UTC().Format("2006-01-02 15:04 MST"), Quantity(r.Seconds, Seconds))
	if r.Quick {
		b.WriteString("A quick run: it shows that all can be measured, and not how fast it is.\n")
	}
	return b.String()
}

func (p *Part) write(b *strings.Builder) {
	fmt.Fprintf(b, "## %s: %s\n\n", p.Name, p.Title)
	if p.Apart != "" {
		fmt.Fprintf(b, "Measured apart: %s\n", p.Apart)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(b, "%s\n", note)
	}
	if len(p.Notes) > 0 {
		b.WriteString("\n")
	}
	if len(p.Sides) > 0 {
		rows := [][]string{{"measured", "median", "quartiles", "samples", "allocations"}}
		for _, s := range p.Sides {
			allocations := ""
			if s.Allocations != nil {
				allocations = Quantity(*s.Allocations, Count)
			}
			rows = append(rows, []string{s.Name, Quantity(s.Summary.Median, s.Unit), interval(s.Summary.Low, s.Summary.High, s.Unit), fmt.Sprint(s.Summary.N), allocations})
		}
		table(b, rows)
	}
	if len(p.Comparisons) > 0 {
		rows := [][]string{{"what", "beside", "comes to", "interval", "target", ""}}
		for _, c := range p.Comparisons {
			rows = append(rows, c.row())
		}
		b.WriteString("\n")
		table(b, rows)
	}
	if len(p.Versions) > 0 {
		var versions []string
		for _, peer := range slices.Sorted(maps.Keys(p.Versions)) {
			versions = append(versions, peer+" "+p.Versions[peer])
		}
		fmt.Fprintf(b, "\nVersions: %s.\n", strings.Join(versions, ", "))
	}
	for _, s := range p.Skipped {
		fmt.Fprintf(b, "\nSkipped: %s: %s", s.Peer, s.Why)
		if s.Install != "" {
			fmt.Fprintf(b, "; `%s` brings it", s.Install)
		}
		b.WriteString(".\n")
	}
	if p.Failed != "" {
		fmt.Fprintf(b, "\n**Not measured to its end**: %s\n", p.Failed)
	}
}

// row is a comparison's row: in place of a number that says nothing stands why.
func (c Comparison) row() []string {
	unit, times := c.Unit, ""
	if c.Kind == Ratio {
		unit, times = Count, " ×"
	}
	value := Quantity(c.Median, unit) + times
	if c.Kind == Difference && c.Median >= 0 {
		value = "+" + value
	}
	if c.Refused != "" {
		value = "no figure"
	}
	target, verdict := "", ""
	if c.Target != nil {
		sign := "≤ "
		if c.Target.AtLeast {
			sign = "≥ "
		}
		target = sign + Quantity(c.Target.Limit, unit) + times
	}
	switch {
	case c.Refused != "":
		verdict = c.Refused
	case c.Met != nil && *c.Met:
		verdict = "met"
	case c.Met != nil:
		verdict = "missed"
	}
	return []string{c.Of, c.Beside, value, interval(c.Low, c.High, unit), target, verdict}
}

// interval is one between two values, or nothing where they are the same.
func interval(low, high float64, unit string) string {
	if a, b := Quantity(low, unit), Quantity(high, unit); a != b {
		return a + " – " + b
	}
	return ""
}

// Quantity writes a value with three digits, and seconds in the unit that suits them.
func Quantity(value float64, unit string) string {
	if unit == Seconds {
		abs := math.Abs(value)
		switch {
		case abs >= 120:
			return digits(value/60) + " min"
		case abs >= 1:
			return digits(value) + " s"
		case abs >= 1e-3:
			return digits(value*1e3) + " ms"
		case abs >= 1e-6:
			return digits(value*1e6) + " µs"
		}
		return digits(value*1e9) + " ns"
	}
	return strings.TrimSpace(digits(value) + " " + unit)
}

// digits writes a number with three digits, whole ones with all of theirs.
func digits(value float64) string {
	if abs := math.Abs(value); abs >= 100 || value == math.Trunc(value) {
		return strconv.FormatFloat(value, 'f', 0, 64)
	} else if abs >= 10 {
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 2, 64)
}

// table writes rows, of which the first is the head, with columns of one width. A column
// without any text is left out.
func table(b *strings.Builder, rows [][]string) {
	for column := len(rows[0]) - 1; column >= 0; column-- {
		width := 0
		for _, row := range rows[1:] {
			width = max(width, utf8.RuneCountInString(row[column]))
		}
		for i, row := range rows {
			if width == 0 {
				rows[i] = slices.Delete(slices.Clone(row), column, column+1)
				continue
			}
			row[column] += strings.Repeat(" ", max(width, utf8.RuneCountInString(rows[0][column]))-utf8.RuneCountInString(row[column]))
		}
	}
	for i, row := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("|")
			for _, cell := range row {
				b.WriteString(strings.Repeat("-", utf8.RuneCountInString(cell)+2) + "|")
			}
			b.WriteString("\n")
		}
	}
}
