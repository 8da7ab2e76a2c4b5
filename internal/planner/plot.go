package planner

import (
	"fmt"
	"io"
	"strings"
)

// panel is one of the plot's rows: a bar for each TTL.
type panel struct {
	title string
	value func(Row) float64
	label func(Row) string
}

var panels = []panel{
	{"Runs of the authorizer, of 100 requests", func(r Row) float64 { return 1 - r.Hits }, func(r Row) string { return fmt.Sprintf("%.3g", 100*(1-r.Hits)) }},
	{"What it adds to a request, 99th percentile, ms", func(r Row) float64 { return ms(r.P99) }, func(r Row) string { return fmt.Sprintf("%.3g", ms(r.P99)) }},
	{"Dollars a month", func(r Row) float64 { return r.Dollars }, func(r Row) string { return fmt.Sprintf("%.2f", r.Dollars) }},
	{"A withdrawn credential goes on for, minutes", func(r Row) float64 { return r.Withdrawn.Minutes() }, func(r Row) string { return fmt.Sprintf("%.3g", r.Withdrawn.Minutes()) }},
}

// Plot draws the plan as SVG. The recommended TTL has another colour.
func (p Plan) Plot(w io.Writer) error {
	const (
		width, margin  = 760, 10
		head, bars     = 34, 70 // a panel's title, and its highest bar with the label
		labels, bottom = 16, 22
	)
	step := float64(width-2*margin) / float64(len(p.Rows))
	var b strings.Builder
	text := func(x float64, y int, attributes, content string) {
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\"%s>%s</text>\n", x, y, attributes, content)
	}
	y := 20
	text(margin, y, ` font-weight="bold"`, counted(p.Requests, "request")+" an hour, "+counted(float64(p.Keys), "credential"))
	for _, panel := range panels {
		text(margin, y+head-labels+8, "", panel.title)
		y += head + bars
		highest := 0.0
		for _, r := range p.Rows {
			highest = max(highest, panel.value(r))
		}
		for i, r := range p.Rows {
			height := 0.0
			if highest > 0 {
				height = panel.value(r) / highest * (bars - labels)
			}
			x, class := margin+float64(i)*step, ""
			if r.TTL == p.Recommended {
				class = ` class="best"`
			}
			fmt.Fprintf(&b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"%s/>\n", x+4, float64(y)-max(height, 1), step-8, max(height, 1), class)
			text(x+step/2, y-int(height)-4, ` text-anchor="middle" font-size="11"`, panel.label(r))
		}
	}
	y += bottom
	for i, r := range p.Rows {
		weight := ""
		if r.TTL == p.Recommended {
			weight = ` font-weight="bold"`
		}
		text(margin+(float64(i)+0.5)*step, y-4, ` text-anchor="middle"`+weight, short(r.TTL))
	}
	_, err := fmt.Fprintf(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"+
		"<title>What a TTL of the authorizer's cache means</title>\n"+
		"<style>text{fill:#24292f}rect{fill:#4c7ef3}.best{fill:#1a9c57}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>\n%s</svg>\n", width, y+6, b.String())
	return err
}
