// Package planner says what an authorizer costs at each TTL of API Gateway's cache: how
// often it runs, what that adds to a request, what a month of it costs, and for how long a
// credential that was withdrawn may go on. It knows two ways: a model of the traffic
// ([Traffic]), and the replay of an access log ([AccessLog]). docs/ttl.md says the model.
//
// It calls nobody, and reads no clock.
package planner

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// MaxTTL is the longest that API Gateway keeps an answer (API Gateway API reference,
// "Authorizer": authorizerResultTtlInSeconds).
const MaxTTL = time.Hour

// TTLs are those that a plan compares.
var TTLs = []time.Duration{
	0, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	10 * time.Minute, 15 * time.Minute, 30 * time.Minute, MaxTTL,
}

// Bounds of what a model is computed of.
const (
	maxRequests    = 1e12 // an hour
	maxCredentials = 1e9
	maxSkew        = 3
	maxRoutes      = 300 // of an API (API Gateway developer guide, "Quotas for … an HTTP API")
)

// Traffic is what the model is made of: callers who come independently of each other, at
// random.
type Traffic struct {
	// Requests are those to routes with the authorizer, an hour.
	Requests float64 `json:"requestsAnHour"`
	// Credentials are the callers: each has one credential at a time.
	Credentials int `json:"credentials"`
	// Skew is how uneven they are: the k-th of them makes requests in proportion to
	// 1/k^Skew (Zipf's law). 0: all make as many as the others.
	Skew float64 `json:"skew"`
	// Lifetime is how long a credential is good; then its caller comes with another one.
	// 0: for ever.
	Lifetime time.Duration `json:"-"`
	// Routes is how many routes a caller uses alike whose answers are kept apart, because
	// $context.routeKey is an identity source; 1 where it is not.
	Routes int `json:"routes"`
}

// Check returns all mistakes of the traffic, each with the name of its flag.
func (t Traffic) Check() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(!(t.Requests > 0 && t.Requests <= maxRequests), "--requests %v: write how many come in an hour, a number above 0 and up to 1e12", t.Requests) // NaN is neither
	refuse(t.Credentials < 1 || t.Credentials > maxCredentials, "--credentials %d: write how many callers there are, 1 to 1e9", t.Credentials)
	refuse(t.Requests > 0 && t.Credentials >= 1 && float64(t.Credentials) > t.Requests, "--credentials %d are more than the %v requests of an hour: count those that are used in an hour", t.Credentials, t.Requests)
	refuse(!(t.Skew >= 0 && t.Skew <= maxSkew), "--skew %v: write a number from 0, where all callers are alike, to %d", t.Skew, maxSkew)
	refuse(t.Lifetime < 0, "--lifetime %v: write how long a credential is good, or 0 for one that does not end", t.Lifetime)
	refuse(t.Lifetime > 0 && t.Lifetime < time.Second, "--lifetime %v: write a second or more, or 0 for one that does not end", t.Lifetime)
	refuse(t.Routes < 1 || t.Routes > maxRoutes, "--routes %d: write how many routes' answers are kept apart, 1 to %d", t.Routes, maxRoutes)
	return errors.Join(errs...)
}

// Authorizer is how the function behaves on AWS. Nobody but AWS can measure that: see
// [DefaultAuthorizer].
type Authorizer struct {
	// MemoryMB is the function's memory, 128 to 10,240 MB.
	MemoryMB int `json:"memoryMb"`
	// Warm is what a run adds to a request, Cold what one adds that starts an execution
	// environment.
	Warm time.Duration `json:"-"`
	Cold time.Duration `json:"-"`
	// Idle is after how long without a run Lambda gives an environment up. AWS does not
	// say; some minutes are seen.
	Idle time.Duration `json:"-"`
}

// What the defaults are made of. They are assumptions about AWS, not measurements of it;
// docs/ttl.md says how to replace them by what an access log says.
const (
	// wholeProcessor is the memory with which a function has one processor; with less it
	// has its share (Lambda developer guide, "Configure Lambda function memory").
	wholeProcessor = 1769.0
	invocation     = 6 * time.Millisecond   // API Gateway calls a function that is ready
	environment    = 100 * time.Millisecond // Lambda makes an environment, before the function's own start
	secretRead     = 30 * time.Millisecond  // Parameter Store and KMS answer
	// Time of a whole processor: what a run computes, and what a start does, the
	// connection to Parameter Store among it (go run ./scripts/bench cold, warm).
	runComputes   = 300 * time.Microsecond
	startComputes = 20 * time.Millisecond

	// DefaultIdle is that of Authorizer.
	DefaultIdle = 5 * time.Minute
	minMemory   = 128
	maxMemory   = 10240
)

