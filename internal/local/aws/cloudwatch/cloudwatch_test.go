package cloudwatch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

const region = "eu-central-1"

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// one is an alarm on one metric, and two on an expression.
func one(change func(*Alarm)) Alarm {
	threshold := 1.5
	a := Alarm{
		AlarmName: "a", ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: 3, Threshold: &threshold,
		Namespace: "AWS/Lambda", MetricName: "Errors", Dimensions: map[string]string{"FunctionName": "f"}, Statistic: "Sum", Period: 60,
	}
	change(&a)
	return a
}

func two(change func(*Alarm)) Alarm {
	m := func(name string) *QueryMetric {
		return &QueryMetric{Namespace: "AWS/ApiGateway", MetricName: name, Stat: "Sum", Period: 60}
	}
	a := one(func(a *Alarm) {
		a.Namespace, a.MetricName, a.Dimensions, a.Statistic, a.Period = "", "", nil, "", 0
		a.Metrics = []Query{{ID: "rate", Expression: "IF(count >= 10, 100 * bad / count, 0)", ReturnData: true}, {ID: "bad", Metric: m("5xx")}, {ID: "count", Metric: m("Count")}}
	})
	change(&a)
	return a
}

func TestValidateAlarm(t *testing.T) {
	t.Parallel()
	const (
		prefix = "ValidationError: "
		ops    = "GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold, LessThanOrEqualToThreshold"
		bands  = "LessThanLowerOrGreaterThanUpperThreshold, LessThanLowerThreshold, GreaterThanUpperThreshold"
	)
	topic := "arn:aws:sns:eu-central-1:123456789012:t"
	tests := []struct {
		name  string
		alarm Alarm
		want  string // without prefix
	}{
		{"good", one(func(*Alarm) {}), ""},
		{"good, of two metrics", two(func(*Alarm) {}), ""},
		{"good percentile", one(func(a *Alarm) { a.Statistic, a.ExtendedStatistic = "", "p99.9" }), ""},
		{"good mean", one(func(a *Alarm) { a.Statistic, a.ExtendedStatistic = "", "TM(10%:90%)" }), ""},
		{"good actions", one(func(a *Alarm) {
			a.AlarmActions = []string{topic, "arn:aws:lambda:eu-central-1:123456789012:function:f", "arn:aws:automate:eu-central-1:ec2:stop"}
		}), ""},
		{"a week of hours", one(func(a *Alarm) { a.Period, a.EvaluationPeriods = 3600, 168 }), ""},
		{"no name", one(func(a *Alarm) { a.AlarmName = "" }), "1 validation error detected: Value '' at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255"},
		{"long description", one(func(a *Alarm) { a.AlarmDescription = strings.Repeat("x", 1025) }), "1 validation error detected: Value at 'alarmDescription' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"operator", one(func(a *Alarm) { a.ComparisonOperator = "Above" }), "1 validation error detected: Value 'Above' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [" + ops + ", " + bands + "]"},
		{"no periods", one(func(a *Alarm) { a.EvaluationPeriods = 0 }), "1 validation error detected: Value '0' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"more points than periods", one(func(a *Alarm) { a.DatapointsToAlarm = 4 }), "DatapointsToAlarm must be from 1 to the number of evaluation periods: 4 of 3"},
		{"no threshold", one(func(a *Alarm) { a.Threshold = nil }), "Threshold must not be null"},
		{"two thresholds", two(func(a *Alarm) { a.ThresholdMetricID = "bad" }), "Threshold and ThresholdMetricId cannot both be set"},
		{"band without one", one(func(a *Alarm) { a.ComparisonOperator = "LessThanLowerThreshold" }), "ComparisonOperator LessThanLowerThreshold does not fit: " + bands + " are for alarms with a ThresholdMetricId, and no others"},
		{"missing data", one(func(a *Alarm) { a.TreatMissingData = "good" }), "Option good is not supported for parameter TreatMissingData."},
		{"few samples", one(func(a *Alarm) { a.EvaluateLowSampleCountPercentile = "no" }), "Option no is not supported for parameter EvaluateLowSampleCountPercentile."},
		{"six actions", one(func(a *Alarm) { a.AlarmActions = strings.Split(strings.Repeat(topic+" ", 6), " ")[:6] }), "1 validation error detected: Value at 'alarmActions' failed to satisfy constraint: Member must have length less than or equal to 5"},
		{"no ARN", one(func(a *Alarm) { a.OKActions = []string{"me@example.com"} }), "Invalid arn syntax: me@example.com"},
		{"a queue", one(func(a *Alarm) { a.AlarmActions = []string{"arn:aws:sqs:eu-central-1:123456789012:q"} }), "Invalid arn syntax: arn:aws:sqs:eu-central-1:123456789012:q"},
		{"another Region", one(func(a *Alarm) { a.InsufficientDataActions = []string{"arn:aws:sns:us-east-1:123456789012:t"} }), "Invalid region us-east-1 specified. Only eu-central-1 is supported."},
		{"no metric", one(func(a *Alarm) { a.MetricName = "" }), "MetricName must not be null"},
		{"no namespace", one(func(a *Alarm) { a.Namespace = "" }), "Namespace must not be null"},
		{"no period", one(func(a *Alarm) { a.Period = 0 }), "Period must not be null"},
		{"no statistic", one(func(a *Alarm) { a.Statistic = "" }), "Must specify either statistic or extendedStatistic"},
		{"two statistics", one(func(a *Alarm) { a.ExtendedStatistic = "p99" }), "Cannot specify both statistic and extendedStatistic"},
		{"percentile as statistic", one(func(a *Alarm) { a.Statistic = "p99" }), "1 validation error detected: Value 'p99' at 'statistic' failed to satisfy constraint: Member must satisfy enum value set: [SampleCount, Average, Sum, Minimum, Maximum]"},
		{"no percentile", one(func(a *Alarm) { a.Statistic, a.ExtendedStatistic = "", "p101" }), "The value p101 for parameter ExtendedStatistic is not supported."},
		{"odd period", one(func(a *Alarm) { a.Period = 90 }), "Period must be 10, 20, 30 or a multiple of 60"},
		{"more than a day", one(func(a *Alarm) { a.Period, a.EvaluationPeriods = 60, 1441 }), "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)"},
		{"more than a week", one(func(a *Alarm) { a.Period, a.EvaluationPeriods = 3600, 169 }), "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800)"},
		{"empty dimension", one(func(a *Alarm) { a.Dimensions["FunctionName"] = "" }), "1 validation error detected: the dimension 'FunctionName' with the value '' failed to satisfy constraint: names have 1 to 255 characters and do not begin with a colon, values 1 to 1024"},
		{"namespace", one(func(a *Alarm) { a.Namespace = ":x" }), "1 validation error detected: Value ':x' at 'namespace' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:].*, with at most 255 characters"},
		{"long metric name", one(func(a *Alarm) { a.MetricName = strings.Repeat("x", 256) }), "1 validation error detected: Value '" + strings.Repeat("x", 256) + "' at 'metricName' failed to satisfy constraint: Member must have length less than or equal to 255"},
		{"unit", one(func(a *Alarm) { a.Unit = "ms" }), "1 validation error detected: Value 'ms' at 'unit' failed to satisfy constraint: Member must satisfy enum value set: [" + strings.Join(units, ", ") + "]"},
		{"threshold of a band, one metric", one(func(a *Alarm) {
			a.Threshold, a.ThresholdMetricID, a.ComparisonOperator = nil, "e1", "LessThanLowerThreshold"
		}), "ThresholdMetricId should not be set if list of Metrics is not set."},
		{"both kinds", two(func(a *Alarm) { a.Statistic = "Sum" }), "Statistic should not be set if list of Metrics is set."},
		{"id", two(func(a *Alarm) { a.Metrics[0].ID = "Rate" }), "Invalid metrics list: the id 'Rate' is not a small letter, then letters, digits and underscores"},
		{"id twice", two(func(a *Alarm) { a.Metrics[2].ID = "bad" }), "Invalid metrics list: the id 'bad' is there twice"},
		{"nothing returned", two(func(a *Alarm) { a.Metrics[0].ReturnData = false }), "Exactly one element of the metrics list should return data."},
		{"two returned", two(func(a *Alarm) { a.Metrics[1].ReturnData = true }), "Exactly one element of the metrics list should return data."},
		{"unknown id", two(func(a *Alarm) { a.Metrics[0].Expression = "bad / total" }), "Error in expression 'rate': there is no element 'total' in the metrics list"},
		{"neither", two(func(a *Alarm) { a.Metrics[1].Metric = nil }), "Invalid metrics list: the element 'bad' has not exactly one of MetricStat and Expression"},
		{"query's statistic", two(func(a *Alarm) { a.Metrics[1].Metric.Stat = "Total" }), "Invalid metrics list: the element 'bad' has the statistic 'Total', which is none"},
		{"query's metric", two(func(a *Alarm) { a.Metrics[1].Metric.MetricName = "" }), "Invalid metrics list: the element 'bad' has no MetricName or no Namespace"},
		{"query's period", two(func(a *Alarm) { a.Metrics[1].Metric.Period = 1 }), "Period must be 10, 20, 30 or a multiple of 60"},
		{"expression's period", two(func(a *Alarm) { a.Metrics[0].Period = 1 }), "Period must be 10, 20, 30 or a multiple of 60"},
		{"eleven metrics", two(func(a *Alarm) {
			for i := range 9 {
				q := a.Metrics[1]
				q.ID = fmt.Sprint("m", i)
				a.Metrics = append(a.Metrics, q)
			}
		}), "Invalid metrics list: 11 metrics and 1 expressions, allowed are 10 of each"},
		{"unknown band", two(func(a *Alarm) {
			a.Threshold, a.ThresholdMetricID, a.ComparisonOperator = nil, "e1", "LessThanLowerThreshold"
		}), "Invalid metrics list: there is no element with the ThresholdMetricId 'e1'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := tt.want
			if want != "" {
				want = prefix + want
			}
			if got := text(ValidateAlarm(tt.alarm, region)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestValidateDashboard(t *testing.T) {
	t.Parallel()
	metric := func(metrics string) string {
		return `{"type":"metric","x":12,"y":0,"width":12,"height":6,"properties":{"region":"eu-central-1","metrics":` + metrics + `}}`
	}
	many := func(n int) string {
		return metric("[" + strings.TrimSuffix(strings.Repeat(`["N","M"],`, n), ",") + "]")
	}
	const form = `Field \"metrics\" has to be an array of array of strings, with an optional metricRenderer object as last element`
	tests := []struct {
		name, widgets string
		want          []string // dataPath and message
	}{
		{"none", "", nil},
		{"good", metric(`[["N","M","D","v",{"stat":"Sum"}],[".","M2",".","."],[{"expression":"SUM(SEARCH('x','Sum'))","label":"l"}]]`), nil},
		{"good others", `{"type":"text","properties":{"markdown":"x"}},{"type":"log","properties":{"query":"q","region":"r"}},{"type":"alarm","properties":{"alarms":["a"]}}`, nil},
		{"good annotation", `{"type":"metric","properties":{"annotations":{"alarms":["a"]}}}`, nil},
		{"type", `{"type":"graph","properties":{}}`, []string{"/widgets/0/type", "Should be one of metric, text, log, alarm, explorer, custom, chart"}},
		{"place", `{"type":"text","x":20,"width":6,"properties":{"markdown":"x"}}`, []string{"/widgets/0", "Should end at the 24th column"}},
		{"height", `{"type":"text","height":1.5,"properties":{"markdown":"x"}}`, []string{"/widgets/0/height", "Should be a whole number from 1 to 1000"}},
		{"no properties", `{"type":"text"}`, []string{"/widgets/0", "Should have required property 'properties'"}},
		{"no text", `{"type":"text","properties":{}}`, []string{"/widgets/0/properties", "Should have required property 'markdown'"}},
		{"no query", `{"type":"log","properties":{}}`, []string{"/widgets/0/properties", "Should have required property 'query'", "/widgets/0/properties", "Should have required property 'region'"}},
		{"no alarms", `{"type":"alarm","properties":{"alarms":[]}}`, []string{"/widgets/0/properties/alarms", "Should be an array of 1 to 100 ARNs"}},
		{"no metrics", `{"type":"metric","properties":{"region":"r"}}`, []string{
			"/widgets/0/properties", "Should have required property 'metrics'", "/widgets/0/properties", "The metric widget should have specified a region and a data source or an alarm annotation"}},
		{"no Region", `{"type":"metric","properties":{"metrics":[["N","M"]]}}`, []string{"/widgets/0/properties", "The metric widget should have specified a region and a data source or an alarm annotation"}},
		{"no array", metric(`["N"]`), []string{"/widgets/0/properties/metrics/0", "Should be array", "/widgets/0/properties/metrics/0", form}},
		{"dimension without value", metric(`[["N","M","D"]]`), []string{"/widgets/0/properties/metrics/0", form}},
		{"object before the end", metric(`[["N","M",{},"D","v"]]`), []string{"/widgets/0/properties/metrics/0", form}},
		{"expression and metric", metric(`[["N","M",{"expression":"x"}]]`), []string{"/widgets/0/properties/metrics/0", form}},
		{"most of a widget", many(500), nil},
		{"more than a widget", many(501), []string{"/widgets/0/properties/metrics", "Should have at most 500 metrics"}},
		{"more than a dashboard", strings.Repeat(many(500)+",", 5) + many(1), []string{"/widgets", "Should have at most 2500 metrics in all"}},
		{"more widgets", strings.TrimSuffix(strings.Repeat(`{"type":"text","properties":{"markdown":"x"}},`, 501), ","), []string{"/widgets", "Should have at most 500 widgets"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, want := text(ValidateDashboard(Dashboard{"d", `{"widgets":[` + tt.widgets + `]}`})), ""
			for i := 0; i < len(tt.want); i += 2 {
				want += fmt.Sprintf("  {\n    \"dataPath\": %q,\n    \"message\": \"%s\"\n  },\n", tt.want[i], tt.want[i+1])
			}
			if want != "" {
				want = fmt.Sprintf("InvalidParameterInput: The dashboard body is invalid, there are %d validation errors:\n[\n%s\n]", len(tt.want)/2, strings.TrimSuffix(want, ",\n"))
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	for _, tt := range []struct {
		d    Dashboard
		want string
	}{
		{Dashboard{"a b", "{}"}, "InvalidParameterInput: The value a b for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_), at most 255 of them."},
		{Dashboard{"d", "{"}, "InvalidParameterInput: The field DashboardBody must be a valid JSON object: unexpected end of JSON input"},
	} {
		if got := text(ValidateDashboard(tt.d)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// TestEffect: both are kept and have ARNs, and the console says once that this is all.
func TestEffect(t *testing.T) {
	t.Parallel()
	out := &consoletest.Buffer{}
	s := New(account.Account{ID: "123456789012", Region: region, Partition: "aws"}, console.New(out))
	for range 2 {
		if err := s.PutAlarm(one(func(*Alarm) {})); err != nil {
			t.Fatal(err)
		}
		if err := s.PutDashboard(Dashboard{"d", "{}"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutAlarm(Alarm{AlarmName: "bad"}); err == nil {
		t.Error("a bad alarm is kept")
	}
	if len(s.Alarms()) != 1 || len(s.Dashboards()) != 1 {
		t.Errorf("there are %v and %v", s.Alarms(), s.Dashboards())
	}
	if got := s.AlarmARN("a") + " " + s.DashboardARN("d"); got != "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a arn:aws:cloudwatch::123456789012:dashboard/d" {
		t.Errorf("the ARNs are %s", got)
	}
	if n := strings.Count(out.String(), "have no effect here"); n != 1 {
		t.Errorf("the console says it %d times:\n%s", n, out)
	}
	s.DeleteAlarm("a")
	s.DeleteDashboard("d")
	if len(s.Alarms()) != 0 || len(s.Dashboards()) != 0 {
		t.Error("they are still there")
	}
}
