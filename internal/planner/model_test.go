package planner

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"testing"
	"time"
)

// starting is after how long all callers of generate have begun.
const starting = 66 * time.Minute

// generate makes the requests of some hours that a Traffic describes, the same for the
// same seed. The callers begin at random moments of the first one.
func generate(t Traffic, hours float64, seed uint64) []Request {
	random := rand.New(rand.NewPCG(seed, 1))
	upTo := make([]float64, t.Credentials) // the shares of the callers, summed
	sum := 0.0
	for k := range upTo {
		sum += math.Pow(float64(k+1), -t.Skew)
		upTo[k] = sum
	}
	phase := make([]float64, t.Credentials) // how old the first credential of each is
	begins := make([]float64, t.Credentials)
	for k := range phase {
		phase[k], begins[k] = random.Float64()*t.Lifetime.Seconds(), random.Float64()*3600
	}
	var requests []Request
	for at := 0.0; ; {
		at += random.ExpFloat64() * 3600 / t.Requests
		if at > hours*3600 {
			return requests
		}
		k := sort.SearchFloat64s(upTo, random.Float64()*sum)
		if at < begins[k] {
			continue
		}
		key := strconv.Itoa(k)
		if t.Lifetime > 0 {
			key += "/" + strconv.Itoa(int((at+phase[k])/t.Lifetime.Seconds()))
		}
		if t.Routes > 1 {
			key += "#" + strconv.Itoa(random.IntN(t.Routes))
		}
		requests = append(requests, Request{At: time.Duration(at * float64(time.Second)), Key: key})
	}
}

// settled is Simulate from when all callers have begun.
func settled(requests []Request, ttl time.Duration, a Authorizer) Counts {
	begun, _ := slices.BinarySearchFunc(requests, starting, func(r Request, at time.Duration) int { return cmp.Compare(r.At, at) })
	before, all := Simulate(requests[:begun], ttl, a), Simulate(requests, ttl, a)
	return Counts{all.Requests - before.Requests, all.Runs - before.Runs, all.Cold - before.Cold}
}

// shapes are kinds of traffic that have little in common.
var shapes = []struct {
	name string
	Traffic
	hours float64
	seeds int // how many times; few callers meet, or don't, for ever
}{
	{"a few services all the time", Traffic{Requests: 2400, Credentials: 5, Routes: 1}, 4, 160},
	{"many people, unevenly, with tokens of an hour", Traffic{Requests: 20000, Credentials: 2000, Skew: 1.1, Lifetime: time.Hour, Routes: 1}, 12, 1},
	{"devices that come now and then, on four routes", Traffic{Requests: 3000, Credentials: 1500, Skew: 0.3, Routes: 4}, 60, 1},
	{"one caller, seldom", Traffic{Requests: 30, Credentials: 1, Routes: 1}, 24 * 400, 1},
	{"tokens of ten minutes", Traffic{Requests: 6000, Credentials: 100, Skew: 0.8, Lifetime: 10 * time.Minute, Routes: 1}, 24, 1},
}

