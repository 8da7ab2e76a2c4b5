package components

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Requests in a period without which a share of them is no reason for an alarm.
const (
	leastRequests     = 20
	leastClientErrors = 100
)

// metric is a metric of AWS's or of an authorizer's.
type metric struct {
	namespace, name string
	dimensions      pulumi.StringMap
}

// alarm is an alarm on a metric, or on an expression of several, by the names that the
// expression has for them.
type alarm struct {
	kind string
	// of names what it watches, within the component.
	of      string
	metric  metric
	stat    string
	percent bool // stat is a percentile
	// expression and metrics take the place of metric.
	expression string
	metrics    map[string]metric
	threshold  float64 // where the kind has no default
}

// createAlarms makes the alarms that there are to be.
func (c *ProtectedHttpApi) createAlarms(ctx *pulumi.Context, p *plan) error {
	c.Alarms = map[string]*cloudwatch.MetricAlarm{}
	for _, a := range c.alarms(p) {
		if err := c.createAlarm(ctx, p, a); err != nil {
			return err
		}
	}
	return nil
}

// alarms are all that the plan could have.
func (c *ProtectedHttpApi) alarms(p *plan) []alarm {
	stage := pulumi.StringMap{"ApiId": c.Api.ID(), "Stage": c.Stage.Name}
	requests := metric{"AWS/ApiGateway", "Count", stage}
	share := func(least int, of string) string {
		n := strconv.Itoa(least)
		return "IF(" + of + " >= " + n + ", 100 * FILL(errors, 0) / requests, 0)"
	}
	all := []alarm{
		{kind: AlarmServerErrors, of: "5xx", stat: "Sum", expression: share(leastRequests, "requests"),
			metrics: map[string]metric{"requests": requests, "errors": {"AWS/ApiGateway", "5xx", stage}}},
		{kind: AlarmClientErrors, of: "4xx", stat: "Sum", expression: share(leastClientErrors, "errors"),
			metrics: map[string]metric{"requests": requests, "errors": {"AWS/ApiGateway", "4xx", stage}}},
	}
	for _, f := range p.functions {
		if !f.made() {
			continue
		}
		function := pulumi.StringMap{"FunctionName": c.Functions[f.args.Name].Name}
		all = append(all, alarm{kind: AlarmFunctionThrottles, of: f.args.Name + "-throttles", metric: metric{"AWS/Lambda", "Throttles", function}, stat: "Sum"})
		if !f.authorizes() {
			continue
		}
		all = append(all,
			alarm{kind: AlarmAuthorizerErrors, of: f.args.Name + "-errors", metric: metric{"AWS/Lambda", "Errors", function}, stat: "Sum"},
			alarm{kind: AlarmAuthorizerLatency, of: f.args.Name + "-latency", metric: metric{"AWS/Lambda", "Duration", function}, stat: "p99", percent: true,
				threshold: 0.8 * float64(f.args.Timeout.Milliseconds())},
		)
		if f.readsSecret() {
			all = append(all, alarm{kind: AlarmSecretAge, of: f.args.Name + "-secret-age", stat: "Maximum",
				metric: metric{p.monitoring.args.Namespace, contract.MetricSecretAge, pulumi.StringMap{contract.DimensionFunction: c.Functions[f.args.Name].Name}}})
		}
	}
	for _, t := range c.watchedTables(p) {
		for _, index := range append([]string{""}, t.indexes...) {
			dimensions, of := pulumi.StringMap{"TableName": t.table.Name}, t.name
			if index != "" {
				dimensions["GlobalSecondaryIndexName"], of = pulumi.String(index), of+"/"+index
			}
			all = append(all, alarm{kind: AlarmTableThrottles, of: of + "-capacity", stat: "Sum", expression: "FILL(reads, 0) + FILL(writes, 0)",
				metrics: map[string]metric{"reads": {"AWS/DynamoDB", "ReadThrottleEvents", dimensions}, "writes": {"AWS/DynamoDB", "WriteThrottleEvents", dimensions}}})
		}
	}
	return all
}

// createAlarm makes an alarm, unless its kind is left out.
func (c *ProtectedHttpApi) createAlarm(ctx *pulumi.Context, p *plan, a alarm) error {
	settings, ok := p.monitoring.alarms[a.kind]
	if !ok {
		return nil
	}
	kind := alarmKinds[slices.IndexFunc(alarmKinds, func(k alarmKind) bool { return k.name == a.kind })]
	if settings.Threshold == 0 {
		settings.Threshold = a.threshold
	}
	actions := pulumi.Array{}
	for _, topic := range p.monitoring.args.TopicArns {
		actions = append(actions, topic)
	}
	args := &cloudwatch.MetricAlarmArgs{
		Tags:               p.tagInputs(),
		Name:               pulumi.String(alarmNames.of(append(slices.Clone(p.monitoring.prefix), a.of)...)),
		AlarmDescription:   pulumi.String(kind.text),
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		Threshold:          pulumi.Float64(settings.Threshold),
		EvaluationPeriods:  pulumi.Int(settings.EvaluationPeriods),
		TreatMissingData:   pulumi.String(kind.missing),
		AlarmActions:       actions,
		OkActions:          actions,
	}
	if settings.DatapointsToAlarm != 0 {
		args.DatapointsToAlarm = pulumi.Int(settings.DatapointsToAlarm)
	}
	period := pulumi.Int(int(settings.Period.Seconds()))
	if a.expression == "" {
		args.Namespace, args.MetricName, args.Dimensions, args.Period = pulumi.String(a.metric.namespace), pulumi.String(a.metric.name), a.metric.dimensions, period
		if a.percent {
			args.ExtendedStatistic = pulumi.String(a.stat)
		} else {
			args.Statistic = pulumi.String(a.stat)
		}
	} else {
		args.MetricQueries = a.queries(period)
	}
	resource, err := cloudwatch.NewMetricAlarm(ctx, alarmNames.of(p.name, a.of), args, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.Alarms[a.of] = resource
	return nil
}

// queries are the alarm's expression and its metrics.
func (a alarm) queries(period pulumi.Int) cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{
		cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String("result"), Expression: pulumi.String(a.expression), Label: pulumi.String(a.of), ReturnData: pulumi.Bool(true)},
	}
	for _, id := range slices.Sorted(maps.Keys(a.metrics)) {
		m := a.metrics[id]
		queries = append(queries, cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String(id), Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
			Namespace: pulumi.String(m.namespace), MetricName: pulumi.String(m.name), Dimensions: m.dimensions, Stat: pulumi.String(a.stat), Period: period,
		}})
	}
	return queries
}

// watchedTable is a table that the component makes.
type watchedTable struct {
	name    string // within the component
	table   *dynamodb.Table
	indexes []string
}

// watchedTables are the tables that the component makes, by name.
func (c *ProtectedHttpApi) watchedTables(p *plan) []watchedTable {
	var tables []watchedTable
	add := func(table *dynamodb.Table, logicalName string, indexes map[string]IndexArgs) {
		if table != nil {
			name := strings.TrimPrefix(logicalName, p.name+"-")
			tables = append(tables, watchedTable{name, table, slices.Sorted(maps.Keys(indexes))})
		}
	}
	for _, t := range p.tables {
		add(c.resourceOf(t), t.logicalName, t.args.GlobalSecondaryIndexes)
	}
	for _, a := range p.authorizers {
		own := c.Authorizers[a.name]
		add(own.ApiKeyTable, p.apiKeyTableName(a), nil)
		add(own.StateTable, p.stateTableName(a), nil)
		add(own.RevocationTable, p.revocationTableName(a), nil)
	}
	return tables
}
