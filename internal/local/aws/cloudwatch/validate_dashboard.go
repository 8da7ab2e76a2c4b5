package cloudwatch

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// What a dashboard may have (CloudWatch API reference, PutDashboard and "Dashboard
// Body Structure and Syntax"; CloudWatch user guide, "CloudWatch service quotas").
const (
	maxWidgets         = 500
	maxWidgetMetrics   = 500
	maxMetrics         = 2500
	gridWidth          = 24
	maxHeight          = 1000
	maxWidgetAlarms    = 100
	dashboardErrorCode = "InvalidParameterInput"
)

var (
	dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	widgetTypes   = []string{"metric", "text", "log", "alarm", "explorer", "custom", "chart"}
)

// problem is one of the validation errors that AWS lists.
type problem struct {
	DataPath string `json:"dataPath"`
	Message  string `json:"message"`
}

type problems []problem

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, problem{path, fmt.Sprintf(format, args...)})
}

// ValidateDashboard returns the error that PutDashboard would give, with all that is
// wrong with the body.
func ValidateDashboard(d Dashboard) error {
	if !dashboardName.MatchString(d.DashboardName) {
		return awserr.New(dashboardErrorCode, "The value %s for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_), at most 255 of them.", d.DashboardName)
	}
	var body struct {
		Widgets []map[string]any `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(d.DashboardBody), &body); err != nil {
		return awserr.New(dashboardErrorCode, "The field DashboardBody must be a valid JSON object: %v", err)
	}
	var found problems
	if len(body.Widgets) > maxWidgets {
		found.add("/widgets", "Should have at most %d widgets", maxWidgets)
	}
	metrics := 0
	for i, widget := range body.Widgets {
		metrics += found.widget(fmt.Sprintf("/widgets/%d", i), widget)
	}
	if metrics > maxMetrics {
		found.add("/widgets", "Should have at most %d metrics in all", maxMetrics)
	}
	if len(found) == 0 {
		return nil
	}
	list, _ := json.MarshalIndent(found, "", "  ") // of strings
	return awserr.New(dashboardErrorCode, "The dashboard body is invalid, there are %d validation errors:\n%s", len(found), list)
}

// widget checks a widget, and returns how many metrics it has.
func (p *problems) widget(path string, widget map[string]any) int {
	kind, _ := widget["type"].(string)
	if !slices.Contains(widgetTypes, kind) {
		p.add(path+"/type", "Should be one of %s", strings.Join(widgetTypes, ", "))
	}
	for name, limit := range map[string][2]float64{"x": {0, gridWidth - 1}, "y": {0, 1e9}, "width": {1, gridWidth}, "height": {1, maxHeight}} {
		value, there := widget[name]
		number, ok := value.(float64)
		if there && (!ok || number != float64(int(number)) || number < limit[0] || number > limit[1]) {
			p.add(path+"/"+name, "Should be a whole number from %v to %v", limit[0], limit[1])
		}
	}
	x, _ := widget["x"].(float64)
	if width, _ := widget["width"].(float64); x+width > gridWidth {
		p.add(path, "Should end at the %dth column", gridWidth)
	}
	properties, ok := widget["properties"].(map[string]any)
	if !ok {
		p.add(path, "Should have required property 'properties'")
		return 0
	}
	path += "/properties"
	text := func(name string) bool {
		s, _ := properties[name].(string)
		return s != ""
	}
	switch kind {
	case "metric":
		return p.metricWidget(path, properties, text("region"))
	case "text":
		if !text("markdown") {
			p.add(path, "Should have required property 'markdown'")
		}
	case "log":
		for _, name := range []string{"query", "region"} {
			if !text(name) {
				p.add(path, "Should have required property '%s'", name)
			}
		}
	case "alarm":
		if alarms, _ := properties["alarms"].([]any); len(alarms) == 0 || len(alarms) > maxWidgetAlarms {
			p.add(path+"/alarms", "Should be an array of 1 to %d ARNs", maxWidgetAlarms)
		}
	}
	return 0
}

func (p *problems) metricWidget(path string, properties map[string]any, region bool) int {
	value, there := properties["metrics"]
	if _, annotated := properties["annotations"]; annotated && !there {
		return 0
	}
	if !there {
		p.add(path, "Should have required property 'metrics'")
	}
	metrics, ok := value.([]any)
	if !region || len(metrics) == 0 {
		p.add(path, "The metric widget should have specified a region and a data source or an alarm annotation")
	}
	if there && !ok {
		p.add(path+"/metrics", "Should be array")
	}
	if len(metrics) > maxWidgetMetrics {
		p.add(path+"/metrics", "Should have at most %d metrics", maxWidgetMetrics)
	}
	for i, metric := range metrics {
		p.metric(fmt.Sprintf("%s/metrics/%d", path, i), metric)
	}
	return len(metrics)
}

// metric checks an element of metrics: namespace, name, and names and values of
// dimensions, then an object; or the object alone, with an expression.
func (p *problems) metric(path string, metric any) {
	parts, ok := metric.([]any)
	if !ok {
		p.add(path, "Should be array")
	}
	names, object := 0, map[string]any(nil)
	for i, part := range parts {
		switch part := part.(type) {
		case string:
			names++
			ok = ok && part != "" && object == nil
		case map[string]any:
			object = part
			ok = ok && i == len(parts)-1
		default:
			ok = false
		}
	}
	expression, _ := object["expression"].(string)
	if !ok || names == 0 && expression == "" || names > 0 && (names < 2 || names%2 != 0 || expression != "") {
		p.add(path, `Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element`)
	}
}
