package local

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// emfLine is what CloudWatch finds in a line of an authorizer's log.
type emfLine struct {
	AWS struct {
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name string }
		}
	} `json:"_aws"`
	Reason    string
	SecretAge *float64
	values    map[string]any
}

// metricLines are the lines of metrics in the authorizer's log.
func (d deployed) metricLines(t *testing.T) []emfLine {
	t.Helper()
	var lines []emfLine
	for record := range bytes.Lines(d.log(t, "authorizer")) {
		_, text, found := bytes.Cut(record, []byte(`{"_aws":`))
		if !found {
			continue
		}
		text = append([]byte(`{"_aws":`), text...)
		var line emfLine
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if err := json.Unmarshal(text, &line.values); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// sums adds up the counts of lines, those with a reason by it too.
func sums(lines []emfLine) map[string]float64 {
	all := map[string]float64{}
	for _, line := range lines {
		for _, name := range []string{"Requests", "Allowed", "Denied", "Errors"} {
			n, _ := line.values[name].(float64)
			all[name] += n
			if line.Reason != "" && n > 0 && name != "Requests" {
				all[name+" "+line.Reason] += n
			}
		}
	}
	maps.DeleteFunc(all, func(_ string, n float64) bool { return n == 0 })
	return all
}

// checkMetrics sends requests and wants the authorizer to measure those that it was
// asked about: not those that API Gateway answers from its cache or without it.
func (d deployed) checkMetrics(t *testing.T) {
	t.Helper()
	before := len(d.metricLines(t))
	good := with("Authorization", "Bearer "+d.sign(t, d.Secret, "usr_metrics", everything))
	forged := with("Authorization", "Bearer "+d.sign(t, []byte("another secret of 32 bytes or so"), "usr_metrics", everything))
	later := with("Authorization", "Bearer "+d.sign(t, d.Secret, "usr_outage", everything))
	d.expect(t, http.StatusCreated, "POST", "/events", good)
	d.expect(t, http.StatusCreated, "POST", "/events", good)
	d.expect(t, http.StatusForbidden, "POST", "/events", forged)
	d.expect(t, http.StatusForbidden, "POST", "/events", forged)
	d.expect(t, http.StatusForbidden, "POST", "/events", with("Authorization", "Bearer none.at.all"))
	d.expect(t, http.StatusUnauthorized, "POST", "/events", nil)
	d.expect(t, http.StatusOK, "GET", "/events", nil)
	d.AWS.SetOutage("dynamodb", true) // where revocations are
	d.expect(t, http.StatusInternalServerError, "POST", "/events", later)
	d.AWS.SetOutage("dynamodb", false)

	want := map[string]float64{
		"Requests": 4, "Allowed": 1, "Denied": 2, "Denied invalid signature": 1, "Denied malformed": 1, "Errors": 1, "Errors unavailable": 1,
	}
	var lines []emfLine
	for range 100 { // a line may arrive in the log after the answer
		if lines = d.metricLines(t); len(lines)-before >= int(want["Requests"]) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := sums(lines[before:]); !maps.Equal(got, want) {
		t.Errorf("measured are %v, want %v", got, want)
	}
	if all, runs := int(sums(lines)["Requests"]), d.invocations(t, "authorizer"); all != runs {
		t.Errorf("%d decisions are measured, the authorizer ran %d times", all, runs)
	}
	for _, line := range lines {
		if line.SecretAge == nil || *line.SecretAge < 0 || *line.SecretAge > 3600 {
			t.Errorf("the secret's age is wrong in %v", line.values)
		}
	}
	d.checkWatched(t, written(lines))
}

// written are the metrics that CloudWatch would make of lines: namespace, name and
// dimensions, with their values and without.
func written(lines []emfLine) map[string]bool {
	all := map[string]bool{}
	for _, line := range lines {
		for _, directive := range line.AWS.CloudWatchMetrics {
			for _, names := range directive.Dimensions {
				dimensions := map[string]string{}
				for _, name := range names {
					dimensions[name], _ = line.values[name].(string)
				}
				for _, m := range directive.Metrics {
					all[metricKey(directive.Namespace, m.Name, dimensions)] = true
					all[metricKey(directive.Namespace, m.Name, nil)+strings.Join(slices.Sorted(slices.Values(names)), ",")] = true
				}
			}
		}
	}
	return all
}

func metricKey(namespace, name string, dimensions map[string]string) string {
	key := namespace + " " + name + " "
	for _, dimension := range slices.Sorted(maps.Keys(dimensions)) {
		key += dimension + "=" + dimensions[dimension] + ","
	}
	return key
}

// authorizersNamespace is that of the authorizer's metrics.
const authorizersNamespace = "ProtectedHttpApi"

// searched takes apart an expression of the dashboard.
var searched = regexp.MustCompile(`SEARCH\('\{"` + authorizersNamespace + `",([a-z,]+)\} MetricName="(\w+)" function="([^"]+)"', 'Sum'\)`)

// watcher is an alarm or a dashboard in the stack's state.
type watcher struct {
	Type   string
	Inputs struct {
		Namespace, MetricName string
		Dimensions            map[string]string
		DashboardBody         string
	}
}

const alarmType, dashboardType = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"

// watching are the alarms and dashboards of the stack.
func (d deployed) watching(t *testing.T) []watcher {
	t.Helper()
	state, err := d.stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct{ Resources []watcher }
	if err := json.Unmarshal(state.Deployment, &deployment); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(deployment.Resources, func(r watcher) bool { return r.Type != alarmType && r.Type != dashboardType })
}

// checkWatched wants each metric of the authorizer that an alarm or the dashboard of the
// stack is about to be one that the authorizer has written, by the same dimensions.
func (d deployed) checkWatched(t *testing.T, written map[string]bool) {
	t.Helper()
	wanted := map[string]int{}
	want := func(by, key string) {
		wanted[by]++
		if !written[key] {
			t.Errorf("%s is about %s, which the authorizer does not write", by, key)
		}
	}
	alarms := 0
	for _, r := range d.watching(t) {
		switch r.Type {
		case alarmType:
			alarms++
			if r.Inputs.Namespace == authorizersNamespace {
				want("an alarm", metricKey(r.Inputs.Namespace, r.Inputs.MetricName, r.Inputs.Dimensions))
			}
		case dashboardType:
			for _, match := range searched.FindAllStringSubmatch(strings.ReplaceAll(r.Inputs.DashboardBody, `\"`, `"`), -1) {
				names := strings.Split(match[1], ",")
				want("a search", metricKey(authorizersNamespace, match[2], nil)+strings.Join(slices.Sorted(slices.Values(names)), ","))
				if match[3] != d.function(t, "authorizer") {
					t.Errorf("a search is about the function %s", match[3])
				}
			}
			for _, metric := range dashboardMetrics(t, r.Inputs.DashboardBody) {
				if metric[0] == authorizersNamespace {
					dimensions := map[string]string{}
					for pair := range slices.Chunk(metric[2:], 2) {
						dimensions[pair[0]] = pair[1]
					}
					want("a graph", metricKey(metric[0], metric[1], dimensions))
				}
			}
		}
	}
	// One of the secret's age; denials and errors by reason; and each metric once, but
	// for the namespace's own Errors.
	if alarms != 13 || wanted["an alarm"] != 1 || wanted["a search"] != 2 || wanted["a graph"] != 7 {
		t.Errorf("%d alarms; %v", alarms, wanted)
	}
}

// dashboardMetrics are the metrics of a dashboard, as texts: namespace, name, and names
// and values of dimensions.
func dashboardMetrics(t *testing.T, body string) [][]string {
	t.Helper()
	var dashboard struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatal(err)
	}
	var metrics [][]string
	for _, widget := range dashboard.Widgets {
		for _, parts := range widget.Properties.Metrics {
			var texts []string
			for _, part := range parts {
				if text, ok := part.(string); ok {
					texts = append(texts, text)
				}
			}
			if len(texts) > 0 {
				metrics = append(metrics, texts)
			}
		}
	}
	return metrics
}
