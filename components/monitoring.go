package components

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// MonitoringArgs watches the API: alarms, a dashboard, and metrics of the authorizers
// and of each route. CloudWatch bills by the month about 0.10 USD for each metric of an
// alarm, 3 USD for a dashboard after the third, and 0.30 USD for a metric of the
// authorizer's or a route's in use: an authorizer has 7 and one for each reason of
// denials that occurs, a route 6.
//
// Alarms and the dashboard are called {project}-{stack}-{component} and what they watch.
// In one Region of an account, give no two components names that join to the same text:
// those of project "a-b" with stack "c" and of project "a" with stack "b-c" would write
// over each other's alarms. The names cannot tell them apart without a new name for the
// alarms of each project that has a hyphen.
type MonitoringArgs struct {
	// TopicArns are the SNS topics, at most 5, that alarms tell when they go off and
	// when they are over. The topics' policies must let cloudwatch.amazonaws.com
	// publish; that of a topic without a policy of its own does. Defaults to none: the
	// alarms are seen in CloudWatch only.
	TopicArns []pulumi.StringInput
	// Alarms adjusts alarms or leaves them out, by the names that begin with Alarm:
	// AlarmServerErrors for instance. Defaults to all alarms, as they are.
	Alarms map[string]AlarmArgs
	// Namespace is that of the authorizers' metrics: letters, digits and ._-/#, not
	// beginning with "AWS/". authz.Handler writes them with its log, without a client,
	// where the environment variable AUTHORIZER_METRICS has this text; another
	// function has to write them itself. Defaults to "ProtectedHttpApi".
	Namespace string
	// NoDashboard leaves out the dashboard. Defaults to false.
	NoDashboard bool
	// NoRouteMetrics leaves out API Gateway's metrics by route, of which the dashboard
	// shows the requests: with 300 routes in use they cost 540 USD a month. Defaults
	// to false.
	NoRouteMetrics bool
}

// AlarmArgs adjusts an alarm. Where it is for several functions or tables, each has one
// of its own.
type AlarmArgs struct {
	// Off leaves the alarm out. Defaults to false.
	Off bool
	// Threshold is the value from which on the alarm goes off, in the alarm's unit.
	Threshold float64
	// Period is how long values are taken together: whole minutes.
	Period time.Duration
	// EvaluationPeriods is how many periods are looked at. Together they may have a
	// day, and a week where a period has an hour or more.
	EvaluationPeriods int
	// DatapointsToAlarm is in how many of them the threshold has to be reached.
	// Defaults to all.
	DatapointsToAlarm int
}

// The alarms, by their names in MonitoringArgs.Alarms. For requests that API Gateway
// itself throttles HTTP APIs have no metric of their own: their 429 count among the 4xx
// of AlarmClientErrors.
const (
	// AlarmAuthorizerErrors: an authorizer has failed, so that clients got 500. Unit:
	// failures in a period. Defaults to 1 in 5 minutes.
	AlarmAuthorizerErrors = "authorizerErrors"
	// AlarmAuthorizerLatency: one in a hundred of an authorizer's runs takes nearly as
	// long as it may (its Timeout, at most 10 s). Unit: milliseconds. Defaults to 80
	// per cent of the Timeout, in 3 periods of 5 minutes.
	AlarmAuthorizerLatency = "authorizerLatency"
	// AlarmServerErrors: clients get 5xx. Unit: per cent of the requests, of which
	// there have to be 20 in a period. Defaults to 5 in 5 minutes.
	AlarmServerErrors = "serverErrors"
	// AlarmClientErrors: a burst of 4xx, of guessed credentials for instance. Unit: per
	// cent of the requests, of which 100 have to be 4xx in a period. Defaults to 50 in
	// 5 minutes.
	AlarmClientErrors = "clientErrors"
	// AlarmFunctionThrottles: Lambda has refused to run a function. Unit: refusals in a
	// period. Defaults to 1 in 5 minutes.
	AlarmFunctionThrottles = "functionThrottles"
	// AlarmTableThrottles: DynamoDB has refused to read or write a table or an index.
	// Unit: refusals in a period. Defaults to 1 in 5 minutes.
	AlarmTableThrottles = "tableThrottles"
	// AlarmSecretAge: a secret that an authorizer verifies with has not been changed
	// for long. Unit: seconds. Defaults to 90 days, 7776000, looked at every hour in
	// which the authorizer ran.
	AlarmSecretAge = "secretAge"
)

const (
	defaultMetricsNamespace = "ProtectedHttpApi"
	maxTopics               = 5 // actions of an alarm (CloudWatch API reference, PutMetricAlarm)
	// An alarm may look back so far (CloudWatch API reference, PutMetricAlarm).
	maxLookBack, maxLongLookBack = 24 * time.Hour, 7 * 24 * time.Hour
)

