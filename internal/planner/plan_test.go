package planner

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write docs/ttl.svg, and the tables of docs/ttl.md and docs/scale.md")

// documented is the traffic of the plot and of the table in the documents.
var documented = Traffic{Requests: 36000, Credentials: 500, Skew: 1, Lifetime: time.Hour, Routes: 1}

func documentedPlan(t *testing.T) Plan {
	t.Helper()
	plan, err := FromTraffic(documented, DefaultAuthorizer(128), DefaultPrices(), 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestDocumented: the documents show what the planner says.
func TestDocumented(t *testing.T) {
	t.Parallel()
	var svg strings.Builder
	if err := documentedPlan(t).Plot(&svg); err != nil {
		t.Fatal(err)
	}
	inDocument(t, "ttl.md", documentedPlan(t).Text())
	inDocument(t, "scale.md", loadsTable(t))
	if *update {
		if err := os.WriteFile("../../docs/ttl.svg", []byte(svg.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if file, err := os.ReadFile("../../docs/ttl.svg"); err != nil || string(file) != svg.String() {
		t.Errorf("docs/ttl.svg is not what the planner draws (%v); write it with go test ./internal/planner -run TestDocumented -update", err)
	}
}

// inDocument compares what stands in a document between the fences after the mark, or
// writes it.
func inDocument(t *testing.T, name, want string) {
	t.Helper()
	const mark, fence = "<!-- written by go test ./internal/planner -run TestDocumented -update -->\n```text\n", "```\n"
	path := "../../docs/" + name
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(file), mark)
	old, after, closed := strings.Cut(rest, fence)
	if !found || !closed {
		t.Fatalf("docs/%s has no place for the table", name)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+mark+want+fence+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != want {
		t.Errorf("the table of docs/%s is not what the planner says; write it with go test ./internal/planner -run TestDocumented -update:\n%s", name, want)
	}
}

// TestPlot: the picture is XML, with a bar for each TTL in each panel, and the
// recommended one in its colour.
func TestPlot(t *testing.T) {
	t.Parallel()
	var svg strings.Builder
	if err := documentedPlan(t).Plot(&svg); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg.String())); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if bars, best := strings.Count(svg.String(), "<rect "), strings.Count(svg.String(), ` class="best"/>`); bars != len(panels)*len(TTLs) || best != len(panels) {
		t.Errorf("there are %d bars, %d of them the best", bars, best)
	}
	for _, want := range []string{">36000 requests an hour, 500 credentials<", ">19.9<", ">10.1<", ">3.29<", ` font-weight="bold">2m<`} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &svg)
		}
	}
}

