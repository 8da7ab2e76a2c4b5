package publish

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// measured is a run with all that the plot shows.
func measured(quick bool) report.Run {
	run := report.Run{Quick: quick}
	for i, g := range groups {
		part := report.Part{Name: g.part}
		for j, b := range g.bars {
			value := float64(i+1) * float64(j+1) / 1000
			part.Add(b.side, report.Seconds, []float64{value, value, value, value, value}, nil)
		}
		run.Parts = append(run.Parts, part)
	}
	return run
}

func encode(t *testing.T, run report.Run) io.Reader {
	t.Helper()
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

func folder(t *testing.T, document string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, Document), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

func content(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPublish(t *testing.T) {
	t.Parallel()
	root := folder(t, "# Before\n\n"+begin+"\nan older run\n"+end+"\n\nAfter\n")
	for range 2 { // the second time it stands there already
		if err := Publish(root, encode(t, measured(false))); err != nil {
			t.Fatal(err)
		}
	}
	document := content(t, root, Document)
	if !strings.HasPrefix(document, "# Before\n\n"+begin+"\n\n") || !strings.HasSuffix(document, "\n"+end+"\n\nAfter\n") ||
		strings.Contains(document, "older") || strings.Count(document, "## verify: ") != 1 {
		t.Errorf("the document is\n%s", document)
	}
	svg := content(t, root, Plot)
	for _, want := range []string{">1 ms<", ">2 ms (× 2)<", ">3 ms (× 3)<", `class="own" x="250" y="38" width="103.3"`, `class="other" x="250" y="88" width="310.0"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("%q is missing in %s", want, svg)
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPublishLater: a part that was measured later stands in the place of the older one, or
// behind the others, and says where it is from.
func TestPublishLater(t *testing.T) {
	t.Parallel()
	root := folder(t, begin+"\n"+end+"\n")
	later := report.Run{Machine: report.Machine{Commit: "later"}, Parts: []report.Part{{Name: "new"}, measured(false).Parts[1]}}
	later.Parts[1].Sides[0].Summary.Median = 9
	if err := Publish(root, encode(t, measured(false)), encode(t, later)); err != nil {
		t.Fatal(err)
	}
	document := content(t, root, Document)
	var order []string
	for line := range strings.Lines(document) {
		if strings.HasPrefix(line, "## ") || strings.HasPrefix(line, "Measured apart: ") && strings.Contains(line, "commit later;") {
			order = append(order, strings.Fields(line)[1])
		}
	}
	if want := []string{"cold:", "verify:", "apart:", "gateway:", "deploy:", "new:", "apart:"}; !slices.Equal(order, want) || !strings.Contains(document, "| 9 s ") {
		t.Errorf("the order is %v in\n%s", order, document)
	}
}

// TestPlotLeavesOut: where a peer was skipped its group is not drawn, and the others are.
func TestPlotLeavesOut(t *testing.T) {
	t.Parallel()
	run := measured(false)
	run.Parts[0].Sides = run.Parts[0].Sides[:1]
	if svg := plot(&run); strings.Contains(svg, groups[0].title) || !strings.Contains(svg, groups[1].title) {
		t.Errorf("the plot is %s", svg)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	failed := measured(false)
	failed.Parts[1].Failed = "broken"
	for _, tt := range []struct {
		name, document string
		from           io.Reader
		want           string
	}{
		{"no JSON", begin + "\n" + end + "\n", strings.NewReader("| a table"), "reading the run: invalid character '|' looking for beginning of value: give it what --json printed"},
		{"other JSON", begin + "\n" + end + "\n", strings.NewReader("{}"), "the run has no parts: give it what --json printed"},
		{"quick", begin + "\n" + end + "\n", encode(t, measured(true)), "the run is a quick one, whose figures say nothing: measure without --quick"},
		{"failed", begin + "\n" + end + "\n", encode(t, failed), "not measured to its end: verify: measure again"},
		{"no place", "# Text\n", encode(t, measured(false)), `BENCHMARKS.md does not have the lines "<!-- the run: written by go run ./scripts/bench publish -->" and "<!-- end of the run -->": put them where the tables shall be`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := folder(t, tt.document)
			if err := Publish(root, tt.from); err == nil || err.Error() != tt.want {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
			if content(t, root, Document) != tt.document {
				t.Error("the document was changed")
			}
		})
	}
}

// TestGroups: what the plot shows is in the document's last run.
func TestGroups(t *testing.T) {
	t.Parallel()
	document := content(t, "../../../..", Document)
	for _, g := range groups {
		for _, b := range g.bars {
			if strings.Contains(document, "\n## "+g.part+": ") && !strings.Contains(document, "| "+b.side+" ") {
				t.Errorf("%s does not have the side %q", Document, b.side)
			}
		}
	}
}
