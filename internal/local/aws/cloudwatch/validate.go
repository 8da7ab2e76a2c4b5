package cloudwatch

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// What PutMetricAlarm takes (CloudWatch API reference, PutMetricAlarm,
// MetricDataQuery, MetricStat and Dimension).
const (
	maxName        = 255
	maxText        = 1024 // of a description, an action and a dimension's value
	maxActions     = 5
	maxDimensions  = 30
	maxQueries     = 20
	maxOfKind      = 10 // metrics, and expressions, among the queries
	day            = 86400
	week           = 7 * day
	hour           = 3600
	validationCode = "ValidationError"
)

var (
	statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
	// CloudWatch user guide, "CloudWatch statistics definitions".
	extended = regexp.MustCompile(`^((p|tm|tc|ts|wm)(100|\d{1,2})(\.\d{1,10})?|IQM|(TM|TC|TS|WM|PR)\([\d.%]*:[\d.%]*\))$`)

	operators = []string{"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}
	// bands compare with the band of an anomaly detection.
	bands = []string{"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"}

	units = []string{
		"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
		"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
		"Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
		"Gigabits/Second", "Terabits/Second", "Count/Second", "None",
	}

	queryID = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
	// words are what an expression names: queries begin with a small letter, functions
	// with a capital. What is in quotes is neither.
	words  = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)

	// action matches the ARNs of what an alarm can do, with their Region where they
	// have one.
	action = regexp.MustCompile(`^arn:[a-z-]+:(?:(?:sns|lambda|autoscaling|swf|ssm|ssm-incidents|aiops):([a-z0-9-]*):\d{12}:.+|automate:([a-z0-9-]+):ec2:(?:stop|terminate|recover|reboot))$`)
)

func invalid(format string, args ...any) error { return awserr.New(validationCode, format, args...) }

// ValidateAlarm returns the error that PutMetricAlarm would give in a Region. The
// words are AWS's where these have been published.
func ValidateAlarm(a Alarm, region string) error {
	all := slices.Concat(operators, bands)
	switch {
	case a.AlarmName == "" || utf8.RuneCountInString(a.AlarmName) > maxName:
		return invalid("1 validation error detected: Value '%s' at 'alarmName' failed to satisfy constraint: Member must have length between 1 and %d", a.AlarmName, maxName)
	case utf8.RuneCountInString(a.AlarmDescription) > maxText:
		return invalid("1 validation error detected: Value at 'alarmDescription' failed to satisfy constraint: Member must have length less than or equal to %d", maxText)
	case !slices.Contains(all, a.ComparisonOperator):
		return enum(a.ComparisonOperator, "comparisonOperator", all)
	case a.EvaluationPeriods < 1:
		return invalid("1 validation error detected: Value '%d' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1", a.EvaluationPeriods)
	case a.DatapointsToAlarm < 0 || a.DatapointsToAlarm > a.EvaluationPeriods:
		return invalid("DatapointsToAlarm must be from 1 to the number of evaluation periods: %d of %d", a.DatapointsToAlarm, a.EvaluationPeriods)
	case a.Threshold != nil && a.ThresholdMetricID != "":
		return invalid("Threshold and ThresholdMetricId cannot both be set")
	case slices.Contains(bands, a.ComparisonOperator) != (a.ThresholdMetricID != ""):
		return invalid("ComparisonOperator %s does not fit: %s are for alarms with a ThresholdMetricId, and no others", a.ComparisonOperator, strings.Join(bands, ", "))
	case a.Threshold == nil && a.ThresholdMetricID == "":
		return invalid("Threshold must not be null")
	case !slices.Contains([]string{"", "breaching", "notBreaching", "ignore", "missing"}, a.TreatMissingData):
		return invalid("Option %s is not supported for parameter TreatMissingData.", a.TreatMissingData)
	case !slices.Contains([]string{"", "evaluate", "ignore"}, a.EvaluateLowSampleCountPercentile):
		return invalid("Option %s is not supported for parameter EvaluateLowSampleCountPercentile.", a.EvaluateLowSampleCountPercentile)
	}
	for name, actions := range map[string][]string{"alarmActions": a.AlarmActions, "okActions": a.OKActions, "insufficientDataActions": a.InsufficientDataActions} {
		if err := validateActions(name, actions, region); err != nil {
			return err
		}
	}
	if len(a.Metrics) > 0 {
		return validateQueries(a)
	}
	return validateMetric(a)
}

func enum(value, name string, values []string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", value, name, strings.Join(values, ", "))
}

func validateActions(name string, actions []string, region string) error {
	if len(actions) > maxActions {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", name, maxActions)
	}
	for _, arn := range actions {
		match := action.FindStringSubmatch(arn)
		if match == nil || len(arn) > maxText {
			return invalid("Invalid arn syntax: %s", arn)
		}
		if in := match[1] + match[2]; in != "" && in != region {
			return invalid("Invalid region %s specified. Only %s is supported.", in, region)
		}
	}
	return nil
}

