package provider

import (
	"cmp"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/cloudwatch"
)

// metricAlarmInputs has the fields of cloudwatch.Alarm, so that one can be converted to
// the other.
type metricAlarmInputs struct {
	AlarmName               string   `json:"name" aws:"replace"`
	AlarmDescription        string   `json:"alarmDescription"`
	ActionsEnabled          *bool    `json:"actionsEnabled"`
	AlarmActions            []string `json:"alarmActions" aws:"set"`
	OKActions               []string `json:"okActions" aws:"set"`
	InsufficientDataActions []string `json:"insufficientDataActions" aws:"set"`
	ComparisonOperator      string   `json:"comparisonOperator" aws:"required"`
	EvaluationPeriods       int      `json:"evaluationPeriods" aws:"required"`
	DatapointsToAlarm       int      `json:"datapointsToAlarm" aws:"positive"`
	Threshold               *float64 `json:"threshold"`
	ThresholdMetricID       string   `json:"thresholdMetricId"`
	TreatMissingData        string   `json:"treatMissingData"`

	EvaluateLowSampleCountPercentile string `json:"evaluateLowSampleCountPercentiles" aws:"computed"`

	Namespace         string            `json:"namespace"`
	MetricName        string            `json:"metricName"`
	Dimensions        map[string]string `json:"dimensions"`
	Statistic         string            `json:"statistic"`
	ExtendedStatistic string            `json:"extendedStatistic"`
	Period            int               `json:"period"`
	Unit              string            `json:"unit"`

	Metrics []cloudwatch.Query `json:"metricQueries" aws:"set"`
	Tags    map[string]string  `json:"tags"`
}

func metricAlarmResource(region string) resource {
	return definition[metricAlarmInputs]{
		Type: "aws:cloudwatch/metricAlarm:MetricAlarm",
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"arn"},
		Validate: func(in metricAlarmInputs) (metricAlarmInputs, error) {
			if in.ActionsEnabled == nil {
				yes := true
				in.ActionsEnabled = &yes
			}
			in.TreatMissingData = cmp.Or(in.TreatMissingData, "missing")
			return in, cloudwatch.ValidateAlarm(cloudwatch.Alarm(in), region)
		},
		Placeholders: map[string]any{
			"name": "unknown", "alarmDescription": nil, "tags": nil,
			"alarmActions": nil, "okActions": nil, "insufficientDataActions": nil, "dimensions": nil,
		},
		Create: func(s Services, in metricAlarmInputs) (string, map[string]any, error) {
			return in.AlarmName, metricAlarmOutputs(s, in.AlarmName), s.CloudWatch.PutAlarm(cloudwatch.Alarm(in))
		},
		Read: func(s Services, id string, _ metricAlarmInputs) (metricAlarmInputs, map[string]any, bool, error) {
			a, ok := s.CloudWatch.Alarms()[id]
			return metricAlarmInputs(a), metricAlarmOutputs(s, id), ok, nil
		},
		Update: func(s Services, id string, _, in metricAlarmInputs) (map[string]any, error) {
			return metricAlarmOutputs(s, id), s.CloudWatch.PutAlarm(cloudwatch.Alarm(in))
		},
		Delete: func(s Services, id string, _ metricAlarmInputs) error {
			s.CloudWatch.DeleteAlarm(id)
			return nil
		},
	}
}

func metricAlarmOutputs(s Services, name string) map[string]any {
	return map[string]any{"arn": s.CloudWatch.AlarmARN(name)}
}

type dashboardInputs struct {
	DashboardName string `json:"dashboardName" aws:"required,replace"`
	DashboardBody string `json:"dashboardBody" aws:"required"`
}

func dashboardResource() resource {
	return definition[dashboardInputs]{
		Type:     "aws:cloudwatch/dashboard:Dashboard",
		Computed: []string{"dashboardArn"},
		Validate: func(in dashboardInputs) (dashboardInputs, error) {
			return in, cloudwatch.ValidateDashboard(cloudwatch.Dashboard(in))
		},
		Placeholders: map[string]any{"dashboardName": "unknown"},
		Create: func(s Services, in dashboardInputs) (string, map[string]any, error) {
			return in.DashboardName, dashboardOutputs(s, in.DashboardName), s.CloudWatch.PutDashboard(cloudwatch.Dashboard(in))
		},
		Read: func(s Services, id string, _ dashboardInputs) (dashboardInputs, map[string]any, bool, error) {
			d, ok := s.CloudWatch.Dashboards()[id]
			return dashboardInputs(d), dashboardOutputs(s, id), ok, nil
		},
		Update: func(s Services, id string, _, in dashboardInputs) (map[string]any, error) {
			return dashboardOutputs(s, id), s.CloudWatch.PutDashboard(cloudwatch.Dashboard(in))
		},
		Delete: func(s Services, id string, _ dashboardInputs) error {
			s.CloudWatch.DeleteDashboard(id)
			return nil
		},
	}
}

func dashboardOutputs(s Services, name string) map[string]any {
	return map[string]any{"dashboardArn": s.CloudWatch.DashboardARN(name)}
}
