package authz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// measured is an environment that asks for metrics, changed by pairs.
func measured(pairs ...string) func(string) string {
	return environ(append(pairs, contract.EnvCacheTTL, "0", contract.EnvMetrics, "Events/Authorizer", envFunctionName, "events-authorizer")...)
}

// decideMeasured has a handler decide on an event, and returns the lines of its metrics.
func decideMeasured(t testing.TB, h Handler, payload []byte, policy bool) string {
	t.Helper()
	var out bytes.Buffer
	h.stdout = &out
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-1"})
	if policy {
		_, _ = h.HandlePolicy(ctx, payload)
	} else {
		_, _ = h.Invoke(ctx, payload)
	}
	return out.String()
}

// changing are the values of a line that are others each time.
var changing = regexp.MustCompile(`("Timestamp":)\d+|("ColdStart":)[01]|("Latency":)[\d.]+|("time":)"[^"]+"|("SecretAge":7776)\d+`)

func TestMetrics(t *testing.T) {
	t.Parallel()
	const (
		open = `{"_aws":{"CloudWatchMetrics":[{"Namespace":"Events/Authorizer","Dimensions":[["function"]],"Metrics":[` +
			`{"Name":"Requests","Unit":"Count"},{"Name":"Allowed","Unit":"Count"},{"Name":"Denied","Unit":"Count"},{"Name":"Errors","Unit":"Count"},` +
			`{"Name":"ColdStart","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}`
		byReason    = `]},{"Namespace":"Events/Authorizer","Dimensions":[["function","reason"]],"Metrics":[{"Name":"%s","Unit":"Count"}]}`
		values      = `],"Timestamp":0},"function":"events-authorizer","Requests":1,"Allowed":%d,"Denied":%d,"Errors":%d,"ColdStart":0,"Latency":0`
		fingerprint = "sha256:836b2f1a0ac3"
		where       = `,"requestId":"lambda-1","apiRequestId":"api-1","routeKey":"POST /events"}` + "\n"
	)
	denied := func(reason, text, credential, method string) string {
		return open + fmt.Sprintf(byReason, "Denied") + fmt.Sprintf(values, 0, 1, 0) +
			`,"time":0,"level":"WARN","msg":"request denied","reason":"` + reason + `","error":"` + text + `","credentialId":"` + credential + `","method":"` + method + `"` + where
	}
	fault := func(reason, text, credential, method string) string {
		return open + fmt.Sprintf(byReason, "Errors") + fmt.Sprintf(values, 0, 0, 1) +
			`,"time":0,"level":"ERROR","msg":"request not judged","reason":"` + reason + `","error":"` + text + `","credentialId":"` + credential + `","method":"` + method + `"` + where
	}
	allowed := func(extra, age string) string {
		return open + extra + `]}` + fmt.Sprintf(values, 1, 0, 0) + age + `,"time":0,"level":"INFO","msg":"request allowed","method":"JWT"` + where
	}
	good := "Bearer " + sign(testHeader, testClaims)
	observed := newJWT(t, func(c *JWTConfig) {
		c.Keys = keysFunc(func(ctx context.Context) ([]Key, error) {
			ObserveSecret(ctx, time.Now().Add(-90*24*time.Hour))
			ObserveSecret(ctx, time.Now().Add(-24*time.Hour)) // a younger one
			ObserveSecret(ctx, time.Time{})                   // nobody knows
			return []Key{hmacKey(t, testSecret)}, nil
		})
	})
	fails := func(err error) Chain {
		return chainOf(verifyFunc(func(context.Context, Credential) (Principal, error) { return Principal{}, err }))
	}
	tests := []struct {
		name, authorization string
		chain               Chain
		policy              bool
		want                string
	}{
		{"allowed", good, chainOf(newJWT(t)), false, allowed("", "")},
		{"allowed by a policy", good, chainOf(newJWT(t)), true, allowed("", "")},
		{"the secret's age", good, chainOf(observed), false, allowed(`,{"Name":"SecretAge","Unit":"Seconds"}`, `,"SecretAge":77760`)},
		{"no credential", "", chainOf(newJWT(t)), false, denied("no credential", "no credential: the header Authorization is missing or empty", "", "")},
		{"no credential, by a policy", "", chainOf(newJWT(t)), true, denied("no credential", "no credential: the header Authorization is missing or empty", "", "")},
		{"bad token", "Bearer x.y", chainOf(newJWT(t)), false, denied("malformed", "malformed credential: the token does not have exactly three segments", "", "JWT")},
		{"unavailable", good, fails(ErrUnavailable), false, fault("unavailable", "unavailable", fingerprint, "Bearer")},
		{"unknown", good, fails(errors.New("a \"quote\"\nand a line")), false, fault("internal", `a \"quote\"\nand a line`, fingerprint, "Bearer")},
		{"panic", good, chainOf(verifyFunc(nil)), false, fault("internal", "a part of the authorizer panicked in github.com/protected-http-api/protected-http-api/authz.verifyFunc.Verify", "", "")},
		{"no chain", good, nil, true, fault("misconfigured", "misconfigured: the chain has no link", "", "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			line := decideMeasured(t, Handler{Chain: tt.chain, Getenv: measured()}, readEvent(t, tt.authorization), tt.policy)
			if got := changing.ReplaceAllString(line, "${1}${2}${3}${4}${5}0"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			checkEMF(t, line)
			if strings.Contains(line, "usr_abc") || strings.Contains(line, sign(testHeader, testClaims)) {
				t.Error("the subject or the token is in the line")
			}
		})
	}
}

// checkEMF holds a line against CloudWatch's specification of the format: what is
// not so is logged and gives no metric, and nobody is told (CloudWatch user guide,
// "Specification: Embedded metric format").
func checkEMF(t testing.TB, line string) {
	t.Helper()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "}\n") || len(line) > 256<<10 {
		t.Fatalf("%q is not one line that CloudWatch takes", line)
	}
	var root map[string]any
	var metadata struct {
		AWS struct {
			Timestamp         *int64 // a whole number
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	strict := json.NewDecoder(strings.NewReader(line))
	if err := errors.Join(strict.Decode(&metadata), json.Unmarshal([]byte(line), &root)); err != nil {
		t.Fatal(err)
	}
	if aws := root["_aws"].(map[string]any); len(aws) != 2 || metadata.AWS.Timestamp == nil || len(metadata.AWS.CloudWatchMetrics) == 0 {
		t.Fatalf("_aws is %v", aws)
	}
	if age := time.Since(time.UnixMilli(*metadata.AWS.Timestamp)); age < -2*time.Hour || age > 14*24*time.Hour {
		t.Errorf("the time is %v ago", age)
	}
	units := []string{"Seconds", "Milliseconds", "Count"} // of MetricDatum's
	for _, d := range metadata.AWS.CloudWatchMetrics {
		if d.Namespace == "" || len(d.Namespace) > 255 || strings.HasPrefix(d.Namespace, "AWS/") {
			t.Errorf("the namespace is %q", d.Namespace)
		}
		if len(d.Dimensions) == 0 || len(d.Metrics) == 0 || len(d.Metrics) > 100 {
			t.Errorf("%d sets of dimensions, %d metrics", len(d.Dimensions), len(d.Metrics))
		}
		for _, dimension := range slices.Concat(d.Dimensions...) {
			if value, _ := root[dimension].(string); value == "" || len(value) > 1024 || len(dimension) > 250 {
				t.Errorf("dimension %q has the value %v", dimension, root[dimension])
			}
		}
		for _, m := range d.Metrics {
			if _, number := root[m.Name].(float64); !number || !slices.Contains(units, m.Unit) {
				t.Errorf("metric %q, in %s, has the value %v", m.Name, m.Unit, root[m.Name])
			}
		}
	}
}

// TestMetricsAndLogger: an own logger gets its records all the same; without the
// variable nothing is measured.
func TestMetricsAndLogger(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		getenv        func(string) string
		lines, logged int
	}{{"metrics", measured(), 1, 1}, {"no metrics", uncached, 0, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := Handler{Chain: chainOf(newJWT(t)), Getenv: tt.getenv, Logger: slog.New(slog.NewJSONHandler(&log, nil))}
			line := decideMeasured(t, h, readEvent(t, "Bearer x"), false)
			if strings.Count(line, "\n") != tt.lines || strings.Count(log.String(), "\n") != tt.logged {
				t.Errorf("measured %q, logged %q", line, log.String())
			}
		})
	}
}