// TestModelAgrees: runs, hit rate, latency and dollars of the model are within 5 % of
// those of a cache through which each request passes.
func TestModelAgrees(t *testing.T) {
	t.Parallel()
	a := DefaultAuthorizer(128)
	for i, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			rows, err := Model(shape.Traffic, a, DefaultPrices(), TTLs)
			if err != nil {
				t.Fatal(err)
			}
			traces := make([][]Request, shape.seeds)
			for seed := range traces {
				traces[seed] = generate(shape.Traffic, shape.hours, uint64(100*i+seed))
			}
			for _, row := range rows {
				runs, cold, total := 0.0, 0.0, 0.0
				hours := float64(shape.seeds) * (shape.hours - starting.Hours())
				for _, requests := range traces {
					counts := settled(requests, row.TTL, a)
					runs += float64(counts.Runs) / hours
					cold += float64(counts.Cold) / hours
					total += float64(counts.Requests) / hours
				}
				hits := 1 - runs/total
				counted := a.row(row.TTL, shape.Lifetime, shape.Requests, runs, cold, DefaultPrices())
				t.Logf("%6v: runs %9.2f, counted %9.2f; cold %.4f, counted %.4f", row.TTL, row.Runs, runs, row.Cold, counted.Cold)
				for _, c := range []struct {
					what        string
					model, seen float64
					least       float64 // differences that are below this are noise
				}{
					{"runs an hour", row.Runs, runs, 0},
					{"hits", row.Hits, hits, 0.005},
					{"cold share", row.Cold, counted.Cold, 0.01},
					{"mean latency", row.Mean.Seconds(), counted.Mean.Seconds(), 0.0005},
					{"dollars", row.Dollars, counted.Dollars, 0},
				} {
					if difference := math.Abs(c.model - c.seen); difference > max(c.least, 0.05*c.seen) {
						t.Errorf("TTL %v, %s: the model says %.4f, counted are %.4f", row.TTL, c.what, c.model, c.seen)
					}
				}
			}
		})
	}
}

// TestHitsByPopularity: one credential of rate r hits with r·T/(1+r·T); of many, the same
// requests hit more often the more unevenly they are spread.
func TestHitsByPopularity(t *testing.T) {
	t.Parallel()
	a, p := DefaultAuthorizer(128), DefaultPrices()
	rows, err := Model(Traffic{Requests: 60, Credentials: 1, Routes: 1}, a, p, []time.Duration{5 * time.Minute})
	if want := 5.0 / 6; err != nil || math.Abs(rows[0].Hits-want) > 1e-12 {
		t.Errorf("got %v and %v, want %v", rows, err, want)
	}
	before := 0.0
	for _, skew := range []float64{0, 0.5, 1, 1.5, 2} {
		traffic := Traffic{Requests: 36000, Credentials: 20000, Skew: skew, Routes: 1}
		rows, err := Model(traffic, a, p, []time.Duration{time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		counts := settled(generate(traffic, 4, 7), time.Minute, a)
		counted := 1 - float64(counts.Runs)/float64(counts.Requests)
		if math.Abs(rows[0].Hits-counted) > max(0.005, 0.05*counted) || rows[0].Hits <= before {
			t.Errorf("skew %v: the model says %.4f, counted are %.4f, with less skew it was %.4f", skew, rows[0].Hits, counted, before)
		}
		before = rows[0].Hits
	}
}

// TestClassesAreAllRequests: classes neither lose requests nor callers, and are as Zipf's
// law has them.
func TestClassesAreAllRequests(t *testing.T) {
	t.Parallel()
	for _, credentials := range []int{1, 2, 199, 200, 201, 5000, 1_000_000} {
		for _, skew := range []float64{0, 0.7, 1, 1.3} {
			traffic := Traffic{Requests: 3.6e9, Credentials: credentials, Skew: skew, Routes: 3}
			keys, rate := 0.0, 0.0
			classes := traffic.classes()
			for _, c := range classes {
				keys += c.keys
				rate += c.keys * c.rate
			}
			if keys != float64(3*credentials) || math.Abs(rate-1e6) > 1e-3 {
				t.Errorf("%d credentials, skew %v: %v keys with %v requests a second", credentials, skew, keys, rate)
			}
			if credentials > 5000 {
				continue
			}
			sum := 0.0
			for k := range credentials {
				sum += math.Pow(float64(k+1), -skew)
			}
			if want := 1e6 / sum / 3; math.Abs(classes[0].rate/want-1) > 1e-4 {
				t.Errorf("%d credentials, skew %v: the first has %v, want %v", credentials, skew, classes[0].rate, want)
			}
		}
	}
}

// TestAtLeast compares with sums that are easy.
func TestAtLeast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int
		mean float64
		want float64
	}{
		{1, 2, 1 - math.Exp(-2)},
		{2, 0.5, 1 - 1.5*math.Exp(-0.5)},
		{3, 1e-9, 0},
		{50, 1000, 1},
		{500, 100, 0},
	} {
		if got := atLeast(c.n, c.mean); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d or more of %v: %v, want %v", c.n, c.mean, got, c.want)
		}
	}
}

