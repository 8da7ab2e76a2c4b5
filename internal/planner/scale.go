package planner

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Load is requests a second, all to routes with the authorizer, and what becomes of them.
type Load struct {
	RPS     float64
	Traffic Traffic
	TTL     time.Duration
	// Authorizer and Handler are how long the two functions take of a request; Handler is
	// warm.
	Authorizer Authorizer
	Handler    time.Duration
}

// requestsOfACaller is how many requests a caller makes in an hour where nobody says it:
// one each 36 seconds.
const requestsOfACaller = 100

// NewLoad is a load of so many requests a second, by callers of whom nobody says how many
// they are when credentials is 0.
func NewLoad(rps float64, credentials int, t Traffic, ttl time.Duration, a Authorizer, handler time.Duration) Load {
	t.Requests = rps * 3600
	t.Credentials = credentials
	if credentials == 0 && t.Requests <= maxRequests {
		t.Credentials = int(max(1, t.Requests/requestsOfACaller))
	}
	return Load{RPS: rps, Traffic: t, TTL: ttl, Authorizer: a, Handler: handler}
}

func (l Load) check() error {
	var errs []error
	if !(l.RPS > 0 && l.RPS <= 1e7) {
		errs = append(errs, fmt.Errorf("--rps %v: write requests a second, above 0 and up to 1e7", l.RPS))
	}
	if l.Handler <= 0 || l.Handler > 30*time.Second {
		errs = append(errs, fmt.Errorf("--handler %v: write what a handler takes, above 0 and up to 30s, for which API Gateway waits", l.Handler))
	}
	switch {
	case len(errs) > 0:
	case l.Traffic.Requests < 1:
		errs = append(errs, fmt.Errorf("--rps %v are %.2g requests an hour: write 0.0003 or more, which is one", l.RPS, l.Traffic.Requests))
	default:
		errs = append(errs, l.Traffic.Check())
	}
	return errors.Join(append(errs, l.Authorizer.Check(), checkTTLs([]time.Duration{l.TTL}))...)
}

// Limit is one of AWS's quotas beside what a load needs of it.
type Limit struct {
	Name string `json:"name"`
	// Quota is AWS's default, Needed what the load needs, in the same unit.
	Quota  float64 `json:"quota"`
	Needed float64 `json:"needed"`
	// When says what has to be in use; empty where it is always.
	When string `json:"when,omitempty"`
	// Cure says what to do before it is met, Source where AWS says the number.
	Cure   string `json:"cure"`
	Source string `json:"source"`
}

// Share is how much of the quota is needed.
func (l Limit) Share() float64 { return l.Needed / l.Quota }

// Defaults of AWS, in a Region, for an account that is not new.
const (
	gatewayRate       = 10_000 // requests a second of all APIs
	concurrency       = 1_000  // of all functions
	perEnvironment    = 10     // requests a second to Lambda, for each of them
	environmentsAtOne = 1_000  // new ones of a function in 10 s
	getParameter      = 40     // calls a second of the account
	partitionWrites   = 1_000  // write units a second of a partition
	partitionReads    = 3_000  // read units
	tableWrites       = 4_000  // of an on-demand table that is new
	tableReads        = 12_000
)

// What a load means to those.
const (
	// patientStarts is how many environments that start together get the secret with 40
	// GetParameter calls a second, before they give up (TestBurstOfColdStarts in
	// authz/secret).
	patientStarts = 200
	// secretAge is how often an environment reads the secret again, in seconds.
	secretAge = 300
	// revocationReads are the read units of a look-up: one for each of the names under which
	// a token without issuer, tenant and key id can have been withdrawn.
	revocationReads = 3
)

// Where AWS says its numbers.
const (
	ofGateway  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"
	ofLambda   = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"
	ofScaling  = "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"
	ofSSM      = "https://docs.aws.amazon.com/general/latest/gr/ssm.html"
	ofKeys     = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
	ofOnDemand = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
)

