// Command benchplot draws docs/latency.svg from what the benchmarks print:
//
//	(go test -run '^$' -bench Requests ./internal/local
//	 go test -run '^$' -bench ColdStart ./handlers/authorizer) | go run ./internal/benchplot > docs/latency.svg
//
// Each bar has its ratio to the first of its group, which was measured in the same run.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchplot:", err)
		os.Exit(1)
	}
}

// bar is a measurement: the benchmark and the metric that it is found by.
type bar struct {
	label, benchmark, metric string
	perUnit                  float64 // of a millisecond
}

// groups are drawn one below the other, each by a scale of its own.
var groups = []struct {
	title string
	bars  []bar
}{
	{"A request, median of 8 clients at once", []bar{
		{"HTTP round trip, nothing else", "Requests/bare_HTTP", "p50-µs", 1000},
		{"public GET", "Requests/public_GET", "p50-µs", 1000},
		{"protected POST, TTL 5m: answer reused", "Requests/cached_POST", "p50-µs", 1000},
		{"protected POST, TTL 0: authorizer runs", "Requests/uncached_POST", "p50-µs", 1000},
	}},
	{"Start of a function, until it asks for its first event", []bar{
		{"empty Go function", "ColdStart", "empty-ms", 1},
		{"authorizer for tokens", "ColdStart", "authorizer-ms", 1},
		{"authorizer for tokens, API keys, signatures", "ColdStart", "multiauthorizer-ms", 1},
	}},
}

// processors is what go test appends to a benchmark's name.
var processors = regexp.MustCompile(`-\d+$`)

// read finds the metrics of each benchmark.
func read(r io.Reader) (map[string]float64, error) {
	metrics := map[string]float64{}
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(processors.ReplaceAllString(fields[0], ""), "Benchmark")
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", scanner.Text(), err)
			}
			metrics[name+" "+fields[i+1]] = value
		}
	}
	return metrics, scanner.Err()
}

func run(in io.Reader, out io.Writer) error {
	metrics, err := read(in)
	if err != nil {
		return err
	}
	const width, left, right, line, half = 760, 310, 620, 26, 13
	var body strings.Builder
	y := 0
	for _, group := range groups {
		y += line
		fmt.Fprintf(&body, "<text x=\"0\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y, group.title)
		values := make([]float64, len(group.bars))
		longest := 0.0
		for i, b := range group.bars {
			value, found := metrics[b.benchmark+" "+b.metric]
			if !found || value <= 0 {
				return fmt.Errorf("the benchmarks say no %s of Benchmark%s", b.metric, b.benchmark)
			}
			values[i] = value / b.perUnit
			longest = max(longest, values[i])
		}
		for i, b := range group.bars {
			length := values[i] / longest * (right - left)
			fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left-8, y+line, b.label)
			fmt.Fprintf(&body, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", left, y+line-half, max(length, 1), half+3)
			text := fmt.Sprintf("%.2f ms", values[i])
			if i > 0 {
				text += fmt.Sprintf(" (× %.1f)", values[i]/values[0])
			}
			fmt.Fprintf(&body, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", left+length+8, y+line, text)
			y += line
		}
		y += half
	}
	_, err = fmt.Fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"+
		"<style>text{fill:#24292f}rect{fill:#4c7ef3}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>\n%s</svg>\n", width, y, body.String())
	return err
}
