package cloudwatch

// Alarm is an alarm on a metric, or on an expression of several. The names are those of
// PutMetricAlarm.
type Alarm struct {
	AlarmName               string
	AlarmDescription        string
	ActionsEnabled          *bool // nil: true
	AlarmActions            []string
	OKActions               []string
	InsufficientDataActions []string
	ComparisonOperator      string
	EvaluationPeriods       int
	DatapointsToAlarm       int      // 0: all of them
	Threshold               *float64 // nil: that of ThresholdMetricID
	ThresholdMetricID       string
	TreatMissingData        string // empty: "missing"

	EvaluateLowSampleCountPercentile string

	// Of an alarm on one metric.
	Namespace         string
	MetricName        string
	Dimensions        map[string]string
	Statistic         string
	ExtendedStatistic string
	Period            int // seconds
	Unit              string

	Metrics []Query // of an alarm on an expression
	Tags    map[string]string
}

// Query is a metric, or an expression of other queries.
type Query struct {
	ID         string       `json:"id"`
	Expression string       `json:"expression,omitempty"`
	Label      string       `json:"label,omitempty"`
	AccountID  string       `json:"accountId,omitempty"`
	Period     int          `json:"period,omitempty"` // of an expression
	Metric     *QueryMetric `json:"metric,omitempty"`
	ReturnData bool         `json:"returnData,omitempty"`
}

// QueryMetric is a metric, and what is made of its values in a period.
type QueryMetric struct {
	Namespace  string            `json:"namespace,omitempty"`
	MetricName string            `json:"metricName"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Stat       string            `json:"stat"`
	Period     int               `json:"period"`
	Unit       string            `json:"unit,omitempty"`
}

// Dashboard is a dashboard.
type Dashboard struct {
	DashboardName string
	DashboardBody string // JSON
}