// TestRecommendation: each reason there is.
func TestRecommendation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		Traffic
		within time.Duration
		want   string
	}{
		{"enough", documented, 5 * time.Minute, "2m: it saves 80.1 % of the authorizer's runs and $13.21 a month; the longest that is soon enough, 5m, saves 88.5 % and lets a withdrawn credential go on for 3m longer"},
		{"at once", documented, 0, "0s: a withdrawn credential may go on for 0s, and every TTL is longer than that"},
		{"the longest", Traffic{Requests: 5000, Credentials: 5000, Lifetime: 24 * time.Hour, Routes: 1}, time.Hour, "1h: it saves 49.5 % of the authorizer's runs and $1.13 a month; a shorter one saves less than nine tenths of that, and there is no longer one"},
		{"a day", Traffic{Requests: 5000, Credentials: 5000, Lifetime: 24 * time.Hour, Routes: 1}, 24 * time.Hour, "1h: it saves 49.5 % of the authorizer's runs and $1.13 a month; a shorter one saves less than nine tenths of that, and there is no longer one"},
		{"as long as a credential", Traffic{Requests: 36000, Credentials: 500, Skew: 1, Lifetime: time.Minute, Routes: 1}, 5 * time.Minute, "1m: it saves 67.1 % of the authorizer's runs and $11.06 a month; a longer one saves no more, since a credential is good for 1m"},
		{"for nothing", Traffic{Requests: 5000, Credentials: 5000, Routes: 1}, 5 * time.Minute, "0s: even 5m saves only 7.69 % of the authorizer's runs: few credentials come again that soon"},
		{"tokens end sooner than any TTL", Traffic{Requests: 36000, Credentials: 5, Lifetime: 2 * time.Second, Routes: 1}, 4 * time.Second, "5s: it saves 75.5 % of the authorizer's runs and $12.44 a month; a longer one saves no more, since a credential is good for 2s"},
		{"tokens end sooner", Traffic{Requests: 36000, Credentials: 5, Lifetime: 20 * time.Second, Routes: 1}, 30 * time.Second, "5s: it saves 90 % of the authorizer's runs and $14.84 a month; the longest that is soon enough, 1h, saves 97.5 % and lets a withdrawn credential go on for 15s longer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan, err := FromTraffic(test.Traffic, DefaultAuthorizer(128), DefaultPrices(), test.within)
			if err != nil {
				t.Fatal(err)
			}
			if got := short(plan.Recommended) + ": " + plan.Reason; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if _, err := FromTraffic(documented, DefaultAuthorizer(128), DefaultPrices(), -time.Second); err == nil || err.Error() != "--within -1s: write how long a withdrawn credential may go on, 0 or more" {
		t.Errorf("got %v", err)
	}
}

// TestEveryRequestRuns: without a cache all requests run the authorizer, to the last bit,
// whatever they are the sum of.
func TestEveryRequestRuns(t *testing.T) {
	t.Parallel()
	for _, traffic := range []Traffic{documented, {Requests: 36000, Credentials: 36000, Skew: 1, Lifetime: time.Hour, Routes: 1}, {Requests: 1e9, Credentials: 12345, Skew: 0.7, Routes: 3}} {
		plan, err := FromTraffic(traffic, DefaultAuthorizer(128), DefaultPrices(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if none := plan.Rows[0]; none.TTL != 0 || none.Hits != 0 || none.Runs != traffic.Requests {
			t.Errorf("%+v: %+v", traffic, none)
		}
	}
}

// TestCounted: a number is written as it is, and what is one has no plural.
func TestCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{0.001: "0.001 requests", 0.4: "0.4 requests", 1: "1 request", 1.5: "1.5 requests", 36000: "36,000 requests", 3.6e7: "36,000,000 requests", 12345678: "12,345,678 requests", 1234.56789: "1,234.57 requests"} {
		if got := grouped(counted(n, "request")); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
}

// TestJSON: durations have their unit in the name, and prices read back.
func TestJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(documentedPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Recommended float64 `json:"recommendedTtlSeconds"`
		Traffic     struct {
			Lifetime float64 `json:"lifetimeSeconds"`
			Skew     float64
		}
		Authorizer struct {
			Warm float64 `json:"warmMs"`
			Idle float64 `json:"idleSeconds"`
		}
		Rows []struct {
			TTL       float64 `json:"ttlSeconds"`
			P99       float64 `json:"p99Ms"`
			Withdrawn float64 `json:"withdrawnWithinSeconds"`
			Hits      float64
		}
		Prices json.RawMessage
	}
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	last := plan.Rows[len(plan.Rows)-1]
	if plan.Recommended != 120 || plan.Traffic.Lifetime != 3600 || plan.Traffic.Skew != 1 || plan.Authorizer.Warm != 10.1 || plan.Authorizer.Idle != 300 || last.TTL != 3600 || last.P99 != 10.1 || last.Withdrawn != 3600 || last.Hits < 0.98 {
		t.Errorf("got %s", text)
	}
	if prices, err := ReadPrices(strings.NewReader(string(plan.Prices))); err != nil || fmt.Sprint(prices) != fmt.Sprint(DefaultPrices()) {
		t.Errorf("got %v, %+v", err, prices)
	}
}

// TestPrices: a month's sum, and files that are refused.
func TestPrices(t *testing.T) {
	t.Parallel()
	p := Prices{LambdaMillionRequests: 1, LambdaGBSecondArm64: 0.001, HTTPAPIMillionRequests: 2, GetParameterTenThousand: 10000, LogsGB: gb, AuthorizerLogBytes: 3, AccessLogBytes: 5}
	a := Authorizer{MemoryMB: 512, Warm: invocation + 2500*time.Microsecond, Cold: invocation + environment + 7*time.Millisecond, Idle: time.Minute}
	// 1,000 runs an hour, ten of them cold: 990 × 3 ms and 10 × 7 ms of half a GB; 10 + 12
	// readings; 3 bytes each.
	if got, want := p.authorizer(a, 1000, 10), 730*(0.001+0.5*(990*0.003+10*0.007)*0.001+22+3000); fmt.Sprintf("%.6f", got) != fmt.Sprintf("%.6f", want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if gateway, log := p.Beside(1e6); gateway != 1460 || log != 730*5e6 {
		t.Errorf("beside it: %v and %v", gateway, log)
	}
	good := string(defaultPrices)
	for _, test := range []struct{ name, text, want string }{
		{"unknown", strings.Replace(good, `"logsGB"`, `"logGB"`, 1), `prices have no "logsGB": write every field, as the member prices of pha ttl --json has them` + "\n" + `prices have an unknown field "logGB"`},
		{"negative", strings.Replace(good, `"logsGB": 0.50`, `"logsGB": -1`, 1), `prices: "logsGB" is -1: write 0 or more`},
		{"text", strings.Replace(good, `"logsGB": 0.50`, `"logsGB": "0.5"`, 1), `prices: "logsGB" is "0.5", and not a number`},
		{"null", strings.Replace(good, `"logsGB": 0.50`, `"logsGB": null`, 1), `prices: "logsGB" is null, and not a number`},
		{"no day", strings.Replace(good, `2026-11-28`, `today`, 1), `prices: "asOf" is "today": write a day such as 2026-11-28`},
		{"twice", strings.Replace(good, `"logsGB": 0.50`, `"logsGB": 1, "logsGB": 1`, 1), "the text of the prices names a member twice"},
		{"no JSON", "prices", "the text of the prices is not JSON"},
		{"too long", good + strings.Repeat(" ", maxPrices), "prices are longer than 65536 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadPrices(strings.NewReader(test.text)); fmt.Sprint(err) != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
