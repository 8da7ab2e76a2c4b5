package planner

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func load(rps float64) Load {
	return NewLoad(rps, 0, Traffic{Skew: 1, Lifetime: time.Hour, Routes: 1}, 5*time.Minute, DefaultAuthorizer(128), 20*time.Millisecond)
}

// loadsTable is the table of docs/scale.md: what four loads need of each quota.
func loadsTable(t *testing.T) string {
	t.Helper()
	rates := []float64{100, 1000, 10_000, 100_000}
	needed := map[string]string{}
	var text strings.Builder
	fmt.Fprintf(&text, "  %-63s %9s", "requests a second: AWS's default", "quota")
	var last []Limit
	for _, rps := range rates {
		fmt.Fprintf(&text, " %9s ", count(rps))
		limits, err := Limits(load(rps))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range limits {
			mark := " "
			if l.Share() > 1 {
				mark = "!"
			}
			needed[l.Name] += fmt.Sprintf(" %9s%s", count(l.Needed), mark)
		}
		last = limits
	}
	for _, l := range last {
		fmt.Fprintf(&text, "\n  %-63s %9s%s", l.Name, count(l.Quota), strings.TrimRight(needed[l.Name], " "))
	}
	return strings.ReplaceAll(text.String()+"\n", " \n", "\n")
}

// TestLimitsText: what is met has its cure, and what is not is said too.
func TestLimitsText(t *testing.T) {
	t.Parallel()
	for rps, want := range map[float64]string{
		100: "\nNone is met. The first will be: Parameter Store: environments that read the secret at once (when the cache is empty and nothing runs).\n",
		1000: `
What cures those that are met:
  Parameter Store: environments that read the secret at once (when the cache is empty and nothing runs)
    higher throughput of Parameter Store: 10,000 GetParameter calls a second; or the secret in Secrets Manager, or DeliverInEnvironment
    https://docs.aws.amazon.com/general/latest/gr/ssm.html
`,
	} {
		limits, err := Limits(load(rps))
		if err != nil {
			t.Fatal(err)
		}
		text := LimitsText(load(rps), limits)
		if !strings.HasPrefix(text, count(rps)+" requests a second, "+count(36*rps)+" credentials, TTL 5m\n\n") || !strings.HasSuffix(text, want) {
			t.Errorf("got\n%s\nwant at its end\n%s", text, want)
		}
	}
}

// TestStorm: the environments that a start needs are those that TestStorm in authz/secret
// counts with the real retries, to a tenth.
func TestStorm(t *testing.T) {
	t.Parallel()
	for rps, counted := range map[float64]float64{100: 43, 300: 133, 500: 236, 1000: 529} {
		if got := storm(rps, DefaultAuthorizer(128)); math.Abs(got-counted) > 0.1*counted+1 {
			t.Errorf("%v requests a second: %v environments, counted are %v", rps, got, counted)
		}
	}
}

// TestConcurrency: how many run at once is what a simulation counts.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	traffic, a := Traffic{Requests: 360_000, Credentials: 5000, Skew: 0.9, Routes: 1}, DefaultAuthorizer(128)
	runs, cold := modelRuns(traffic.classes(), 30*time.Second, 0, a)
	busy := (runs-cold)*a.Warm.Seconds() + cold*a.Cold.Seconds()
	requests := generate(traffic, 1.6, 5)
	counts := settled(requests, 30*time.Second, a)
	seconds := (requests[len(requests)-1].At - starting).Seconds()
	counted := (float64(counts.Runs-counts.Cold)*a.Warm.Seconds() + float64(counts.Cold)*a.Cold.Seconds()) / seconds
	if math.Abs(busy-counted) > 0.05*counted {
		t.Errorf("%v run at once by the model, %v are counted", busy, counted)
	}
}

func TestLimitsRefuse(t *testing.T) {
	t.Parallel()
	good := load(100)
	for _, test := range []struct {
		name   string
		change func(*Load)
		want   string
	}{
		{"no requests", func(l *Load) { *l = load(0) }, "--rps 0: write requests a second, above 0 and up to 1e7"},
		{"no number", func(l *Load) { *l = load(math.NaN()) }, "--rps NaN: write requests a second, above 0 and up to 1e7"},
		{"less than one an hour", func(l *Load) { *l = load(0.0001) }, "--rps 0.0001 are 0.36 requests an hour: write 0.0003 or more, which is one"},
		{"too many", func(l *Load) { *l = load(math.Inf(1)) }, "--rps +Inf: write requests a second, above 0 and up to 1e7"},
		{"a handler", func(l *Load) { l.Handler = time.Minute }, "--handler 1m0s: write what a handler takes, above 0 and up to 30s, for which API Gateway waits"},
		{"callers", func(l *Load) { l.Traffic.Credentials = 1e6 }, "--credentials 1000000 are more than the 360000 requests of an hour: count those that are used in an hour"},
		{"the TTL", func(l *Load) { l.TTL = 1500 * time.Millisecond }, "--ttl 1.5s: write whole seconds from 0s to 1h, which is what API Gateway takes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := good
			test.change(&l)
			if _, err := Limits(l); fmt.Sprint(err) != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
