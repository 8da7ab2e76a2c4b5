package authz

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// envFunctionName is how Lambda tells a function its name (Lambda developer guide,
// "Defined runtime environment variables").
const envFunctionName = "AWS_LAMBDA_FUNCTION_NAME"

// ObserveSecret is for a [KeyProvider] that knows when a secret that it gives was
// last changed: it tells the decision that is made in ctx, for the metric SecretAge.
// Of several secrets the oldest counts. Without metrics it does nothing.
func ObserveSecret(ctx context.Context, changed time.Time) {
	o := observationOf(ctx)
	if o == nil || changed.IsZero() {
		return
	}
	for at := changed.Unix(); ; {
		old := o.secretChanged.Load()
		if old != 0 && old <= at || o.secretChanged.CompareAndSwap(old, at) {
			return
		}
	}
}

// observation is what the metrics of one decision need beside its result.
type observation struct {
	format        *metricsFormat
	misconfigured error // then there is no format
	start         time.Time
	secretChanged atomic.Int64 // seconds since the epoch, 0 where nobody says
}

type observationKey struct{}

// observe returns ctx with an observation in it, where the environment asks for
// metrics.
func (h Handler) observe(ctx context.Context) context.Context {
	namespace := h.getenv(contract.EnvMetrics)
	if namespace == "" {
		return ctx
	}
	o := &observation{start: time.Now()}
	o.format, o.misconfigured = metricsFormatOf(namespace, h.getenv(envFunctionName))
	return context.WithValue(ctx, observationKey{}, o)
}

// observationOf returns the observation of the decision that is made in ctx; nil
// without metrics.
func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

// metricsFormat is what is the same in the lines of all decisions.
type metricsFormat struct {
	namespace, function string
	// The parts of a line in CloudWatch's embedded metric format (CloudWatch user
	// guide, "Specification: Embedded metric format"), in their order. Between the
	// first two stands secretAge, where the age is known, and behind the second the
	// metric by reason, where there is a reason.
	open, secretAge, shut, byReason, stamp, dimension []byte
}

// lastMetricsFormat is what was made last. An environment does not change: it is
// made again in tests only.
var lastMetricsFormat atomic.Pointer[metricsFormat]

func metricsFormatOf(namespace, function string) (*metricsFormat, error) {
	if f := lastMetricsFormat.Load(); f != nil && f.namespace == namespace && f.function == function {
		return f, nil
	}
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/#"
	switch {
	case len(namespace) > 255 || strings.Trim(namespace, characters) != "" || strings.HasPrefix(namespace, "AWS/"):
		return nil, fmt.Errorf("%w: environment variable %s is %.300q, which is no namespace of metrics: 1 to 255 letters, digits and characters of ._-/# that do not begin with AWS/", ErrMisconfigured, contract.EnvMetrics, namespace)
	case function == "":
		return nil, fmt.Errorf("%w: %s asks for metrics, and %s, by which they are kept, is not set: outside of Lambda unset the former", ErrMisconfigured, contract.EnvMetrics, envFunctionName)
	}
	directive := func(dimensions string) string {
		return `{"Namespace":` + string(appendText(nil, namespace)) + `,"Dimensions":[[` + dimensions + `]],"Metrics":[`
	}
	metric := func(name, unit string) string { return `{"Name":"` + name + `","Unit":"` + unit + `"}` }
	const count, function1, reason = "Count", `"` + contract.DimensionFunction + `"`, `"` + contract.DimensionReason + `"`
	f := &metricsFormat{
		namespace: namespace, function: function,
		open: []byte(`{"_aws":{"CloudWatchMetrics":[` + directive(function1) + strings.Join([]string{
			metric(contract.MetricRequests, count), metric(contract.MetricAllowed, count), metric(contract.MetricDenied, count),
			metric(contract.MetricErrors, count), metric(contract.MetricColdStart, count), metric(contract.MetricLatency, "Milliseconds"),
		}, ",")),
		secretAge: []byte("," + metric(contract.MetricSecretAge, "Seconds")),
		shut:      []byte("]}"),
		byReason:  []byte("," + directive(function1+","+reason)),
		stamp:     []byte(`],"Timestamp":`),
		dimension: append(appendText([]byte(`},`+function1+`:`), function), `,"`+contract.MetricRequests+`":1,"`...),
	}
	lastMetricsFormat.Store(f)
	return f, nil
}

