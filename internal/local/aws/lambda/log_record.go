package lambda

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Values of Function.LogFormat.
const (
	formatText = "Text"
	formatJSON = "JSON"
)

// timeLayout is how Lambda writes the time.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Levels, the most detailed first (developer guide,
// monitoring-cloudwatchlogs-log-level).
var (
	logLevels       = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	systemLogLevels = []string{"DEBUG", "INFO", "WARN"}
)

// record is what a platform event of the JSON format says, in the order of the
// Telemetry API's schema as CloudWatch shows it.
type record struct {
	RequestID          string   `json:"requestId,omitempty"`
	InitializationType string   `json:"initializationType,omitempty"`
	Phase              string   `json:"phase,omitempty"`
	Version            string   `json:"version,omitempty"`
	Metrics            *metrics `json:"metrics,omitempty"`
	Status             string   `json:"status,omitempty"`
	ErrorType          string   `json:"errorType,omitempty"`
}

type metrics struct {
	DurationMs       float64 `json:"durationMs"`
	BilledDurationMs int64   `json:"billedDurationMs,omitempty"`
	MemorySizeMB     int     `json:"memorySizeMB,omitempty"`
	MaxMemoryUsedMB  int     `json:"maxMemoryUsedMB,omitempty"`
	InitDurationMs   float64 `json:"initDurationMs,omitempty"`
	ProducedBytes    *int    `json:"producedBytes,omitempty"`
}

func (l *logStream) json() bool { return l.v.info.LogFormat == formatJSON }

// event writes a platform event where the system log level lets it.
func (l *logStream) event(level, kind string, r record) {
	if slices.Index(logLevels, level) < slices.Index(logLevels, l.v.info.SystemLogLevel) {
		return
	}
	text, err := json.Marshal(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record record `json:"record"`
	}{l.s.now().UTC().Format(timeLayout), "platform." + kind, r})
	if err == nil { // a record is always JSON
		l.write(string(text))
	}
}

// start writes that an invocation begins.
func (l *logStream) start(c *call) {
	if l.json() {
		l.event("INFO", "start", record{RequestID: c.event.requestID, Version: latest})
		return
	}
	l.write("START RequestId: " + c.event.requestID + " Version: " + latest)
}

// end writes that an invocation has ended, and how.
func (l *logStream) end(c *call, memory int, o outcome) {
	defer l.flush()
	if !l.json() {
		if fault := o.fault(c.event.requestID, l.s.now()); fault != "" {
			l.write(fault)
		}
		l.write("END RequestId: " + c.event.requestID)
		l.write(reportLine(c, memory, o))
		return
	}
	r := record{RequestID: c.event.requestID, Status: o.name(), ErrorType: o.reported()}
	done, report, produced := r, r, len(c.out.Payload)
	done.Metrics = &metrics{DurationMs: thousandths(c.out.Duration)}
	if o.errorType == "" {
		done.Metrics.ProducedBytes = &produced
	}
	report.Metrics = &metrics{
		DurationMs: thousandths(c.out.Duration), BilledDurationMs: billed(c.out.Duration),
		MemorySizeMB: c.v.info.MemorySize, MaxMemoryUsedMB: memory, InitDurationMs: thousandths(c.out.InitDuration),
	}
	l.event(o.level("DEBUG"), "runtimeDone", done)
	l.event(o.level("INFO"), "report", report)
}

// initFailed writes of a start that failed; one that succeeded is part of the
// report.
func (l *logStream) initFailed(d time.Duration, o outcome) {
	defer l.flush()
	if l.json() {
		l.event(o.level("DEBUG"), "initReport", record{
			InitializationType: "on-demand", Phase: "init", Status: o.name(), ErrorType: o.reported(),
			Metrics: &metrics{DurationMs: thousandths(d)},
		})
		return
	}
	parts := append([]string{"INIT_REPORT Init Duration: " + milliseconds(d), "Phase: init"}, o.status()...)
	l.write(strings.Join(parts, "\t") + "\t")
}

// output writes a line of the function itself, as it is, where the application
// log level lets it.
func (l *logStream) output(line string) {
	if l.json() && slices.Index(logLevels, levelOf(line)) < slices.Index(logLevels, l.v.info.ApplicationLogLevel) {
		return
	}
	l.write(line)
}

// levelOf is the level of a line: that of a JSON object with a known "level"
// and a timestamp by RFC 3339, INFO of everything else (developer guide,
// monitoring-cloudwatchlogs-log-level).
func levelOf(line string) string {
	const fallback = "INFO"
	if !strings.HasPrefix(strings.TrimSpace(line), "{") {
		return fallback
	}
	var members map[string]any
	if json.Unmarshal([]byte(line), &members) != nil {
		return fallback
	}
	level, _ := members["level"].(string)
	if level = strings.ToUpper(level); !slices.Contains(logLevels, level) {
		return fallback
	}
	for _, name := range []string{"timestamp", "time", "@timestamp"} {
		at, _ := members[name].(string)
		if _, err := time.Parse(time.RFC3339, at); err == nil {
			return level
		}
	}
	return fallback
}

// fault is the log event, before END, of an environment that failed; empty where it did
// not, or where the runtime itself has reported why. The JSON format has no such event
// (published logs: cargo-lambda issue 572 of an exit, DataBiosphere/azul issue 5622 of a
// time-out).
func (o outcome) fault(requestID string, at time.Time) string {
	switch {
	case o.message == "":
		return ""
	case o.errorType == timeoutError:
		return at.UTC().Format(timeLayout) + " " + requestID + " " + o.message
	}
	return "RequestId: " + requestID + " Error: " + o.message + "\n" + o.errorType
}

// name is the outcome in a JSON record.
func (o outcome) name() string {
	switch o.errorType {
	case "":
		return "success"
	case timeoutError:
		return "timeout"
	}
	return "error"
}

// reported is the error type that a record tells; a time-out has none.
func (o outcome) reported() string {
	if o.errorType == timeoutError {
		return ""
	}
	return o.errorType
}

// level is the level of a record: WARN unless the outcome is a success
// (developer guide, "System log level event mapping").
func (o outcome) level(success string) string {
	if o.errorType == "" {
		return success
	}
	return "WARN"
}

// thousandths is a duration in milliseconds, to the microsecond.
func thousandths(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

// billed is a duration in begun milliseconds.
func billed(d time.Duration) int64 { return int64(math.Ceil(float64(d) / float64(time.Millisecond))) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// reportLine is AWS's REPORT with tabs between its parts and one at its end.
// InitDuration is zero unless the invocation waited for a start that succeeded.
func reportLine(c *call, memory int, o outcome) string {
	parts := []string{
		"REPORT RequestId: " + c.event.requestID,
		"Duration: " + milliseconds(c.out.Duration),
		fmt.Sprintf("Billed Duration: %d ms", billed(c.out.Duration)),
		fmt.Sprintf("Memory Size: %d MB", c.v.info.MemorySize),
		fmt.Sprintf("Max Memory Used: %d MB", memory),
	}
	if c.out.InitDuration > 0 {
		parts = append(parts, "Init Duration: "+milliseconds(c.out.InitDuration))
	}
	return strings.Join(append(parts, o.status()...), "\t") + "\t"
}