func TestMetricsMisconfigured(t *testing.T) {
	t.Parallel()
	const not = `judging a request: misconfigured: environment variable AUTHORIZER_METRICS is %s, which is no namespace of metrics: 1 to 255 letters, digits and characters of ._-/# that do not begin with AWS/`
	for _, tt := range []struct{ namespace, function, want string }{
		{"AWS/Lambda", "f", fmt.Sprintf(not, `"AWS/Lambda"`)},
		{`a"b`, "f", fmt.Sprintf(not, `"a\"b"`)},
		{" ", "f", fmt.Sprintf(not, `" "`)},
		{strings.Repeat("n", 256), "f", fmt.Sprintf(not, `"`+strings.Repeat("n", 256)+`"`)},
		{"Events", "", "judging a request: misconfigured: AUTHORIZER_METRICS asks for metrics, and AWS_LAMBDA_FUNCTION_NAME, by which they are kept, is not set: outside of Lambda unset the former"},
	} {
		t.Run(tt.namespace, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			h := Handler{Chain: chainOf(newJWT(t)), Getenv: environ(contract.EnvCacheTTL, "0", contract.EnvMetrics, tt.namespace, envFunctionName, tt.function), stdout: &out}
			_, log, err := invoke(t, h, readEvent(t, "Bearer "+sign(testHeader, testClaims)))
			if text(err) != tt.want || out.Len() > 0 || strings.Count(log, "\n") != 1 {
				t.Errorf("got %v, measured %q, logged %q; want %s", err, out.String(), log, tt.want)
			}
		})
	}
}

// FuzzMetrics: whatever an error or an event has in it, the line is one metric.
func FuzzMetrics(f *testing.F) {
	for _, seed := range []string{"", `"`, "a\nb", "\\", "\x00\x7f", "\xff", "\u2028", "</script>", `"},"_aws":{}`, "é"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, message, route string) {
		chain := chainOf(verifyFunc(func(context.Context, Credential) (Principal, error) { return Principal{}, errors.New(message) }))
		event, err := json.Marshal(map[string]any{
			"version": "2.0", "routeKey": route, "headers": map[string]string{"authorization": "Bearer x"}, "requestContext": map[string]any{"requestId": route},
		})
		if err != nil {
			t.Fatal(err) // texts have JSON
		}
		line := decideMeasured(t, Handler{Chain: chain, Getenv: measured()}, event, false)
		checkEMF(t, line)
		var got struct{ Error, RouteKey, APIRequestID, Reason string }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		valid := func(s string) string { return strings.ToValidUTF8(s, "") }
		if strings.ReplaceAll(got.Error, "\ufffd", "") != strings.ReplaceAll(valid(message), "\ufffd", "") || strings.ReplaceAll(got.RouteKey, "\ufffd", "") != strings.ReplaceAll(valid(route), "\ufffd", "") || got.Reason != "internal" {
			t.Errorf("%q and %q became %+v", message, route, got)
		}
	})
}