// TestSimulate: the TTL counts from the run, not from the last use; what has no key is
// never kept.
func TestSimulate(t *testing.T) {
	t.Parallel()
	a := Authorizer{MemoryMB: 128, Warm: 10 * time.Millisecond, Cold: time.Second, Idle: time.Minute}
	at := func(seconds float64, key string) Request {
		return Request{At: time.Duration(seconds * float64(time.Second)), Key: key}
	}
	for _, test := range []struct {
		name     string
		ttl      time.Duration
		requests []Request
		want     Counts
	}{
		{"renewed by a run only", 10 * time.Second, []Request{at(0, "a"), at(6, "a"), at(9.9, "a"), at(10, "a"), at(19.9, "a")}, Counts{5, 2, 1}},
		{"no cache", 0, []Request{at(0, "a"), at(2, "a"), at(3, "a")}, Counts{3, 3, 1}},
		{"no key", time.Hour, []Request{at(0, ""), at(2, ""), at(3, "a"), at(4, "a")}, Counts{4, 3, 1}},
		{"at the same time", 0, []Request{at(0, "a"), at(0.5, "b"), at(2, "c"), at(2.005, "d"), at(2.02, "e")}, Counts{5, 5, 2}},
		{"idle for too long", 0, []Request{at(0, "a"), at(61, "a"), at(122.1, "a")}, Counts{3, 3, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Simulate(test.requests, test.ttl, a); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestRefused: bad input is named, all of it.
func TestRefused(t *testing.T) {
	t.Parallel()
	good, a := Traffic{Requests: 100, Credentials: 10, Routes: 1}, DefaultAuthorizer(128)
	for _, test := range []struct {
		name string
		Traffic
		Authorizer
		ttl  time.Duration
		want string
	}{
		{"no requests", Traffic{Credentials: 1, Routes: 1}, a, 0, "--requests 0: write how many come in an hour, a number above 0 and up to 1e12"},
		{"negative", Traffic{Requests: -1, Credentials: 1, Routes: 1}, a, 0, "--requests -1: write how many come in an hour, a number above 0 and up to 1e12"},
		{"no number", Traffic{Requests: math.NaN(), Credentials: 1, Routes: 1, Skew: math.NaN()}, a, 0, "--requests NaN: write how many come in an hour, a number above 0 and up to 1e12\n--skew NaN: write a number from 0, where all callers are alike, to 3"},
		{"too many callers", Traffic{Requests: 5, Credentials: 6, Routes: 1}, a, 0, "--credentials 6 are more than the 5 requests of an hour: count those that are used in an hour"},
		{"no callers, no routes", Traffic{Requests: 5, Lifetime: -1}, a, 0, "--credentials 0: write how many callers there are, 1 to 1e9\n--lifetime -1ns: write how long a credential is good, or 0 for one that does not end\n--routes 0: write how many routes' answers are kept apart, 1 to 300"},
		{"a function", good, Authorizer{MemoryMB: 64, Warm: 20 * time.Second, Cold: time.Second}, 0, "--memory 64: write the function's memory in MB, 128 to 10240\n--warm 20s: write what a run adds to a request, above 0 and up to 10s, for which API Gateway waits\n--cold 1s: write what a cold start adds to a request, from --warm, 20s, up to 10s, for which API Gateway waits\n--idle 0s: write after how long Lambda gives an unused environment up, above 0 and up to 24h"},
		{"a TTL", good, a, 2 * time.Hour, "--ttl 2h0m0s: write whole seconds from 0s to 1h, which is what API Gateway takes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Model(test.Traffic, test.Authorizer, DefaultPrices(), []time.Duration{test.ttl}); fmt.Sprint(err) != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
