package probe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Report is what a run has found.
type Report struct {
	// Against is AWS or the local AWS.
	Against string `json:"against"`
	Region  string `json:"region"`
	// Started is when the run began.
	Started time.Time `json:"started"`
	// Incomplete says that AWS refused a part of the stack, so that some
	// differences are no more than that.
	Incomplete bool `json:"incomplete,omitempty"`
	// Experiments are by name.
	Experiments []Result `json:"experiments"`
}

func (r *run) report(started time.Time) Report {
	against := "AWS"
	if r.Local {
		against = "the local AWS"
	}
	slices.SortFunc(r.results, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
	return Report{against, r.AWS.Region, started.UTC().Truncate(time.Second), r.incomplete, r.results}
}

// Count returns how many experiments were made, and how many of them show a
// difference.
func (r Report) Count() (made, different int) {
	for _, e := range r.Experiments {
		if e.Cannot != "" {
			continue
		}
		made++
		if !e.Same() {
			different++
		}
	}
	return made, different
}

// Write writes probe.json and probe.md into a folder, which it makes.
func (r Report) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for name, content := range map[string][]byte{"probe.json": append(content, '\n'), "probe.md": []byte(r.Markdown())} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}

// Markdown is the report for a reader: the differences first.
func (r Report) Markdown() string {
	var text strings.Builder
	made, different := r.Count()
	fmt.Fprintf(&text, "# Probe of %s, %s, %s\n\n%d experiments, %d with a difference.\n", r.Against, r.Region, r.Started.Format(time.RFC3339), made, different)
	if r.Incomplete {
		text.WriteString("\nAWS refused a part of the stack: some differences are no more than that.\n")
	}
	for _, part := range []struct {
		title string
		in    func(Result) bool
	}{
		{"Different from what the local AWS does", func(e Result) bool { return !e.Same() }},
		{"The same", func(e Result) bool { return e.Cannot == "" && e.Same() }},
	} {
		chosen := slices.DeleteFunc(slices.Clone(r.Experiments), func(e Result) bool { return !part.in(e) })
		if len(chosen) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n## %s\n", part.title)
		for _, e := range chosen {
			fmt.Fprintf(&text, "\n### %s\n\n%s%s\n\n| request | | expected | observed |\n| --- | --- | --- | --- |\n", e.Name, e.Asks, e.Tries())
			for _, s := range e.Steps {
				for _, c := range s.Checks {
					mark := ""
					if !c.Same {
						mark = "**different** "
					}
					fmt.Fprintf(&text, "| %s | %s%s | %s | %s |\n", cell(s.Request), mark, cell(c.What), cell(c.Expected), cell(c.Observed))
				}
			}
		}
	}
	text.WriteString("\n## What nobody can ask with requests\n\n| | because |\n| --- | --- |\n")
	for _, e := range r.Experiments {
		if e.Cannot != "" {
			fmt.Fprintf(&text, "| %s: %s | %s |\n", e.Name, cell(e.Asks), cell(e.Cannot))
		}
	}
	return text.String()
}

// cell is a text within a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;").Replace(text)
}