// alarmKind is what all alarms of a name have in common.
type alarmKind struct {
	name     string
	defaults AlarmArgs
	// missing is what periods without values count as.
	missing string
	// text says what has happened, for the message that people get.
	text string
	// subject is what there has to be for it, in words.
	subject string
	there   func(*plan) bool
}

const (
	notBreaching = "notBreaching"
	unchanged    = "ignore"
)

var alarmKinds = []alarmKind{
	{AlarmAuthorizerErrors, AlarmArgs{Threshold: 1, Period: 5 * time.Minute, EvaluationPeriods: 1}, notBreaching,
		"The authorizer has failed: clients get 500. Its log says why, in lines of the level ERROR.", "an authorizer of its own", (*plan).hasAuthorizer},
	{AlarmAuthorizerLatency, AlarmArgs{Period: 5 * time.Minute, EvaluationPeriods: 3}, notBreaching,
		"The authorizer takes nearly as long as it may; beyond that clients get 500.", "an authorizer of its own", (*plan).hasAuthorizer},
	{AlarmServerErrors, AlarmArgs{Threshold: 5, Period: 5 * time.Minute, EvaluationPeriods: 1}, notBreaching,
		"Too many requests end with a status of 500 or more.", "", always},
	{AlarmClientErrors, AlarmArgs{Threshold: 50, Period: 5 * time.Minute, EvaluationPeriods: 1}, notBreaching,
		"Too many requests end with a status from 400 to 499: somebody may be guessing credentials, a client is broken, or requests are throttled.", "", always},
	{AlarmFunctionThrottles, AlarmArgs{Threshold: 1, Period: 5 * time.Minute, EvaluationPeriods: 1}, notBreaching,
		"Lambda has refused to run the function: too many of them, or of the account's, run at once.", "a function of its own", (*plan).hasFunction},
	{AlarmTableThrottles, AlarmArgs{Threshold: 1, Period: 5 * time.Minute, EvaluationPeriods: 1}, notBreaching,
		"DynamoDB has refused requests to the table: one key may be asked for too often.", "a table of its own", (*plan).hasTable},
	{AlarmSecretAge, AlarmArgs{Threshold: 90 * 86400, Period: time.Hour, EvaluationPeriods: 1}, unchanged,
		"A secret that the authorizer verifies with is old: rotate it.", "an authorizer that reads a secret from SSM itself", (*plan).hasSecret},
}

func always(*plan) bool { return true }

func (p *plan) hasAuthorizer() bool {
	return slices.ContainsFunc(p.functions, (*functionPlan).authorizes)
}

func (p *plan) hasFunction() bool { return slices.ContainsFunc(p.functions, (*functionPlan).made) }

func (p *plan) hasTable() bool {
	return slices.ContainsFunc(p.tables, func(t *tablePlan) bool { return t.args.Existing == nil }) || slices.ContainsFunc(p.authorizers, func(a *authorizerPlan) bool { return a.args.needsState() || a.args.Revocation != nil })
}

func (p *plan) hasSecret() bool { return slices.ContainsFunc(p.functions, (*functionPlan).readsSecret) }

// authorizes reports whether the component makes an authorizer's function.
func (f *functionPlan) authorizes() bool { return f.authorizer != nil && f.made() }

// readsSecret reports whether an authorizer knows how old its secret is.
func (f *functionPlan) readsSecret() bool {
	return f.authorizes() && len(f.authorizer.args.secretPaths()) > 0
}

// monitoringPlan is what watches the API.
type monitoringPlan struct {
	args   MonitoringArgs
	alarms map[string]AlarmArgs // those that there are, with defaults
	// prefix is the beginning of the alarms' names on AWS, and of the dashboard's.
	prefix []string
}

