// Package publish writes a run into the project's documents: the tables into BENCHMARKS.md,
// and the figures that matter most as a plot.
package publish

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// What is written, in the project.
const (
	Document = "BENCHMARKS.md"
	Plot     = "docs/benchmarks.svg"
)

// The tables stand between these lines of the document.
const (
	begin = "<!-- the run: written by go run ./scripts/bench publish -->"
	end   = "<!-- end of the run -->"
)

// Publish reads a run as the flag --json prints it, and later ones of some of its parts, and
// writes them into the project in a folder. A quick run is none to publish, nor is one of
// which something failed.
func Publish(root string, first io.Reader, later ...io.Reader) error {
	run, err := read(first)
	if err != nil {
		return err
	}
	for _, from := range later {
		other, err := read(from)
		if err != nil {
			return err
		}
		run.Merge(other)
	}
	path := filepath.Join(root, Document)
	document, err := os.ReadFile(path) //nolint:gosec // a document of the project
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(document), begin+"\n")
	_, after, ended := strings.Cut(rest, end+"\n")
	if !found || !ended {
		return fmt.Errorf("%s does not have the lines %q and %q: put them where the tables shall be", Document, begin, end)
	}
	var tables strings.Builder
	if err := run.Write(&tables); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(before+begin+"\n\n"+tables.String()+"\n"+end+"\n"+after), 0o644); err != nil { //nolint:gosec // as the others
		return err
	}
	return os.WriteFile(filepath.Join(root, Plot), []byte(plot(run)), 0o644) //nolint:gosec // as the others
}

func read(from io.Reader) (*report.Run, error) {
	var run report.Run
	if err := json.NewDecoder(from).Decode(&run); err != nil {
		return nil, fmt.Errorf("reading the run: %w: give it what --json printed", err)
	}
	switch err := run.Err(); {
	case run.Quick:
		return nil, errors.New("the run is a quick one, whose figures say nothing: measure without --quick")
	case err != nil:
		return nil, fmt.Errorf("%w: measure again", err)
	case len(run.Parts) == 0:
		return nil, errors.New("the run has no parts: give it what --json printed")
	}
	return &run, nil
}
