package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/cloudwatch"
)

const testTopic = "arn:aws:sns:eu-central-1:" + testAccount + ":alarms"

// watchedArgs are exampleArgs with monitoring, two authorizers, and tables of their own.
func watchedArgs() *ProtectedHttpApiArgs {
	args := exampleArgs()
	args.Authorizers = map[string]AuthorizerArgs{"partners": {
		Function:        FunctionArgs{Package: "testdata/handlers/authorizer", Name: "partners", Timeout: 5 * time.Second},
		ApiKeys:         &ApiKeysArgs{},
		IdentitySources: []IdentitySource{Header("X-Api-Key")},
	}}
	route := args.Routes["PUT /events/{id}"]
	route.Auth = AuthorizedBy("partners")
	args.Routes["PUT /events/{id}"] = route
	args.Monitoring = &MonitoringArgs{TopicArns: []pulumi.StringInput{pulumi.String(testTopic)}}
	return args
}

func allInputs(typ string, m *mocks) map[string]resource.PropertyMap {
	found := map[string]resource.PropertyMap{}
	for _, r := range m.registered {
		if short(r.TypeToken) == typ {
			found[r.Name] = r.Inputs
		}
	}
	return found
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, watchedArgs())
	common := func(name, text string, threshold float64, periods int, more map[string]any) map[string]any {
		all := map[string]any{
			"name": "events-api-dev-events-" + name, "alarmDescription": text, "comparisonOperator": "GreaterThanOrEqualToThreshold",
			"threshold": threshold, "evaluationPeriods": float64(periods), "treatMissingData": "notBreaching",
			"alarmActions": []any{testTopic}, "okActions": []any{testTopic},
		}
		maps.Copy(all, more)
		return all
	}
	one := func(namespace, metric, statistic string, dimensions map[string]any) map[string]any {
		return map[string]any{"namespace": namespace, "metricName": metric, "statistic": statistic, "period": 300.0, "dimensions": dimensions}
	}
	lambda := func(function string) map[string]any {
		return map[string]any{"FunctionName": "events-api-dev-events-" + function}
	}
	query := func(id, namespace, metric string, dimensions map[string]any) any {
		return map[string]any{"id": id, "metric": map[string]any{"namespace": namespace, "metricName": metric, "stat": "Sum", "period": 300.0, "dimensions": dimensions}}
	}
	result := func(label, expression string) any {
		return map[string]any{"id": "result", "label": label, "expression": expression, "returnData": true}
	}
	stage := map[string]any{"ApiId": "api123", "Stage": "$default"}
	text := map[string]string{}
	for _, kind := range alarmKinds {
		text[kind.name] = kind.text
	}
	latency := one("AWS/Lambda", "Duration", "", lambda("partners"))
	delete(latency, "statistic")
	latency["extendedStatistic"] = "p99"
	age := map[string]any{"namespace": "ProtectedHttpApi", "metricName": "SecretAge", "statistic": "Maximum", "period": 3600.0,
		"dimensions": map[string]any{"function": "events-api-dev-events-authorizer"}, "treatMissingData": "ignore"}
	index := map[string]any{"TableName": "events-table-0a1b2c3", "GlobalSecondaryIndexName": "newest-first"}
	for name, want := range map[string]map[string]any{
		"5xx": common("5xx", text[AlarmServerErrors], 5, 1, map[string]any{"metricQueries": []any{
			result("5xx", "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)"),
			query("errors", "AWS/ApiGateway", "5xx", stage), query("requests", "AWS/ApiGateway", "Count", stage)}}),
		"4xx": common("4xx", text[AlarmClientErrors], 50, 1, map[string]any{"metricQueries": []any{
			result("4xx", "IF(errors >= 100, 100 * FILL(errors, 0) / requests, 0)"),
			query("errors", "AWS/ApiGateway", "4xx", stage), query("requests", "AWS/ApiGateway", "Count", stage)}}),
		"authorizer-errors":     common("authorizer-errors", text[AlarmAuthorizerErrors], 1, 1, one("AWS/Lambda", "Errors", "Sum", lambda("authorizer"))),
		"partners-latency":      common("partners-latency", text[AlarmAuthorizerLatency], 4000, 3, latency),
		"authorizer-secret-age": common("authorizer-secret-age", text[AlarmSecretAge], 7776000, 1, age),
		"get-throttles":         common("get-throttles", text[AlarmFunctionThrottles], 1, 1, one("AWS/Lambda", "Throttles", "Sum", lambda("get"))),
		"table/newest-first-capacity": common("table/newest-first-capacity", text[AlarmTableThrottles], 1, 1, map[string]any{"metricQueries": []any{
			result("table/newest-first-capacity", "FILL(reads, 0) + FILL(writes, 0)"),
			query("reads", "AWS/DynamoDB", "ReadThrottleEvents", index), query("writes", "AWS/DynamoDB", "WriteThrottleEvents", index)}}),
	} {
		expectInputs(t, m.find(t, "MetricAlarm", "events-"+name), want)
	}
	want := []string{
		"events-4xx", "events-5xx", "events-authorizer-errors", "events-authorizer-latency", "events-authorizer-secret-age", "events-authorizer-throttles",
		"events-create-event-throttles", "events-get-throttles", "events-list-events-throttles", "events-partners-api-keys-capacity", "events-partners-errors",
		"events-partners-latency", "events-partners-state-capacity", "events-partners-throttles", "events-table-capacity", "events-table/newest-first-capacity",
	}
	if got := slices.Sorted(maps.Keys(allInputs("MetricAlarm", m))); !slices.Equal(got, want) {
		t.Errorf("the alarms are %q\nwant %q", got, want)
	}
}

