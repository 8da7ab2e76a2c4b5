package lambda

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// matches compares each line with a pattern in which ID stands for the request
// ID and MS for a number.
func matches(t *testing.T, log []string, id string, patterns []string) {
	t.Helper()
	if !slices.EqualFunc(log, patterns, func(line, pattern string) bool {
		pattern = strings.NewReplacer("ID", id, "MS", `\d+(\.\d{1,3})?`).Replace(regexp.QuoteMeta(pattern))
		return regexp.MustCompile("^" + pattern + "$").MatchString(line)
	}) {
		t.Errorf("the log is\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(patterns, "\n"))
	}
}

func TestJSONLog(t *testing.T) {
	t.Parallel()
	const (
		at     = `{"time":"2026-03-04T23:59:59.000Z","type":"platform.`
		start  = at + `start","record":{"requestId":"ID","version":"$LATEST"}}`
		report = at + `report","record":{"requestId":"ID","metrics":{"durationMs":MS,"billedDurationMs":MS,"memorySizeMB":128,"maxMemoryUsedMB":MS%s},"status":%s}}`
		init   = `,"initDurationMs":MS`
		done   = at + `runtimeDone","record":{"requestId":"ID","metrics":{"durationMs":MS%s},"status":%s}}`
	)
	tests := []struct {
		name, event         string
		application, system string
		environment         map[string]string
		want                []string
	}{
		{"a line that is no JSON stays as it is", `{"mode":"print","text":"plain\n"}`, "", "", nil, []string{start, "plain", fmt.Sprintf(report, init, `"success"`)}},
		{"DEBUG", `{"mode":"print"}`, "", "DEBUG", nil, []string{start, fmt.Sprintf(done, `,"producedBytes":4`, `"success"`), fmt.Sprintf(report, init, `"success"`)}},
		{"WARN", `{"mode":"print","text":"plain\n"}`, "", "WARN", nil, []string{"plain"}},
		{"WARN of a failure", `{"mode":"exit","n":3}`, "", "WARN", nil, []string{
			fmt.Sprintf(done, "", `"error","errorType":"Runtime.ExitError"`), fmt.Sprintf(report, init, `"error","errorType":"Runtime.ExitError"`),
		}},
		{"a time-out", `{"mode":"hang"}`, "", "", nil, []string{start, fmt.Sprintf(done, "", `"timeout"`), fmt.Sprintf(report, init, `"timeout"`)}},
		{"a failed start", `{"mode":"print"}`, "", "", map[string]string{"INIT": "error"}, []string{
			at + `initReport","record":{"initializationType":"on-demand","phase":"init","metrics":{"durationMs":MS},"status":"error","errorType":"Runtime.Unknown"}}`,
			start, fmt.Sprintf(done, "", `"error","errorType":"Runtime.Unknown"`), fmt.Sprintf(report, "", `"error","errorType":"Runtime.Unknown"`),
		}},
		{
			"application log level", `{"mode":"print","text":"plain\n{\"level\":\"info\",\"time\":\"2026-01-02T03:04:05Z\"}\n{\"level\":\"warn\",\"time\":\"2026-01-02T03:04:05Z\"}\n"}`,
			"WARN", "WARN", nil, []string{`{"level":"warn","time":"2026-01-02T03:04:05Z"}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create(func(fn *Function) {
				fn.LogFormat, fn.ApplicationLogLevel, fn.SystemLogLevel = "JSON", tt.application, tt.system
				fn.Environment = tt.environment
				if strings.Contains(tt.event, "hang") {
					fn.Timeout = time.Second
				}
			})
			out := f.invoke(tt.event)
			matches(t, f.messages(), out.RequestID, tt.want)
		})
	}
}

func TestLevelOf(t *testing.T) {
	t.Parallel()
	const at = `"timestamp":"2026-01-02T03:04:05.678Z"`
	for line, want := range map[string]string{
		`plain`:                        "INFO",
		``:                             "INFO",
		`{"level":"debug",` + at + `}`: "DEBUG",
		` {"level":"Error","time":"2026-01-02T03:04:05+01:00"}`: "ERROR",
		`{"level":"debug"}`:                      "INFO", // no timestamp
		`{"level":"debug","time":"yesterday"}`:   "INFO",
		`{"level":"notice",` + at + `}`:          "INFO",
		`{"level":7,` + at + `}`:                 "INFO",
		`{"level":"debug",` + at:                 "INFO", // not JSON
		`[{"level":"debug",` + at + `}]`:         "INFO",
		`{"msg":"x",` + at + `,"level":"FATAL"}`: "FATAL",
	} {
		if got := levelOf(line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func FuzzLevelOf(f *testing.F) {
	f.Add(`{"level":"debug","time":"2026-01-02T03:04:05Z"}`)
	f.Add("\x00{")
	f.Fuzz(func(t *testing.T, line string) {
		if level := levelOf(line); !slices.Contains(logLevels, level) {
			t.Errorf("%q is no level", level)
		}
	})
}

// aws-lambda-go's log handler learns the format from the environment.
func TestLogVariables(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"Text", "JSON"} {
		f := newFixture(t)
		f.create(func(fn *Function) { fn.LogFormat = format })
		variables := decode[seen](t, f.invoke(`{"mode":"environment"}`)).variables()
		want := map[string][2]string{"Text": {}, "JSON": {"JSON", "INFO"}}[format]
		if got := [2]string{variables["AWS_LAMBDA_LOG_FORMAT"], variables["AWS_LAMBDA_LOG_LEVEL"]}; got != want {
			t.Errorf("%s: %v", format, got)
		}
	}
}