// validateMetric is for an alarm on one metric.
func validateMetric(a Alarm) error {
	switch m := (QueryMetric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions, Period: a.Period, Unit: a.Unit}); {
	case a.ThresholdMetricID != "":
		return invalid("ThresholdMetricId should not be set if list of Metrics is not set.")
	case m.MetricName == "":
		return invalid("MetricName must not be null")
	case m.Namespace == "":
		return invalid("Namespace must not be null")
	case m.Period == 0:
		return invalid("Period must not be null")
	case a.Statistic == "" && a.ExtendedStatistic == "":
		return invalid("Must specify either statistic or extendedStatistic")
	case a.Statistic != "" && a.ExtendedStatistic != "":
		return invalid("Cannot specify both statistic and extendedStatistic")
	case a.Statistic != "" && !slices.Contains(statistics, a.Statistic):
		return enum(a.Statistic, "statistic", statistics)
	case a.ExtendedStatistic != "" && !extended.MatchString(a.ExtendedStatistic):
		return invalid("The value %s for parameter ExtendedStatistic is not supported.", a.ExtendedStatistic)
	default:
		return validateSeries(m, a.EvaluationPeriods)
	}
}

// validateSeries checks what a metric of an alarm and one of a query have in common.
func validateSeries(m QueryMetric, evaluations int) error {
	switch {
	case utf8.RuneCountInString(m.MetricName) > maxName:
		return invalid("1 validation error detected: Value '%s' at 'metricName' failed to satisfy constraint: Member must have length less than or equal to %d", m.MetricName, maxName)
	case utf8.RuneCountInString(m.Namespace) > maxName || strings.HasPrefix(m.Namespace, ":"):
		return invalid("1 validation error detected: Value '%s' at 'namespace' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:].*, with at most %d characters", m.Namespace, maxName)
	case m.Unit != "" && !slices.Contains(units, m.Unit):
		return enum(m.Unit, "unit", units)
	case len(m.Dimensions) > maxDimensions:
		return invalid("1 validation error detected: Value at 'dimensions' failed to satisfy constraint: Member must have length less than or equal to %d", maxDimensions)
	}
	for name, value := range m.Dimensions {
		if name == "" || len(name) > maxName || value == "" || len(value) > maxText || strings.HasPrefix(name, ":") {
			return invalid("1 validation error detected: the dimension '%s' with the value '%s' failed to satisfy constraint: names have 1 to %d characters and do not begin with a colon, values 1 to %d", name, value, maxName, maxText)
		}
	}
	return validatePeriod(m.Period, evaluations)
}

func validatePeriod(period, evaluations int) error {
	if !slices.Contains([]int{10, 20, 30}, period) && (period < 60 || period%60 != 0) {
		return invalid("Period must be 10, 20, 30 or a multiple of 60")
	}
	switch total := period * evaluations; {
	case period < hour && total > day:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= %d)", day)
	case total > week:
		return invalid("Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= %d)", week)
	}
	return nil
}

// validateQueries is for an alarm on an expression.
func validateQueries(a Alarm) error {
	for name, set := range map[string]bool{
		"MetricName": a.MetricName != "", "Namespace": a.Namespace != "", "Dimensions": len(a.Dimensions) > 0, "Period": a.Period != 0,
		"Unit": a.Unit != "", "Statistic": a.Statistic != "", "ExtendedStatistic": a.ExtendedStatistic != "",
	} {
		if set {
			return invalid("%s should not be set if list of Metrics is set.", name)
		}
	}
	ids, returned, metrics := []string{}, 0, 0
	for _, q := range a.Metrics {
		if !queryID.MatchString(q.ID) || len(q.ID) > maxName {
			return invalid("Invalid metrics list: the id '%s' is not a small letter, then letters, digits and underscores", q.ID)
		}
		if slices.Contains(ids, q.ID) {
			return invalid("Invalid metrics list: the id '%s' is there twice", q.ID)
		}
		ids = append(ids, q.ID)
		if q.ReturnData {
			returned++
		}
		if q.Metric != nil {
			metrics++
		}
	}
	switch {
	case len(a.Metrics) > maxQueries || metrics > maxOfKind || len(a.Metrics)-metrics > maxOfKind:
		return invalid("Invalid metrics list: %d metrics and %d expressions, allowed are %d of each", metrics, len(a.Metrics)-metrics, maxOfKind)
	case returned != 1:
		return invalid("Exactly one element of the metrics list should return data.")
	case a.ThresholdMetricID != "" && !slices.Contains(ids, a.ThresholdMetricID):
		return invalid("Invalid metrics list: there is no element with the ThresholdMetricId '%s'", a.ThresholdMetricID)
	}
	for _, q := range a.Metrics {
		if err := validateQuery(q, ids, a.EvaluationPeriods); err != nil {
			return err
		}
	}
	return nil
}

func validateQuery(q Query, ids []string, evaluations int) error {
	if (q.Metric == nil) == (q.Expression == "") {
		return invalid("Invalid metrics list: the element '%s' has not exactly one of MetricStat and Expression", q.ID)
	}
	if q.Metric == nil {
		for _, word := range words.FindAllString(quoted.ReplaceAllString(q.Expression, ""), -1) {
			if queryID.MatchString(word) && !slices.Contains(ids, word) {
				return invalid("Error in expression '%s': there is no element '%s' in the metrics list", q.ID, word)
			}
		}
		if q.Period == 0 {
			return nil // that of the metrics
		}
		return validatePeriod(q.Period, evaluations)
	}
	switch m := q.Metric; {
	case m.MetricName == "" || m.Namespace == "":
		return invalid("Invalid metrics list: the element '%s' has no MetricName or no Namespace", q.ID)
	case !slices.Contains(statistics, m.Stat) && !extended.MatchString(m.Stat):
		return invalid("Invalid metrics list: the element '%s' has the statistic '%s', which is none", q.ID, m.Stat)
	}
	return validateSeries(*q.Metric, evaluations)
}