// TestMonitoringOff: without the argument there is none of it, and what is left out
// is not there.
func TestMonitoringOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name               string
		monitoring         *MonitoringArgs
		alarms, dashboards int
		routes             bool
		namespace          string
	}{
		{"no monitoring", nil, 0, 0, false, ""},
		{"defaults", &MonitoringArgs{}, 16, 1, true, "ProtectedHttpApi"},
		{"less", &MonitoringArgs{Namespace: "Events", NoDashboard: true, NoRouteMetrics: true, Alarms: map[string]AlarmArgs{
			AlarmFunctionThrottles: {Off: true}, AlarmTableThrottles: {Off: true}, AlarmSecretAge: {Threshold: 30 * 86400}}}, 7, 0, false, "Events"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := watchedArgs()
			args.Monitoring = tt.monitoring
			m := mustDeploy(t, args)
			alarms := allInputs("MetricAlarm", m)
			if len(alarms) != tt.alarms || len(allInputs("Dashboard", m)) != tt.dashboards {
				t.Errorf("%d alarms, %d dashboards: %q", len(alarms), len(allInputs("Dashboard", m)), m.children())
			}
			if age, ok := alarms["events-authorizer-secret-age"]; ok && tt.namespace == "Events" && age["threshold"].NumberValue() != 30*86400 {
				t.Errorf("the alarm is %v", age)
			}
			_, detailed := m.find(t, "Stage", "events-stage").Inputs["defaultRouteSettings"].ObjectValue()["detailedMetricsEnabled"]
			if detailed != tt.routes {
				t.Errorf("metrics by route: %v", detailed)
			}
			for _, function := range []string{"authorizer", "partners", "get"} {
				want := tt.namespace
				if function == "get" {
					want = ""
				}
				got := ""
				if environment := m.find(t, "Function", "events-"+function).Inputs["environment"]; environment.IsObject() {
					if value := environment.ObjectValue()["variables"].ObjectValue()[contract.EnvMetrics]; value.IsString() {
						got = value.StringValue()
					}
				}
				if got != want {
					t.Errorf("%s has the namespace %q, want %q", function, got, want)
				}
			}
		})
	}
}

