package ttl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

// TestPlan: a plan of traffic that is described, as text, as JSON and as a picture.
func TestPlan(t *testing.T) {
	t.Parallel()
	plot := filepath.Join(t.TempDir(), "ttl.svg")
	got := clitest.Run(t, nil, "--requests", "3600", "--credentials", "60", "--skew", "0", "--lifetime", "0s", "--plot", plot, "--memory", "1769", "--idle", "10m")
	want := clitest.Result{Stdout: `3600 requests an hour with 60 credentials, by the model of docs/ttl.md
Authorizer: 1769 MB; a run adds 6.3 ms, a cold start 156 ms; unused for 10m it is gone

   TTL   answered by  authorizer  of them      adds to a request       dollars  withdrawn
           the cache   runs/hour     cold       p50        p99         a month     within
     0s         0 %        3600   <0.1 %     6.3 ms     6.3 ms          1.69         0s
     5s      7.69 %        3323   <0.1 %     6.3 ms     6.3 ms          1.56         5s
    15s        20 %        2880   <0.1 %     6.3 ms     6.3 ms          1.35        15s
    30s      33.3 %        2400   <0.1 %     6.3 ms     6.3 ms          1.13        30s
     1m        50 %        1800  0.123 %       0 ms     6.3 ms          0.85         1m
     2m      66.7 %        1200  0.138 %       0 ms     6.3 ms          0.56         2m
*    5m      83.3 %         600   <0.1 %       0 ms     6.3 ms          0.28         5m
    10m      90.9 %         327   <0.1 %       0 ms     6.3 ms          0.15        10m
    15m      93.8 %         225   <0.1 %       0 ms     6.3 ms          0.11        15m
    30m      96.8 %         116   <0.1 %       0 ms     6.3 ms          0.05        30m
     1h      98.4 %          59   <0.1 %       0 ms     6.3 ms          0.03         1h

Take 5m: it saves 83.3 % of the authorizer's runs and $1.41 a month; a shorter one saves less than nine tenths of that, a longer one lets a withdrawn credential go on for more than 5m.
Beside the authorizer a month costs $2.63 for API Gateway and $1.10 for the access log (prices of 2026-11-28 in us-east-1).
`}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if svg, err := os.ReadFile(plot); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("the plot: %v, %.100s", err, svg)
	}
	if got := clitest.Run(t, nil, "--requests", "3600", "--credentials", "60", "--json"); got.Code != 0 || !strings.Contains(got.Stdout, "\n  \"recommendedTtlSeconds\": ") {
		t.Errorf("got %+v", got)
	}
}

