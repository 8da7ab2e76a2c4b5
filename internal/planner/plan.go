package planner

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan is the rows of all TTLs, and the one to take.
type Plan struct {
	Source     string     `json:"source"`
	Requests   float64    `json:"requestsAnHour"`
	Keys       int        `json:"credentials"`
	Traffic    *Traffic   `json:"traffic,omitempty"`
	Authorizer Authorizer `json:"authorizer"`
	Rows       []Row      `json:"rows"`
	// Recommended is the TTL to take, Reason why.
	Recommended time.Duration `json:"-"`
	Reason      string        `json:"reason"`
	// Gateway and AccessLog are dollars a month beside the authorizer's, whatever the TTL.
	Gateway   float64  `json:"gatewayDollarsAMonth"`
	AccessLog float64  `json:"accessLogDollarsAMonth"`
	Notes     []string `json:"notes"`
	Prices    Prices   `json:"prices"`
}

// FromTraffic plans by the model.
func FromTraffic(t Traffic, a Authorizer, p Prices, within time.Duration) (Plan, error) {
	rows, err := Model(t, a, p, TTLs)
	if err = errors.Join(err, checkWithin(within)); err != nil {
		return Plan{}, err
	}
	plan := Plan{Source: "the model of docs/ttl.md", Requests: t.Requests, Keys: t.Credentials, Traffic: &t, Authorizer: a, Rows: rows, Prices: p}
	return plan.complete(within), nil
}

// FromLog plans by the replay of an access log.
func FromLog(l *AccessLog, a Authorizer, lifetime time.Duration, p Prices, within time.Duration) (Plan, error) {
	if l.Lines > l.Unreadable {
		p.AccessLogBytes = math.Round(float64(l.bytes) / float64(l.Lines-l.Unreadable))
	}
	rows, err := l.Replay(a, lifetime, p, TTLs)
	if err = errors.Join(err, checkWithin(within)); err != nil {
		return Plan{}, err
	}
	requests := l.Requests()
	covered := span(requests)
	plan := Plan{
		Source: "an access log of " + short(covered.Round(time.Second)), Requests: float64(len(requests)) / covered.Hours(),
		Keys: len(l.names()), Authorizer: a, Rows: rows, Prices: p,
	}
	plan.Notes = append(plan.Notes, fmt.Sprintf("Lines of the log: %d. About the authorizer: %d, others: %d, unreadable: %d.", l.Lines, len(requests), l.Others, l.Unreadable))
	if l.Timed {
		plan.Notes = append(plan.Notes, fmt.Sprintf("The log says that the authorizer ran for %d of %s.", l.Ran, counted(float64(len(requests)), "request")))
	} else {
		plan.Notes = append(plan.Notes, "The log does not say when the authorizer ran.")
	}
	if l.Unnamed > 0 {
		plan.Notes = append(plan.Notes, fmt.Sprintf("Without a credentialId: %s, most of them refused. Each is taken to run the authorizer, whatever the TTL.", counted(float64(l.Unnamed), "request")))
	}
	if covered < 2*MaxTTL {
		plan.Notes = append(plan.Notes, fmt.Sprintf("A log begins with an empty cache: above a TTL of %s it shows too many runs.", short((covered/2).Round(time.Second))))
	}
	return plan.complete(within), nil
}

func checkWithin(within time.Duration) error {
	if within < 0 {
		return fmt.Errorf("--within %v: write how long a withdrawn credential may go on, 0 or more", within)
	}
	return nil
}

const (
	// worthwhile is the share of runs that a cache has to save to be recommended.
	worthwhile = 0.1
	// most is the share of what the longest TTL saves with which a shorter one is enough:
	// what it adds in safety costs no more than a tenth of the saving.
	most = 0.9
)

// complete recommends the shortest TTL that saves most of what the longest one saves
// whose withdrawals are soon enough, and says what else there is to pay.
func (p Plan) complete(within time.Duration) Plan {
	p.Gateway, p.AccessLog = p.Prices.Beside(p.Requests)
	allowed := slices.DeleteFunc(slices.Clone(p.Rows), func(r Row) bool { return r.Withdrawn > within })
	none, longest := allowed[0], allowed[len(allowed)-1]
	p.Recommended = 0
	switch saved := none.Runs - longest.Runs; {
	case len(allowed) == 1:
		p.Reason = fmt.Sprintf("a withdrawn credential may go on for %s, and every TTL is longer than that", short(within))
	case saved < worthwhile*none.Runs:
		p.Reason = fmt.Sprintf("even %s saves only %s of the authorizer's runs: few credentials come again that soon", short(longest.TTL), percent(saved/none.Runs))
	default:
		i := slices.IndexFunc(allowed, func(r Row) bool { return none.Runs-r.Runs >= most*saved })
		p.Recommended = allowed[i].TTL
		p.Reason = fmt.Sprintf("it saves %s of the authorizer's runs and $%.2f a month", percent((none.Runs-allowed[i].Runs)/none.Runs), none.Dollars-allowed[i].Dollars)
		switch {
		case longest.Withdrawn == allowed[i].Withdrawn && longest.Runs == allowed[i].Runs && i < len(allowed)-1:
			p.Reason += fmt.Sprintf("; a longer one saves no more, since a credential is good for %s", short(longest.Withdrawn))
		case i == len(p.Rows)-1:
			p.Reason += "; a shorter one saves less than nine tenths of that, and there is no longer one"
		case i == len(allowed)-1:
			p.Reason += fmt.Sprintf("; a shorter one saves less than nine tenths of that, a longer one lets a withdrawn credential go on for more than %s", short(within))
		default:
			p.Reason += fmt.Sprintf("; the longest that is soon enough, %s, saves %s and lets a withdrawn credential go on for %s longer", short(longest.TTL), percent(saved/none.Runs), short(longest.Withdrawn-allowed[i].Withdrawn))
		}
	}
	return p
}