func TestCheckMonitoring(t *testing.T) {
	t.Parallel()
	change := func(change func(*MonitoringArgs)) func(*ProtectedHttpApiArgs) {
		return func(args *ProtectedHttpApiArgs) { change(args.Monitoring) }
	}
	alarm := func(name string, a AlarmArgs) func(*ProtectedHttpApiArgs) {
		return change(func(m *MonitoringArgs) { m.Alarms = map[string]AlarmArgs{name: a} })
	}
	const property = `Monitoring.Alarms["serverErrors"]`
	expectMistakes(t, testScope, watchedArgs, []mistakeTest{
		{"all is well", func(*ProtectedHttpApiArgs) {}, ""},
		{"a topic that is known later", change(func(m *MonitoringArgs) { m.TopicArns[0] = pulumi.String("x").ToStringOutput() }), ""},
		{"a week of hours", alarm(AlarmServerErrors, AlarmArgs{Period: time.Hour, EvaluationPeriods: 168}), ""},
		{"misspelt", alarm("serverError", AlarmArgs{Off: true}), `Monitoring.Alarms["serverError"]: is no alarm: there are "authorizerErrors", "authorizerLatency", "serverErrors", "clientErrors", "functionThrottles", "tableThrottles", "secretAge"`},
		{"nothing said", alarm(AlarmServerErrors, AlarmArgs{}), property + ": says nothing: set a field, or leave it out"},
		{"off and adjusted", alarm(AlarmServerErrors, AlarmArgs{Off: true, Threshold: 1}), property + ".Off: is set beside other fields, which are then for nothing: leave out it or them"},
		{"threshold", alarm(AlarmServerErrors, AlarmArgs{Threshold: -1}), property + ".Threshold: -1 is no threshold: give a positive number, or leave it out"},
		{"no number", alarm(AlarmServerErrors, AlarmArgs{Threshold: math.NaN()}), property + ".Threshold: NaN is no threshold: give a positive number, or leave it out"},
		{"half a minute", alarm(AlarmServerErrors, AlarmArgs{Period: 30 * time.Second}), property + ".Period: 30s is not a number of whole minutes, at least one"},
		{"odd period", alarm(AlarmServerErrors, AlarmArgs{Period: 90 * time.Second}), property + ".Period: 1m30s is not a number of whole minutes, at least one"},
		{"negative periods", alarm(AlarmServerErrors, AlarmArgs{EvaluationPeriods: -1}), property + ".EvaluationPeriods: -1 is not a number of periods: at least 1"},
		{"more than a day", alarm(AlarmServerErrors, AlarmArgs{EvaluationPeriods: 289}), property + ".EvaluationPeriods: 289 of 5m0s are more than CloudWatch looks back, 24h0m0s: give fewer or shorter periods"},
		{"more than a week", alarm(AlarmServerErrors, AlarmArgs{Period: time.Hour, EvaluationPeriods: 169}), property + ".EvaluationPeriods: 169 of 1h0m0s are more than CloudWatch looks back, 168h0m0s: give fewer or shorter periods"},
		{"more points than periods", alarm(AlarmServerErrors, AlarmArgs{EvaluationPeriods: 2, DatapointsToAlarm: 3}), property + ".DatapointsToAlarm: 3 is out of range: 1 to 2, the EvaluationPeriods"},
		{"namespace of AWS", change(func(m *MonitoringArgs) { m.Namespace = "AWS/Lambda" }), `Monitoring.Namespace: "AWS/Lambda" is not one that CloudWatch takes: 1 to 255 letters, digits and characters of ._-/#, not beginning with AWS/`},
		{"namespace with a space", change(func(m *MonitoringArgs) { m.Namespace = "my api" }), `Monitoring.Namespace: "my api" is not one that CloudWatch takes: 1 to 255 letters, digits and characters of ._-/#, not beginning with AWS/`},
		{"topics", change(func(m *MonitoringArgs) {
			m.TopicArns = []pulumi.StringInput{pulumi.String("alarms"), nil, pulumi.String(testTopic), pulumi.String(testTopic), pulumi.String(testTopic + ".fifo"), pulumi.String(testTopic + "2")}
		}), `Monitoring.TopicArns: 6 are too many: an alarm tells 5
Monitoring.TopicArns[0]: "alarms" is not the ARN of a topic, arn:aws:sns:{region}:{account}:{name}
Monitoring.TopicArns[1]: has no value
Monitoring.TopicArns[3]: "` + testTopic + `" occurs twice
Monitoring.TopicArns[4]: "` + testTopic + `.fifo" is a FIFO topic, which alarms cannot tell: use a standard one`},
		{"variable of the component", func(args *ProtectedHttpApiArgs) {
			args.Authorizer.Function.Environment = map[string]pulumi.StringInput{contract.EnvMetrics: pulumi.String("x")}
		}, `Authorizer.Function.Environment["AUTHORIZER_METRICS"]: is the component's own`},
		{"level that drops metrics", func(args *ProtectedHttpApiArgs) {
			args.Defaults.Logging = &LoggingArgs{Format: "JSON", ApplicationLevel: "WARN"}
			partners := args.Authorizers["partners"]
			partners.Function.Logging = &LoggingArgs{ApplicationLevel: "DEBUG"}
			args.Authorizers["partners"] = partners
		}, `Authorizer.Function.Logging.ApplicationLevel: "WARN" is not possible with Monitoring: Lambda would drop the lines with the metrics, whose level is INFO: set it to INFO, or leave out Monitoring`},
		{"nothing to watch", func(args *ProtectedHttpApiArgs) {
			args.Authorizer, args.Authorizers, args.Table = AuthorizerArgs{}, nil, nil
			args.Routes = Routes{"GET /": {Function: FunctionArgs{Package: "testdata/handlers/get"}, Auth: Public}}
			args.Monitoring.Alarms = map[string]AlarmArgs{AlarmAuthorizerErrors: {Off: true}, AlarmTableThrottles: {Threshold: 5}, AlarmSecretAge: {Threshold: 86400}}
		}, `Monitoring.Alarms["authorizerErrors"]: there is nothing that it could watch, since the API has not an authorizer of its own: leave it out
Monitoring.Alarms["tableThrottles"]: there is nothing that it could watch, since the API has not a table of its own: leave it out
Monitoring.Alarms["secretAge"]: there is nothing that it could watch, since the API has not an authorizer that reads a secret from SSM itself: leave it out`},
		{"no secret that is read", func(args *ProtectedHttpApiArgs) {
			args.Authorizer.Secrets = &SecretsArgs{Delivery: DeliverInEnvironment}
			args.Monitoring.Alarms = map[string]AlarmArgs{AlarmSecretAge: {Off: true}}
		}, `Monitoring.Alarms["secretAge"]: there is nothing that it could watch, since the API has not an authorizer that reads a secret from SSM itself: leave it out`},
	})
}

