package probe

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// open is how a row of docs/fidelity.md says that it is not known what AWS does.
var open = regexp.MustCompile(`(?i)inferred|conflict|nobody (says|documents)|says nothing|not confirmed|not observed|not published|not documented|assumed|safest|strict reading|safe reading|as others report|^[UE]$|[,;] [UE]$`)

// gateway are the parts of the table that are about what HTTP APIs do.
var gateway = []string{"## HTTP APIs and Lambda authorizers", "## JWT authorizer, AWS_IAM and IAM"}

// TestFidelity holds the table and the experiments together: what is open of HTTP APIs
// has an experiment, an experiment belongs to a row, and a name in the one is in the
// other.
func TestFidelity(t *testing.T) {
	t.Parallel()
	experiments, named := map[string]bool{}, map[string]bool{}
	for _, e := range Experiments() {
		experiments[e.Name] = true
	}
	content, err := os.ReadFile("../../docs/fidelity.md")
	if err != nil {
		t.Fatal(err)
	}
	openRows, part := 0, ""
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "## ") {
			part = strings.TrimSpace(line)
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 {
			continue
		}
		_, names, asked := strings.Cut(cells[3], "; probe: ")
		if slices.Contains(gateway, part) && (open.MatchString(strings.TrimSpace(cells[1])) || open.MatchString(strings.TrimSpace(cells[2]))) {
			openRows++
			if !asked {
				t.Errorf("no experiment: %s", line)
			}
		}
		if !asked {
			continue
		}
		for name := range strings.SplitSeq(strings.TrimSpace(names), ", ") {
			named[name] = true
			if !experiments[name] {
				t.Errorf("there is no experiment %q: %.80s", name, line)
			}
		}
	}
	for name := range experiments {
		if !named[name] {
			t.Errorf("no row names the experiment %s", name)
		}
	}
	if openRows < 40 {
		t.Errorf("only %d rows are open", openRows)
	}
}

// TestTableRows: of the rows of the table that clients can provoke, which are all,
// each is an experiment.
func TestTableRows(t *testing.T) {
	t.Parallel()
	rows := map[int]bool{}
	for _, e := range Experiments() {
		for _, row := range e.Table {
			rows[row] = true
		}
	}
	for row := 1; row <= 30; row++ {
		if !rows[row] {
			t.Errorf("no experiment repeats row %d", row)
		}
	}
}