// short writes a duration without what is 0: 5m and not 5m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// counted is a number of things: what is no whole number to six digits.
func counted(n float64, thing string) string {
	if n != math.Trunc(n) {
		n, _ = strconv.ParseFloat(fmt.Sprintf("%.6g", n), 64)
	}
	text := strconv.FormatFloat(n, 'f', -1, 64) // without an exponent
	if text == "1" {
		return text + " " + thing
	}
	return text + " " + thing + "s"
}

func percent(share float64) string {
	switch p := 100 * share; {
	case p > 99.9 && p < 100:
		return ">99.9 %"
	case p > 0 && p < 0.1:
		return "<0.1 %"
	default:
		return fmt.Sprintf("%.3g %%", p)
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
}

// Text is the plan as a table.
func (p Plan) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s an hour with %s, by %s", counted(p.Requests, "request"), counted(float64(p.Keys), "credential"), p.Source)
	line("Authorizer: %d MB; a run adds %s, a cold start %s; unused for %s it is gone", p.Authorizer.MemoryMB, milliseconds(p.Authorizer.Warm), milliseconds(p.Authorizer.Cold), short(p.Authorizer.Idle))
	line("")
	line("   TTL   answered by  authorizer  of them      adds to a request       dollars  withdrawn")
	line("           the cache   runs/hour     cold       p50        p99         a month     within")
	for _, r := range p.Rows {
		mark := " "
		if r.TTL == p.Recommended {
			mark = "*"
		}
		line("%s %5s  %10s  %10.0f  %7s  %9s  %9s  %12.2f  %9s", mark, short(r.TTL), percent(r.Hits), r.Runs, percent(r.Cold), milliseconds(r.P50), milliseconds(r.P99), r.Dollars, short(r.Withdrawn))
	}
	line("")
	line("Take %s: %s.", short(p.Recommended), p.Reason)
	line("Beside the authorizer a month costs $%.2f for API Gateway and $%.2f for the access log (prices of %s in %s).", p.Gateway, p.AccessLog, p.Prices.AsOf, p.Prices.Region)
	for _, note := range p.Notes {
		line("%s", note)
	}
	return b.String()
}

// MarshalJSON has durations as numbers, with the unit in the name.
func (r Row) MarshalJSON() ([]byte, error) {
	type plain Row
	return json.Marshal(struct {
		TTL float64 `json:"ttlSeconds"`
		plain
		P50       float64 `json:"p50Ms"`
		P99       float64 `json:"p99Ms"`
		Mean      float64 `json:"meanMs"`
		Withdrawn float64 `json:"withdrawnWithinSeconds"`
	}{r.TTL.Seconds(), plain(r), ms(r.P50), ms(r.P99), ms(r.Mean), r.Withdrawn.Seconds()})
}

// MarshalJSON has durations as numbers, with the unit in the name.
func (a Authorizer) MarshalJSON() ([]byte, error) {
	type plain Authorizer
	return json.Marshal(struct {
		plain
		Warm float64 `json:"warmMs"`
		Cold float64 `json:"coldMs"`
		Idle float64 `json:"idleSeconds"`
	}{plain(a), ms(a.Warm), ms(a.Cold), a.Idle.Seconds()})
}

// MarshalJSON has durations as numbers, with the unit in the name.
func (t Traffic) MarshalJSON() ([]byte, error) {
	type plain Traffic
	return json.Marshal(struct {
		plain
		Lifetime float64 `json:"lifetimeSeconds"`
	}{plain(t), t.Lifetime.Seconds()})
}

// MarshalJSON has durations as numbers, with the unit in the name.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	return json.Marshal(struct {
		plain
		Recommended float64 `json:"recommendedTtlSeconds"`
	}{plain(p), p.Recommended.Seconds()})
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