var (
	metricsNamespace = regexp.MustCompile(`^[A-Za-z0-9._/#-]{1,255}$`)
	topicArn         = regexp.MustCompile(`^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
)

// checkMonitoring checks the arguments, after all others.
func (c *checker) checkMonitoring(args *MonitoringArgs) {
	if args == nil {
		return
	}
	m := &monitoringPlan{args: *args, alarms: map[string]AlarmArgs{}, prefix: []string{c.scope.project, c.scope.stack, c.plan.name}}
	c.plan.monitoring = m
	if m.args.Namespace == "" {
		m.args.Namespace = defaultMetricsNamespace
	}
	if !metricsNamespace.MatchString(m.args.Namespace) || strings.HasPrefix(m.args.Namespace, "AWS/") {
		c.addf("Monitoring.Namespace", "%q is not one that CloudWatch takes: 1 to 255 letters, digits and characters of ._-/#, not beginning with AWS/", m.args.Namespace)
	}
	c.checkTopics(args.TopicArns)
	names := make([]string, len(alarmKinds))
	for i, kind := range alarmKinds {
		names[i] = kind.name
		alarm, given := args.Alarms[kind.name]
		property := fmt.Sprintf("Monitoring.Alarms[%q]", kind.name)
		switch {
		case given && !kind.there(c.plan):
			c.addf(property, "there is nothing that it could watch, since the API has not %s: leave it out", kind.subject)
		case given && alarm == AlarmArgs{}:
			c.addf(property, "says nothing: set a field, or leave it out")
		case alarm.Off && alarm != AlarmArgs{Off: true}:
			c.addf(property+".Off", "is set beside other fields, which are then for nothing: leave out it or them")
		}
		if kind.there(c.plan) && !alarm.Off {
			m.alarms[kind.name] = alarm.or(kind.defaults)
			c.checkAlarm(property, m.alarms[kind.name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(args.Alarms)) {
		if !slices.Contains(names, name) {
			c.addf(fmt.Sprintf("Monitoring.Alarms[%q]", name), "is no alarm: there are %s", quoted(names))
		}
	}
	for _, f := range c.plan.functions {
		if f.authorizes() {
			if level := f.args.Logging.ApplicationLevel; slices.Index(applicationLevels, level) > slices.Index(applicationLevels, "INFO") {
				c.addf(f.property+".Logging.ApplicationLevel", "%q is not possible with Monitoring: Lambda would drop the lines with the metrics, whose level is INFO: set it to INFO, or leave out Monitoring", level)
			}
			f.environment[contract.EnvMetrics] = pulumi.String(m.args.Namespace)
		}
	}
}

func (c *checker) checkTopics(topics []pulumi.StringInput) {
	if len(topics) > maxTopics {
		c.addf("Monitoring.TopicArns", "%d are too many: an alarm tells %d", len(topics), maxTopics)
	}
	for i, topic := range topics {
		property := fmt.Sprintf("Monitoring.TopicArns[%d]", i)
		plain, known := topic.(pulumi.String)
		if known {
			c.add(property, CheckTopicArn(string(plain)))
		}
		switch {
		case topic == nil:
			c.addf(property, "has no value")
		case known && slices.Contains(topics[:i], topic):
			c.addf(property, "%q occurs twice", string(plain))
		}
	}
}

// CheckTopicArn returns an error that names the value and what is allowed, unless arn
// may be one of MonitoringArgs.TopicArns.
func CheckTopicArn(arn string) error {
	match := topicArn.FindStringSubmatch(arn)
	switch {
	case match == nil:
		return fmt.Errorf("%q is not the ARN of a topic, arn:aws:sns:{region}:{account}:{name}", arn)
	case match[1] != "":
		return fmt.Errorf("%q is a FIFO topic, which alarms cannot tell: use a standard one", arn)
	}
	return nil
}

// or fills what is left out.
func (a AlarmArgs) or(defaults AlarmArgs) AlarmArgs {
	filled := reflect.ValueOf(&a).Elem()
	for i := range filled.NumField() {
		if filled.Field(i).IsZero() {
			filled.Field(i).Set(reflect.ValueOf(defaults).Field(i))
		}
	}
	return a
}

func (c *checker) checkAlarm(property string, a AlarmArgs) {
	limit := maxLookBack
	if a.Period >= time.Hour {
		limit = maxLongLookBack
	}
	switch {
	case a.Period < time.Minute || a.Period%time.Minute != 0:
		c.addf(property+".Period", "%v is not a number of whole minutes, at least one", a.Period)
	case a.EvaluationPeriods < 1:
		c.addf(property+".EvaluationPeriods", "%d is not a number of periods: at least 1", a.EvaluationPeriods)
	case a.Period > limit/time.Duration(a.EvaluationPeriods):
		c.addf(property+".EvaluationPeriods", "%d of %v are more than CloudWatch looks back, %v: give fewer or shorter periods", a.EvaluationPeriods, a.Period, limit)
	case a.DatapointsToAlarm < 0 || a.DatapointsToAlarm > a.EvaluationPeriods:
		c.addf(property+".DatapointsToAlarm", "%d is out of range: 1 to %d, the EvaluationPeriods", a.DatapointsToAlarm, a.EvaluationPeriods)
	}
	if a.Threshold < 0 || math.IsNaN(a.Threshold) || math.IsInf(a.Threshold, 0) {
		c.addf(property+".Threshold", "%v is no threshold: give a positive number, or leave it out", a.Threshold)
	}
}

// createMonitoring makes the alarms and the dashboard.
func (c *ProtectedHttpApi) createMonitoring(ctx *pulumi.Context, p *plan) error {
	if p.monitoring == nil {
		return nil
	}
	if err := c.createAlarms(ctx, p); err != nil {
		return err
	}
	return c.createDashboard(ctx, p)
}

// detailedMetrics is whether API Gateway keeps metrics by route too.
func (p *plan) detailedMetrics() pulumi.BoolPtrInput {
	if p.monitoring == nil || p.monitoring.args.NoRouteMetrics {
		return nil
	}
	return pulumi.Bool(true)
}
