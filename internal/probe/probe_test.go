package probe

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestLocal asks the local AWS everything, as go run ./scripts/pha probe --local does:
// it is what the experiments expect, and nothing is left of the stack.
func TestLocal(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	report, err := Run(t.Context(), Options{Local: true, Progress: &progress})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, e := range report.Experiments {
		for _, s := range e.Steps {
			for _, c := range s.Checks {
				if !c.Same {
					t.Errorf("%s: %s: %s: expected %s, observed %s", e.Name, s.Request, c.What, c.Expected, c.Observed)
				}
			}
		}
	}
	if len(report.Experiments) != len(Experiments()) {
		t.Errorf("%d results of %d experiments", len(report.Experiments), len(Experiments()))
	}
	if made, different := report.Count(); made == 0 || different != 0 {
		t.Errorf("%d experiments, %d with a difference", made, different)
	}
	if !strings.Contains(progress.String(), "deleted") {
		t.Errorf("nothing was removed:\n%s", progress.String())
	}
}

// TestExperiments checks that each is a question that can be told from the others
// and that can be answered with yes and no.
func TestExperiments(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range setups(true) {
		known[s.name] = true
	}
	name, names := regexp.MustCompile(`^[a-z]+/[a-z0-9-]+$`), map[string]bool{}
	for _, e := range Experiments() {
		if !name.MatchString(e.Name) || names[e.Name] {
			t.Errorf("the name %q is not group/what, or there are two", e.Name)
		}
		names[e.Name] = true
		if !strings.HasSuffix(e.Asks, "?") {
			t.Errorf("%s asks %q, which is no question", e.Name, e.Asks)
		}
		steps := append(e.Steps, e.After...)
		kinds := 0
		for _, given := range []bool{len(steps) > 0, e.Refused != nil, e.Cannot != ""} {
			if given {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s is not exactly one of requests, a creation, and a reason why it cannot be asked", e.Name)
		}
		if len(steps) > 0 && !known[e.API] {
			t.Errorf("%s asks the API %q, which is not in the setup", e.Name, e.API)
		}
		for i, s := range steps {
			if s.Status == 0 && s.Want.Body == "" && s.Header == nil {
				t.Errorf("%s: step %d expects nothing", e.Name, i+1)
			}
		}
		if e.Refused != nil && len(e.Refused.words) == 0 {
			t.Errorf("%s expects no words", e.Name)
		}
	}
}
