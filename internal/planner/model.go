package planner

import (
	"math"
	"time"
)

// class are keys of the cache that are asked for alike often: a credential, or one on a
// route.
type class struct {
	keys float64
	rate float64 // requests a second to each
}

// single is how many of the busiest callers have a class each; the others are in classes
// of neighbours, whose greatest is wider by a twentieth than the one before.
const single = 200

// classes divides the requests among the callers, and each caller's among its routes.
func (t Traffic) classes() []class {
	n := float64(t.Credentials)
	var found []class
	weights := 0.0
	for first := 1.0; first <= n; {
		last := first
		if first > single {
			last = min(n, math.Floor(first*1.05))
		}
		weight := math.Pow(first, -t.Skew)
		if last > first {
			weight = integral(first-0.5, last+0.5, t.Skew) / (last - first + 1)
		}
		if t.Skew == 0 { // one class is enough
			last, weight = n, 1
		}
		found = append(found, class{keys: last - first + 1, rate: weight})
		weights += weight * (last - first + 1)
		first = last + 1
	}
	for i := range found {
		found[i].rate *= t.Requests / 3600 / weights / float64(t.Routes)
		found[i].keys *= float64(t.Routes)
	}
	return found
}

// integral of x^-s between two numbers above 0: the sum of the powers in between, to some
// parts of a million.
func integral(from, to, s float64) float64 {
	if s == 1 {
		return math.Log(to / from)
	}
	return (math.Pow(to, 1-s) - math.Pow(from, 1-s)) / (1 - s)
}

// missRate is how often a second a key is asked for that the cache has not. An answer is
// kept for the TTL from the run that gave it, however often it is used: a run, the TTL,
// then the wait for the next request. Without an end that is a renewal process, of a run
// each TTL + 1/rate; renewal is its rate. A credential that ends takes its answers with
// it, and its successor begins with a run.
func missRate(rate, ttl, lifetime float64) (all, renewal float64) {
	renewal = rate / (1 + rate*ttl)
	if lifetime == 0 || ttl == 0 {
		return renewal, renewal
	}
	return runsIn(rate, ttl, lifetime) / lifetime, renewal
}

// exactTerms is how many TTLs of a life are looked at one by one.
const exactTerms = 64

// runsIn is how many runs a credential of this lifetime causes: of each run the
// probability that there is time for it. The n-th, from 0, waits for n TTLs and n + 1
// requests. A long life has the mean of the renewal process, and half the square of the
// hit rate beside it (the second term of the elementary renewal theorem).
func runsIn(rate, ttl, lifetime float64) float64 {
	if lifetime/ttl > exactTerms {
		hits := rate * ttl / (1 + rate*ttl)
		return lifetime*rate/(1+rate*ttl) + hits*hits/2
	}
	runs := 0.0
	for n := 0; float64(n)*ttl < lifetime; n++ {
		runs += atLeast(n+1, rate*(lifetime-float64(n)*ttl))
	}
	return runs
}

// atLeast is the probability that a Poisson variable of this mean is n or more.
func atLeast(n int, mean float64) float64 {
	if far := 10 * math.Sqrt(mean); float64(n) < mean-far-10 {
		return 1
	} else if float64(n) > mean+far+10 {
		return 0
	}
	less, logMean := 0.0, math.Log(mean)
	for i := range n {
		factorial, _ := math.Lgamma(float64(i) + 1)
		less += math.Exp(float64(i)*logMean - mean - factorial)
	}
	return max(0, 1-less)
}

// modelRuns are the runs of a second, and those of them that are cold starts.
func modelRuns(classes []class, ttl, lifetime time.Duration, a Authorizer) (runs, cold float64) {
	t, idle := ttl.Seconds(), a.Idle.Seconds()
	renewals := 0.0
	// silence is the logarithm of the probability that nobody runs for the idle time.
	silence := 0.0
	for _, c := range classes {
		all, renewal := missRate(c.rate, t, lifetime.Seconds())
		runs += c.keys * all
		renewals += c.keys * renewal
		silence += c.keys * quiet(c.rate, renewal, t, idle)
	}
	// Runs by credentials that are new come at random.
	fresh := max(0, runs-renewals)
	silence -= fresh * idle

	first := fresh * math.Exp(silence)
	for _, c := range classes {
		_, renewal := missRate(c.rate, t, 0)
		own := 1.0 // the key that has just run is quiet for the TTL
		if idle > t {
			own = math.Exp(-c.rate * (idle - t))
		}
		first += c.keys * renewal * own * math.Exp(silence-quiet(c.rate, renewal, t, idle))
	}
	if runs == 0 {
		return 0, 0
	}
	return runs, runs * coldShare(runs, min(1, first/(renewals+fresh)), a)
}

// quiet is the logarithm of the probability that a key causes no run in the idle time
// from any moment: in a renewal process that of the residual life.
func quiet(rate, renewal, ttl, idle float64) float64 {
	if idle <= ttl {
		return math.Log1p(-renewal * idle)
	}
	return math.Log(renewal/rate) - rate*(idle-ttl)
}

// enough is a share of runs that is not looked at any more.
const enough = 1e-9

// crowd is how many run at once, on average, so that those which start an environment are
// none among them: a thousand times Lambda's default quota.
const crowd = 1e6

// coldShare is the share of runs that start an environment. The environments are asked in
// an order: what finds the first k busy is Erlang's formula B, and what comes to the next
// one beyond them finds it gone if nothing came there in the idle time. firstCold is that
// probability of the first.
func coldShare(runs, firstCold float64, a Authorizer) float64 {
	offered := runs * a.Warm.Seconds() // how many run at once, on average
	if offered > crowd {
		return 0
	}
	lost, share := 1.0, 0.0
	for k := 1.0; lost > enough; k++ {
		before := lost
		lost = offered * lost / (k + offered*lost)
		takes := before - lost
		cold := math.Exp(-runs * takes * a.Idle.Seconds())
		if k == 1 {
			cold = firstCold
		}
		share += takes * cold
	}
	return min(1, share)
}