// decided is whether this execution environment has decided on a request before.
var decided atomic.Bool

// result is what became of a request.
type result struct {
	metric               string // of contract's: Allowed, Denied or Errors
	level, message       string
	reason, text         string // of a denial or a fault
	method, credentialID string
}

// writes reports whether there are metrics.
func (o *observation) writes() bool { return o != nil && o.format != nil }

// write writes the record of a decision with its metrics, a line of JSON. Lambda
// hands what is written to standard output to CloudWatch, which finds the metrics
// by the member _aws. With Lambda's JSON log format too the line stays as it is; the
// level and the time are what its filter goes by.
func (o *observation) write(ctx context.Context, w io.Writer, r Request, d result) {
	if !o.writes() {
		return
	}
	now, f := time.Now(), o.format
	cold := !decided.Swap(true)
	secretChanged := o.secretChanged.Load()

	line := make([]byte, 0, 1536)
	line = append(line, f.open...)
	if secretChanged != 0 {
		line = append(line, f.secretAge...)
	}
	line = append(line, f.shut...)
	if d.reason != "" {
		line = append(line, f.byReason...)
		line = append(line, `{"Name":"`+d.metric+`","Unit":"Count"}]}`...)
	}
	line = append(line, f.stamp...)
	line = strconv.AppendInt(line, now.UnixMilli(), 10)
	line = append(line, f.dimension...)
	for _, name := range [...]string{contract.MetricAllowed, contract.MetricDenied, contract.MetricErrors} {
		line = append(line, name...)
		line = appendCount(line, name == d.metric)
	}
	line = append(line, contract.MetricColdStart...)
	line = appendCount(line, cold)
	line = append(line, contract.MetricLatency+`":`...)
	line = strconv.AppendFloat(line, float64(now.Sub(o.start).Microseconds())/1000, 'f', -1, 64)
	if secretChanged != 0 {
		line = append(line, `,"`+contract.MetricSecretAge+`":`...)
		line = strconv.AppendInt(line, max(0, now.Unix()-secretChanged), 10)
	}
	line = append(line, `,"time":"`...)
	line = now.UTC().AppendFormat(line, time.RFC3339Nano)
	line = append(line, '"')
	line = appendMember(line, "level", d.level)
	line = appendMember(line, "msg", d.message)
	if d.reason != "" {
		line = appendMember(line, contract.DimensionReason, d.reason)
		line = appendMember(line, "error", d.text)
		line = appendMember(line, "credentialId", d.credentialID)
	}
	line = appendMember(line, "method", d.method)
	line = appendMember(line, "requestId", lambdaRequestID(ctx))
	line = appendMember(line, "apiRequestId", r.RequestID)
	line = appendMember(line, "routeKey", r.RouteKey)
	_, _ = w.Write(append(line, '}', '\n')) // a decision does not fail for its metrics
}

// appendCount ends the name of a member, and appends its value and the beginning of
// the next one.
func appendCount(line []byte, counts bool) []byte {
	if counts {
		return append(line, `":1,"`...)
	}
	return append(line, `":0,"`...)
}

func appendMember(line []byte, name, value string) []byte {
	line = append(line, `,"`...)
	line = append(line, name...)
	line = append(line, `":`...)
	return appendText(line, value)
}

// appendText appends a JSON string (RFC 8259 section 7), as encoding/json writes it.
func appendText(line []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(text) // which a string always has
			return append(line, quoted...)
		}
	}
	line = append(line, '"')
	line = append(line, text...)
	return append(line, '"')
}

// metricsTo is where the lines go.
func (h Handler) metricsTo() io.Writer { return cmp.Or[io.Writer](h.stdout, os.Stdout) }

// lambdaRequestID is Lambda's id of the invocation.
func lambdaRequestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