// published are the metrics that AWS writes, with the sets of dimensions under which it
// does (API Gateway developer guide, "Working with metrics for HTTP APIs"; Lambda
// developer guide, "Types of metrics for Lambda functions"; DynamoDB developer guide,
// "DynamoDB metrics and dimensions"), and those of authz.Handler, which its tests and
// that of the deployment hold against the lines that it writes.
var published = map[string][]string{
	"AWS/ApiGateway":   {"Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed", "ApiId,Stage", "ApiId,Route,Stage", "ApiId,Method,Resource,Stage"},
	"AWS/Lambda":       {"Errors", "Throttles", "Duration", "Invocations", "FunctionName"},
	"AWS/DynamoDB":     {"ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "TableName", "GlobalSecondaryIndexName,TableName"},
	"ProtectedHttpApi": {"Requests", "Allowed", "Denied", "Errors", "ColdStart", "Latency", "SecretAge", "function", "function,reason"},
}

func expectPublished(t *testing.T, where, namespace, metric string, dimensions []string) {
	t.Helper()
	slices.Sort(dimensions)
	if set := strings.Join(dimensions, ","); !slices.Contains(published[namespace], metric) || !slices.Contains(published[namespace], set) {
		t.Errorf("%s: nobody writes %s %s by %s", where, namespace, metric, set)
	}
}

// searched takes apart what search makes.
var searched = regexp.MustCompile(`SEARCH\('\{"([^"]+)",([A-Za-z,]+)\} MetricName="(\w+)"( \w+="[^"]+")*', 'Sum'\)`)

// TestMetricsExist: alarms and dashboard name metrics that somebody writes, and CloudWatch
// takes both.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, watchedArgs())
	for name, inputs := range allInputs("MetricAlarm", m) {
		text, err := json.Marshal(inputs.Mappable())
		if err != nil {
			t.Fatal(err)
		}
		var alarm struct {
			cloudwatch.QueryMetric
			MetricQueries []cloudwatch.Query
		}
		if err := json.Unmarshal(text, &alarm); err != nil {
			t.Fatal(err)
		}
		metrics := []cloudwatch.QueryMetric{alarm.QueryMetric}
		if len(alarm.MetricQueries) > 0 {
			metrics = nil
		}
		for _, q := range alarm.MetricQueries {
			if q.Metric != nil {
				metrics = append(metrics, *q.Metric)
			}
		}
		for _, metric := range metrics {
			expectPublished(t, name, metric.Namespace, metric.MetricName, slices.Collect(maps.Keys(metric.Dimensions)))
		}
	}
	dashboard := m.find(t, "Dashboard", "events").Inputs
	if got := dashboard["dashboardName"].StringValue(); got != "events-api-dev-events" {
		t.Errorf("the dashboard is called %s", got)
	}
	expectDashboard(t, dashboard["dashboardBody"].StringValue(), []string{
		"Requests by status", "Requests by route, the 25 with most", "Latency of the API (ms)",
		"Authorizers' runs against requests: the rest is public, or answered from the cache", "Decisions", "Denials by reason", "Errors of authorizers by reason",
		"Latency of authorizers (ms)", "Cold starts of authorizers", "Age of secrets (s)",
		"Latency of functions (ms)", "Invocations, errors and throttles of functions", "Cold starts of functions (ms): a query, billed by what it reads",
		"Throttles of tables", "Billed units of tables", "Billed of the API, in all",
	})
}

