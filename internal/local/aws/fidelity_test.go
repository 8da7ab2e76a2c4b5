package aws

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName   = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	testHeader = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// The fidelity table has no row without a test, but for what is not supported,
// and names no test that is not there.
func TestFidelityTable(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	content, err := os.ReadFile("../../../docs/fidelity.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| behaviour") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 {
			t.Errorf("%d cells instead of 4: %s", len(cells), line)
			continue
		}
		names := testName.FindAllString(cells[3], -1)
		if len(names) == 0 && !strings.Contains(cells[1], "not supported") {
			t.Errorf("no test: %s", line)
		}
		for _, name := range names {
			if !tests.has(name) {
				t.Errorf("there is no %s: %s", name, line)
			}
		}
	}
	if rows < 100 {
		t.Errorf("the table has %d rows", rows)
	}
}

type names map[string]bool

// has finds a name, or one that begins with it: a row may name several tests
// by what they have in common.
func (n names) has(name string) bool {
	if n[name] {
		return true
	}
	for full := range n {
		if strings.HasPrefix(full, name) {
			return true
		}
	}
	return false
}

// testNames are the tests of the project.
func testNames(t *testing.T) names {
	t.Helper()
	found := names{}
	err := filepath.WalkDir("../../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, match := range testHeader.FindAllStringSubmatch(string(content), -1) {
			found[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
