package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// functionsPerWidget keeps a graph readable, a query of logs within the 50 groups that
// it may have, and a widget within 500 metrics (CloudWatch user guide, "CloudWatch
// service quotas"). The 300 functions that an API can have make 1,500 metrics, of 2,500
// that a dashboard may have.
const functionsPerWidget = 50

// createDashboard makes the dashboard.
func (c *ProtectedHttpApi) createDashboard(ctx *pulumi.Context, p *plan) (err error) {
	if p.monitoring.args.NoDashboard {
		return nil
	}
	functions, groups, tables := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for _, f := range p.functions {
		if f.made() {
			functions[f.args.Name] = c.Functions[f.args.Name].Name
			groups[f.args.Name] = c.logGroupNames[f.args.Name]
		}
	}
	for _, t := range c.watchedTables(p) {
		tables[t.name] = t.table.Name
	}
	body := pulumi.All(c.Api.Arn, c.Api.ID(), c.Stage.Name, functions, groups, tables).ApplyT(func(v []any) (string, error) {
		_, region, _, err := location(v[0].(string))
		if err != nil {
			return "", err
		}
		d := dashboard{
			plan: p, region: region, api: []string{"ApiId", string(v[1].(pulumi.ID)), "Stage", v[2].(string)},
			functions: v[3].(map[string]string), groups: v[4].(map[string]string), tables: v[5].(map[string]string),
		}
		return d.body()
	}).(pulumi.StringOutput)
	c.Dashboard, err = cloudwatch.NewDashboard(ctx, p.name, &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(dashboardNames.of(p.monitoring.prefix...)),
		DashboardBody: body,
	}, pulumi.Parent(c))
	return err
}

// dashboard is what the dashboard shows, by its names on AWS.
type dashboard struct {
	plan   *plan
	region string
	api    []string // names and values of the stage's dimensions
	// functions, their log groups and tables have the component's names as keys.
	functions, groups, tables map[string]string

	widgets []widget
}

// widget is one of a dashboard (CloudWatch API reference, "Dashboard Body Structure and
// Syntax").
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// series is a line of a graph: a metric with its dimensions, or an expression; and how
// it is drawn.
type series []any

// body returns the dashboard as JSON.
func (d *dashboard) body() (string, error) {
	d.requests()
	d.authorizers()
	d.handlers()
	d.costs()
	text, err := json.Marshal(map[string]any{"widgets": d.widgets})
	return string(text), err
}

// add adds a widget of half the width, in the next free place.
func (d *dashboard) add(kind string, properties map[string]any) {
	const width, height = 12, 6
	i := len(d.widgets)
	properties["region"] = d.region
	d.widgets = append(d.widgets, widget{kind, i % 2 * width, i / 2 * height, width, height, properties})
}

// graph adds a graph of metrics, each of which is taken together with stat by default.
func (d *dashboard) graph(title, stat string, lines ...series) {
	if len(lines) > 0 {
		d.add("metric", map[string]any{"title": title, "view": "timeSeries", "stat": stat, "period": 300, "metrics": lines})
	}
}

// of is a metric. Options are label, stat, id, visible and yAxis.
func of(namespace, name string, dimensions []string, options map[string]any) series {
	line := series{namespace, name}
	for _, text := range dimensions {
		line = append(line, text)
	}
	if len(options) > 0 {
		line = append(line, options)
	}
	return line
}

func expression(text, label string, options map[string]any) series {
	options = maps.Clone(options)
	if options == nil {
		options = map[string]any{}
	}
	options["expression"] = text
	if label != "" { // else the metrics' own names
		options["label"] = label
	}
	return series{options}
}

func label(text string) map[string]any { return map[string]any{"label": text} }

// gateway is a metric of the stage.
func (d *dashboard) gateway(name string, options map[string]any) series {
	return of("AWS/ApiGateway", name, d.api, options)
}

// search finds all metrics with a set of dimensions, of which some have known values;
// CloudWatch returns a hundred at most.
func search(namespace string, dimensions []string, name string, known ...string) string {
	terms := fmt.Sprintf("MetricName=%q", name)
	for pair := range slices.Chunk(known, 2) {
		terms += fmt.Sprintf(" %s=%q", pair[0], pair[1])
	}
	return fmt.Sprintf(`SEARCH('{%q,%s} %s', 'Sum')`, namespace, strings.Join(dimensions, ","), terms)
}

// requests shows what clients got.
func (d *dashboard) requests() {
	hidden := func(id string) map[string]any { return map[string]any{"id": id, "visible": false} }
	d.graph("Requests by status", "Sum",
		d.gateway("Count", hidden("requests")), d.gateway("4xx", map[string]any{"id": "clients", "label": "4xx"}), d.gateway("5xx", map[string]any{"id": "servers", "label": "5xx"}),
		expression("requests - FILL(clients, 0) - FILL(servers, 0)", "2xx and 3xx", nil),
	)
	if !d.plan.monitoring.args.NoRouteMetrics {
		// AWS documents ApiId, Route, Stage, and has been seen to write ApiId, Method,
		// Resource, Stage (API Gateway developer guide, "Working with metrics for HTTP
		// APIs"; yet-another-cloudwatch-exporter issue 1031). What is not there draws
		// nothing.
		var lines []series
		for _, dimensions := range [][]string{{"ApiId", "Route", "Stage"}, {"ApiId", "Method", "Resource", "Stage"}} {
			found := search("AWS/ApiGateway", dimensions, "Count", d.api...)
			lines = append(lines, expression("SORT("+found+", SUM, DESC, 25)", "", nil))
		}
		d.graph("Requests by route, the 25 with most", "Sum", lines...)
	}
	d.graph("Latency of the API (ms)", "p99",
		d.gateway("Latency", map[string]any{"stat": "p50", "label": "p50"}), d.gateway("Latency", label("p99")),
		d.gateway("IntegrationLatency", map[string]any{"stat": "p50", "label": "functions p50"}), d.gateway("IntegrationLatency", label("functions p99")),
	)
}