// Limits are what a load needs of each quota, that first of which it needs most.
func Limits(l Load) ([]Limit, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	classes := l.Traffic.classes()
	runs, cold := modelRuns(classes, l.TTL, l.Traffic.Lifetime, l.Authorizer)
	warmSeconds, coldSeconds := l.Authorizer.Warm.Seconds(), l.Authorizer.Cold.Seconds()
	busy := (runs-cold)*warmSeconds + cold*coldSeconds
	// The busiest caller, on all its routes.
	busiest := classes[0].rate * float64(l.Traffic.Routes)
	starts := storm(l.RPS, l.Authorizer)
	limits := []Limit{
		{"API Gateway: requests a second of the account", gatewayRate, l.RPS, "", "ask for more in Service Quotas; some newer Regions begin with 2,500", ofGateway},
		{"Lambda: executions at once, of all functions", concurrency, l.RPS*l.Handler.Seconds() + busy, "", "ask for more in Service Quotas; reserve some for the authorizer; more memory where a handler computes", ofLambda},
		{"Lambda: requests a second, ten for each of those", perEnvironment * concurrency, l.RPS + runs, "", "the same quota; a longer TTL, for the authorizer's", ofLambda},
		{"Lambda: environments that a function starts in 10 s", environmentsAtOne, starts, "when the cache is empty and nothing runs", "provisioned concurrency for the authorizer; reset the cache when few call", ofScaling},
		{"Parameter Store: environments that read the secret at once", patientStarts, min(starts, concurrency), "when the cache is empty and nothing runs", "higher throughput of Parameter Store: 10,000 GetParameter calls a second; or the secret in Secrets Manager, or DeliverInEnvironment", ofSSM},
		{"Parameter Store: GetParameter calls a second", getParameter, busy/secretAge + cold, "", "higher throughput; a longer SecretMaxAge", ofSSM},
		{"DynamoDB: write units of one counter", partitionWrites, busiest, "with a quota for the busiest caller, at TTL 0", "a key for each part of what the caller runs: each has a counter", ofKeys},
		{"DynamoDB: write units of the table of nonces and counters", tableWrites, l.RPS, "with signatures or quotas, at TTL 0", "warm throughput before the traffic comes; above 40,000 ask for more in Service Quotas", ofOnDemand},
		{"DynamoDB: read units of the table of revocations", tableReads, revocationReads * runs, "with revocation", "a longer TTL; warm throughput before the traffic comes", ofOnDemand},
		{"DynamoDB: read units of one revocation entry's key", partitionReads, runs, "with revocation, where all tokens have one tenant or key id", "a longer TTL; several keys", ofKeys},
		{"DynamoDB: write units of the Events API's index, one partition", partitionWrites, l.RPS, "if each request creates or deletes an event", "several values of the index's partition key: docs/scale.md", ofKeys},
	}
	slices.SortStableFunc(limits, func(a, b Limit) int { return cmp.Compare(b.Share(), a.Share()) })
	return limits, nil
}

// storm is how many environments of the authorizer start when everything starts at once: one
// for each request, until those that are ready serve all. While they wait for the secret
// they are busy; they get ready at the rate at which Parameter Store answers, and what
// comes meanwhile finds, on average, half of what it needs (TestStorm in authz/secret).
func storm(rps float64, a Authorizer) float64 {
	enough := math.Ceil(rps * a.Warm.Seconds()) // environments that serve all
	return math.Ceil(rps * (a.Cold.Seconds() + enough/getParameter/2))
}

// LimitsText is the limits as a table: what is met, and what is not but is near.
func LimitsText(l Load, limits []Limit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s a second, %s, TTL %s\n\n", grouped(counted(l.RPS, "request")), grouped(counted(float64(l.Traffic.Credentials), "credential")), short(l.TTL))
	fmt.Fprintf(&b, "  %-63s %9s %9s %7s\n", "AWS's default", "quota", "needed", "share")
	for _, limit := range limits {
		mark := " "
		if limit.Share() > 1 {
			mark = "!"
		}
		fmt.Fprintf(&b, "%s %-63s %9s %9s %6.0f%%\n", mark, limit.Name, count(limit.Quota), count(limit.Needed), math.Ceil(100*limit.Share()))
	}
	met := slices.DeleteFunc(slices.Clone(limits), func(l Limit) bool { return l.Share() <= 1 })
	if len(met) == 0 {
		fmt.Fprintf(&b, "\nNone is met. The first will be: %s.\n", firstLower(limits[0]))
		return b.String()
	}
	fmt.Fprint(&b, "\nWhat cures those that are met:\n")
	for _, limit := range met {
		when := ""
		if limit.When != "" {
			when = " (" + limit.When + ")"
		}
		fmt.Fprintf(&b, "  %s%s\n    %s\n    %s\n", limit.Name, when, limit.Cure, limit.Source)
	}
	return b.String()
}

func firstLower(l Limit) string {
	text := l.Name
	if l.When != "" {
		text += " (" + l.When + ")"
	}
	return text
}

// count writes a number with commas between thousands, rounded up: what is needed is
// needed whole.
func count(n float64) string {
	return grouped(fmt.Sprintf("%.0f", math.Ceil(n-1e-9)))
}

// grouped writes commas between the thousands of the number that a text begins with.
func grouped(text string) string {
	whole := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if whole < 0 {
		whole = len(text)
	}
	for i := whole - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