// DefaultAuthorizer is the component's own authorizer for tokens with this memory.
func DefaultAuthorizer(memoryMB int) Authorizer {
	share := min(1, float64(memoryMB)/wholeProcessor)
	scale := func(d time.Duration) time.Duration {
		if !(share > 0) {
			return d
		}
		return time.Duration(float64(d) / share).Round(100 * time.Microsecond)
	}
	warm := invocation + scale(runComputes)
	return Authorizer{MemoryMB: memoryMB, Warm: warm, Cold: warm + environment + secretRead + scale(startComputes), Idle: DefaultIdle}
}

// Check returns all mistakes, each with the name of its flag.
func (a Authorizer) Check() error {
	var errs []error
	if a.MemoryMB < minMemory || a.MemoryMB > maxMemory {
		errs = append(errs, fmt.Errorf("--memory %d: write the function's memory in MB, %d to %d", a.MemoryMB, minMemory, maxMemory))
	}
	if a.Warm <= 0 || a.Warm > 10*time.Second {
		errs = append(errs, fmt.Errorf("--warm %v: write what a run adds to a request, above 0 and up to 10s, for which API Gateway waits", a.Warm))
	}
	if a.Warm > 0 && (a.Cold < a.Warm || a.Cold > 10*time.Second) {
		errs = append(errs, fmt.Errorf("--cold %v: write what a cold start adds to a request, from --warm, %v, up to 10s, for which API Gateway waits", a.Cold, a.Warm))
	}
	if a.Idle <= 0 || a.Idle > 24*time.Hour {
		errs = append(errs, fmt.Errorf("--idle %v: write after how long Lambda gives an unused environment up, above 0 and up to 24h", a.Idle))
	}
	return errors.Join(errs...)
}

// billed is what Lambda charges a run for, in whole milliseconds: neither the way to the
// function nor the making of the environment, but the function's start (AWS Compute Blog,
// "AWS Lambda standardizes billing for INIT Phase").
func (a Authorizer) billed() (warm, cold float64) {
	ms := func(d time.Duration) float64 { return math.Ceil(max(1, float64(d)/float64(time.Millisecond))) }
	return ms(a.Warm - invocation), ms(a.Cold - invocation - environment)
}

// Row is what a TTL means.
type Row struct {
	TTL time.Duration `json:"-"`
	// Hits is the share of requests that the cache answers, 0 to 1.
	Hits float64 `json:"hits"`
	// Runs are those of the authorizer, an hour. Cold is the share of them that start an
	// environment.
	Runs float64 `json:"runsAnHour"`
	Cold float64 `json:"coldShare"`
	// What the authorizer adds to a request.
	P50  time.Duration `json:"-"`
	P99  time.Duration `json:"-"`
	Mean time.Duration `json:"-"`
	// Dollars are the authorizer's of a month.
	Dollars float64 `json:"dollarsAMonth"`
	// Withdrawn is the longest that a credential goes on that was withdrawn: the TTL, or
	// what is left of its life, which ends it too.
	Withdrawn time.Duration `json:"-"`
}

// row completes what requests, runs and cold starts, an hour, mean.
func (a Authorizer) row(ttl, lifetime time.Duration, requests, runs, cold float64, p Prices) Row {
	if ttl == 0 {
		runs = requests // all, which the sum of their parts misses by some bits
	}
	r := Row{TTL: ttl, Runs: runs, Withdrawn: ttl}
	if runs > 0 {
		r.Cold = cold / runs
	}
	if lifetime > 0 {
		r.Withdrawn = min(ttl, lifetime)
	}
	missed := min(1, runs/requests)
	r.Hits = 1 - missed
	warmAt, coldAt := 1-missed, 1-missed*r.Cold
	quantile := func(q float64) time.Duration {
		switch {
		case q <= warmAt:
			return 0
		case q <= coldAt:
			return a.Warm
		}
		return a.Cold
	}
	r.P50, r.P99 = quantile(0.50), quantile(0.99)
	r.Mean = time.Duration(missed * ((1-r.Cold)*float64(a.Warm) + r.Cold*float64(a.Cold)))
	r.Dollars = p.authorizer(a, runs, cold)
	return r
}

// Model is a row for each of the TTLs.
func Model(t Traffic, a Authorizer, p Prices, ttls []time.Duration) ([]Row, error) {
	if err := errors.Join(t.Check(), a.Check(), checkTTLs(ttls)); err != nil {
		return nil, err
	}
	classes := t.classes()
	var rows []Row
	for _, ttl := range ttls {
		runs, cold := modelRuns(classes, ttl, t.Lifetime, a)
		rows = append(rows, a.row(ttl, t.Lifetime, t.Requests, runs*3600, cold*3600, p))
	}
	return rows, nil
}

func checkTTLs(ttls []time.Duration) error {
	if i := slices.IndexFunc(ttls, func(d time.Duration) bool { return d < 0 || d > MaxTTL || d%time.Second != 0 }); i >= 0 {
		return fmt.Errorf("--ttl %v: write whole seconds from 0s to 1h, which is what API Gateway takes", ttls[i])
	}
	return nil
}