// authorizers shows what the authorizers decided, and how often they were asked.
func (d *dashboard) authorizers() {
	namespace, runs := d.plan.monitoring.args.Namespace, []series{}
	var outcomes, denials, errors, latencies, starts, ages []series
	own := func(function, name string, options map[string]any) series {
		return of(namespace, name, []string{contract.DimensionFunction, function}, options)
	}
	var ids []string
	for _, f := range d.plan.functions {
		if !f.authorizes() {
			continue
		}
		name, function := f.args.Name, d.functions[f.args.Name]
		ids = append(ids, fmt.Sprintf("FILL(runs%d, 0)", len(ids)))
		runs = append(runs, own(function, contract.MetricRequests, map[string]any{"id": fmt.Sprintf("runs%d", len(runs)), "label": name}))
		for _, outcome := range []string{contract.MetricAllowed, contract.MetricDenied, contract.MetricErrors} {
			outcomes = append(outcomes, own(function, outcome, label(name+" "+outcome)))
		}
		for _, by := range []struct {
			lines *[]series
			name  string
		}{{&denials, contract.MetricDenied}, {&errors, contract.MetricErrors}} {
			found := search(namespace, []string{contract.DimensionFunction, contract.DimensionReason}, by.name, contract.DimensionFunction, function)
			*by.lines = append(*by.lines, expression(found, "", nil))
		}
		lambda := []string{"FunctionName", function}
		latencies = append(latencies,
			of("AWS/Lambda", "Duration", lambda, map[string]any{"stat": "p50", "label": name + " p50"}), of("AWS/Lambda", "Duration", lambda, label(name+" p99")),
			own(function, contract.MetricLatency, label(name+" decision p99")))
		starts = append(starts, own(function, contract.MetricColdStart, label(name)))
		if f.readsSecret() {
			ages = append(ages, own(function, contract.MetricSecretAge, label(name)))
		}
	}
	if len(runs) == 0 {
		return
	}
	runs = append(runs, d.gateway("Count", map[string]any{"id": "requests", "label": "requests to the API"}),
		expression("100 * ("+strings.Join(ids, " + ")+") / requests", "per cent of requests that asked an authorizer", map[string]any{"yAxis": "right"}))
	d.graph("Authorizers' runs against requests: the rest is public, or answered from the cache", "Sum", runs...)
	d.graph("Decisions", "Sum", outcomes...)
	d.graph("Denials by reason", "Sum", denials...)
	d.graph("Errors of authorizers by reason", "Sum", errors...)
	d.graph("Latency of authorizers (ms)", "p99", latencies...)
	d.graph("Cold starts of authorizers", "Sum", starts...)
	d.graph("Age of secrets (s)", "Maximum", ages...)
}

// handlers shows the functions, some in a graph.
func (d *dashboard) handlers() {
	names := slices.Sorted(maps.Keys(d.functions))
	pages := slices.Collect(slices.Chunk(names, functionsPerWidget))
	for i, page := range pages {
		suffix := ""
		if len(pages) > 1 {
			suffix = fmt.Sprintf(", part %d of %d", i+1, len(pages))
		}
		var latencies, counts []series
		query := ""
		for _, name := range page {
			dimensions := []string{"FunctionName", d.functions[name]}
			latencies = append(latencies,
				of("AWS/Lambda", "Duration", dimensions, map[string]any{"stat": "p50", "label": name + " p50"}), of("AWS/Lambda", "Duration", dimensions, label(name+" p99")))
			for _, count := range []string{"Invocations", "Errors", "Throttles"} {
				counts = append(counts, of("AWS/Lambda", count, dimensions, label(name+" "+count)))
			}
			query += fmt.Sprintf("SOURCE '%s' | ", d.groups[name])
		}
		d.graph("Latency of functions (ms)"+suffix, "p99", latencies...)
		d.graph("Invocations, errors and throttles of functions"+suffix, "Sum", counts...)
		// Lambda has no metric of cold starts. The two fields are those of its records
		// as text and as JSON.
		query += "fields coalesce(@initDuration, record.metrics.initDurationMs) as start | filter ispresent(start) | " +
			"stats count(start) as starts, pct(start, 50) as p50, pct(start, 99) as p99 by @log"
		d.add("log", map[string]any{"title": "Cold starts of functions (ms): a query, billed by what it reads" + suffix, "view": "table", "query": query})
	}
}

// costs shows the tables, and what AWS bills by.
func (d *dashboard) costs() {
	var throttles, capacity []series
	for _, name := range slices.Sorted(maps.Keys(d.tables)) {
		dimensions := []string{"TableName", d.tables[name]}
		for _, count := range []struct {
			lines *[]series
			name  string
		}{{&throttles, "ReadThrottleEvents"}, {&throttles, "WriteThrottleEvents"}, {&capacity, "ConsumedReadCapacityUnits"}, {&capacity, "ConsumedWriteCapacityUnits"}} {
			*count.lines = append(*count.lines, of("AWS/DynamoDB", count.name, dimensions, label(name+" "+count.name)))
		}
	}
	d.graph("Throttles of tables", "Sum", throttles...)
	d.graph("Billed units of tables", "Sum", capacity...)
	d.add("metric", map[string]any{"title": "Billed of the API, in all", "view": "singleValue", "stat": "Sum", "period": 300, "setPeriodToTimeRange": true,
		"metrics": []series{d.gateway("Count", label("requests")), d.gateway("DataProcessed", label("bytes"))}})
}
