package publish

import (
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/stats"
)

// group is bars on one scale. The first is this project's, which the others are set beside.
type group struct {
	title, part string
	bars        []bar
}

// bar is a side of a part of the report.
type bar struct{ label, side string }

// groups are the figures that matter most.
var groups = []group{
	{"Cold start: until a function asks for its first event (less is better)", "cold", []bar{
		{label: "the component's authorizer, Go", side: "authorizer beside other languages: start → first next"},
		{label: "an authorizer in Node, jose", side: "Node, jose: start → first next"},
		{label: "an authorizer in Python, PyJWT", side: "Python, PyJWT: start → first next"},
	}},
	{"Verification of an HS256 token (less is better)", "verify", []bar{
		{label: "authz", side: "token: authz"},
		{label: "cristalhq/jwt", side: "token: cristalhq/jwt"},
		{label: "golang-jwt, same checks", side: "token: golang-jwt, claims in a map"},
	}},
	{"Public GET on this machine, 16 clients at once (more is better)", "gateway", []bar{
		{label: "the local AWS", side: "the local AWS: public GET, 16 at once: rate"},
		{label: "serverless-offline", side: "serverless-offline: public GET, 16 at once: rate"},
	}},
	{"From a changed handler to its first answer (less is better)", "deploy", []bar{
		{label: "the component, local AWS", side: "component: a handler changed → served"},
		{label: "plain resources, built by hand", side: "plain resources: a handler changed → served"},
	}},
}

const style = `<style>text{fill:#24292f}.own{fill:#2f6fde}.other{fill:#a8b3c2}` +
	`@media(prefers-color-scheme:dark){text{fill:#e6edf3}.own{fill:#5b93f5}.other{fill:#56606e}}</style>`

// plot draws the groups whose sides were all measured, one below the other.
func plot(run *report.Run) string {
	const width, left, right, line, thick = 760, 250, 560, 25, 15
	var body strings.Builder
	y := 0
	for _, g := range groups {
		var sides []*report.Side
		longest := 0.0
		for _, b := range g.bars {
			if side := find(run, g.part, b.side); side != nil {
				longest = max(longest, side.Summary.Median)
				sides = append(sides, side)
			}
		}
		if len(sides) < len(g.bars) || longest == 0 {
			continue
		}
		y += line
		fmt.Fprintf(&body, "<text x=\"0\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y, g.title)
		for i, side := range sides {
			y += line
			class, text := "own", report.Quantity(side.Summary.Median, side.Unit)
			if i > 0 {
				class = "other"
				if ratio, err := stats.Ratio(side.Samples, sides[0].Samples); err == nil && ratio.Refused == "" {
					text += fmt.Sprintf(" (× %s)", report.Quantity(ratio.Median, report.Count))
				}
			}
			length := max(side.Summary.Median/longest*(right-left), 1)
			fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left-8, y, g.bars[i].label)
			fmt.Fprintf(&body, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", class, left, y-thick+3, length, thick)
			fmt.Fprintf(&body, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", left+length+8, y, text)
		}
		y += line / 2
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n%s\n%s</svg>\n", width, y, style, body.String())
}

// find is a side of a part, with samples to show; nil where it was not measured.
func find(run *report.Run, part, side string) *report.Side {
	for i := range run.Parts {
		if run.Parts[i].Name != part {
			continue
		}
		if s := run.Parts[i].Find(side); s != nil && s.Summary.Median > 0 {
			return s
		}
	}
	return nil
}