// TestPrices: other prices are those of the plan, and bad ones are refused.
func TestPrices(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "prices.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("../../../../internal/planner/prices.json")
	if err != nil {
		t.Fatal(err)
	}
	write(strings.Replace(string(text), `"httpApiMillionRequests": 1.00`, `"httpApiMillionRequests": 100`, 1))
	args := []string{"--requests", "1000", "--credentials", "10", "--prices", file}
	if got := clitest.Run(t, nil, args...); got.Code != 0 || !strings.Contains(got.Stdout, "costs $73.00 for API Gateway") {
		t.Errorf("got %+v", got)
	}
	write(strings.Replace(string(text), "logsGB", "logsGb", 1))
	want := clitest.Result{Code: 1, Stderr: "pha ttl: reading --prices " + file + ": prices have no \"logsGB\": write every field, as the member prices of pha ttl --json has them\nprices have an unknown field \"logsGb\"\n"}
	if got := clitest.Run(t, nil, args...); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestLimits: loads one after the other.
func TestLimits(t *testing.T) {
	t.Parallel()
	got := clitest.Run(t, nil, "--rps", "100,10000", "--ttl", "1m", "--credentials", "500")
	if got.Code != 0 || got.Stderr != "" || !strings.HasPrefix(got.Stdout, "100 requests a second, 500 credentials, TTL 1m\n") || !strings.Contains(got.Stdout, "\n\n10,000 requests a second, 500 credentials, TTL 1m\n") {
		t.Errorf("got %+v", got)
	}
	got = clitest.Run(t, nil, "--rps", "0.4,1", "--credentials", "1")
	if got.Code != 0 || !strings.HasPrefix(got.Stdout, "0.4 requests a second, 1 credential, TTL 5m\n") || !strings.Contains(got.Stdout, "\n1 request a second, 1 credential, TTL 5m\n") {
		t.Errorf("got %+v", got)
	}
	got = clitest.Run(t, nil, "--rps", "100", "--json")
	if got.Code != 0 || !strings.Contains(got.Stdout, `"requestsASecond": 100,`) || !strings.Contains(got.Stdout, `"source": "https://docs.aws.amazon.com/`) {
		t.Errorf("got %+v", got)
	}
}

// TestCalledWrongly: each mistake is named, with the cure.
func TestCalledWrongly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--requests", "-5", "--credentials", "0"}, "2 errors\n  - --requests -5: write how many come in an hour, a number above 0 and up to 1e12\n  - --credentials 0: write how many callers there are, 1 to 1e9"},
		{[]string{"--requests", "5", "--credentials", "6"}, "--credentials 6 are more than the 5 requests of an hour: count those that are used in an hour"},
		{[]string{"--credentials", "6"}, "--credentials goes with --requests or --rps"},
		{[]string{"--requests", "5", "--log", "x"}, "--requests and --log describe different traffic: leave out all but one"},
		{[]string{"--log", "x", "--log-group", "y", "--rps", "5"}, "--log and --log-group describe different traffic: leave out all but one"},
		{[]string{"--rps", "5", "--plot", "x"}, "--rps is about quotas, and draws no plot and recommends no TTL: leave out --plot and --within"},
		{[]string{"--rps", "NaN"}, "--rps NaN: write requests a second, above 0 and up to 1e7"},
		{[]string{"--since", "0s"}, "--since 0s: write how much of the log is read, such as 3h"},
		{[]string{"--requests", "many"}, `invalid argument "many" for "--requests" flag: strconv.ParseFloat: parsing "many": invalid syntax`},
		{[]string{"--requests", "50", "--credentials", "6", "--memory", "64"}, "--memory 64: write the function's memory in MB, 128 to 10240"},
		{[]string{"--requests", "50", "--credentials", "6", "--within", "-1s"}, "--within -1s: write how long a withdrawn credential may go on, 0 or more"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			if got, want := clitest.Run(t, nil, test.args...), clitest.UsageError("ttl", test.want); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestLogFile: a file's lines are counted, those that are none too, and what says too
// little is refused.
func TestLogFile(t *testing.T) {
	t.Parallel()
	const (
		first  = `{"requestId":"1","time":"28/Nov/2026:17:00:00 +0000","routeKey":"POST /x","status":"201","credentialId":"jti-1","authorizerLatency":"20"}` + "\n"
		second = `{"requestId":"2","time":"28/Nov/2026:17:02:00 +0000","routeKey":"POST /x","status":"201","credentialId":"jti-1","authorizerLatency":"-"}` + "\n"
		public = `{"requestId":"3","time":"28/Nov/2026:17:02:00 +0000","routeKey":"GET /x","status":"200","credentialId":"-","authorizerLatency":"-"}` + "\n"
	)
	got := clitest.RunInput(t, first+public+"no line\n"+second, nil, "--log", "-", "--within", "10m")
	if got.Code != 0 || !strings.HasPrefix(got.Stdout, "60 requests an hour with 1 credential, by an access log of 2m\nAuthorizer: 128 MB; a run adds 20 ms, ") ||
		!strings.HasSuffix(got.Stdout, `
Lines of the log: 4. About the authorizer: 2, others: 1, unreadable: 1.
The log says that the authorizer ran for 1 of 2 requests.
A log begins with an empty cache: above a TTL of 1m it shows too many runs.
`) {
		t.Errorf("got %+v", got)
	}
	if got, want := clitest.RunInput(t, "no line\n", nil, "--log", "-"), (clitest.Result{Code: 1, Stderr: "pha ttl: none of the 1 lines of the access log is one that the component's access log has: a JSON object with requestId and time\n"}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, want := clitest.Run(t, nil, "--log", "/not/there"), (clitest.Result{Code: 1, Stderr: "pha ttl: reading --log: open /not/there: no such file or directory\n"}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