// expectDashboard wants a body that CloudWatch takes, with these titles, whose widgets
// do not cover each other and whose metrics exist.
func expectDashboard(t *testing.T, text string, titles []string) {
	t.Helper()
	if err := cloudwatch.ValidateDashboard(cloudwatch.Dashboard{DashboardName: "d", DashboardBody: text}); err != nil {
		t.Error(err)
	}
	var body struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	var got []string
	places := map[[2]int]bool{}
	for _, w := range body.Widgets {
		title, _ := w.Properties["title"].(string)
		got = append(got, title)
		if place := [2]int{w.X, w.Y}; places[place] || w.Properties["region"] != "eu-central-1" {
			t.Errorf("%s is at %v, in %v", title, place, w.Properties["region"])
		} else {
			places[place] = true
		}
		metrics, _ := w.Properties["metrics"].([]any)
		for _, metric := range metrics {
			parts := metric.([]any)
			options, _ := parts[len(parts)-1].(map[string]any)
			if found, ok := options["expression"].(string); ok {
				for _, match := range searched.FindAllStringSubmatch(found, -1) {
					expectPublished(t, title, match[1], match[3], strings.Split(match[2], ","))
				}
				if strings.Contains(found, "SEARCH") != searched.MatchString(found) {
					t.Errorf("%s: the test cannot read %s", title, found)
				}
				continue
			}
			var dimensions []string
			for i := 2; i+1 < len(parts); i += 2 {
				dimensions = append(dimensions, parts[i].(string))
			}
			expectPublished(t, title, parts[0].(string), parts[1].(string), dimensions)
		}
	}
	if titles != nil && !slices.Equal(got, titles) {
		t.Errorf("the widgets are %q\nwant %q", got, titles)
	}
}

// TestDashboardLimits: with as many functions and tables as an API can have, CloudWatch
// still takes the dashboard.
func TestDashboardLimits(t *testing.T) {
	t.Parallel()
	d := dashboard{
		plan:   &plan{name: "events", monitoring: &monitoringPlan{args: MonitoringArgs{Namespace: defaultMetricsNamespace}}},
		region: "eu-central-1", api: []string{"ApiId", "api123", "Stage", "$default"},
		functions: map[string]string{}, groups: map[string]string{}, tables: map[string]string{},
	}
	for i := range 310 {
		name := fmt.Sprintf("function-%03d", i)
		f := &functionPlan{args: FunctionArgs{Name: name}}
		if i < 10 { // as many authorizers as AWS allows
			f.authorizer = &authorizerPlan{name: name, args: AuthorizerArgs{SecretPath: pulumi.String("/x")}}
		}
		d.plan.functions = append(d.plan.functions, f)
		d.functions[name], d.groups[name] = "events-api-dev-events-"+name, "/aws/lambda/events-api-dev-events-"+name
		if i < 50 {
			d.tables[name] = name
		}
	}
	text, err := d.body()
	if err != nil {
		t.Fatal(err)
	}
	expectDashboard(t, text, nil)
	if n := strings.Count(text, "SOURCE '/aws/lambda/"); n != 310 {
		t.Errorf("cold starts of %d functions are asked for", n)
	}
}
