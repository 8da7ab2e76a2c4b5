package planner

import "time"

// Request is one that asks for the authorizer's answer.
type Request struct {
	// At is when, from any moment on.
	At time.Duration
	// Key is what its answer is kept by. An empty one is kept by nothing.
	Key string
}

// Counts is what became of requests.
type Counts struct {
	Requests int `json:"requests"`
	// Runs are those of the authorizer, Cold those of them that started an environment.
	Runs int `json:"runs"`
	Cold int `json:"cold"`
}

// Simulate lets requests, in order of time, pass the cache one by one, and the
// authorizer's environments. The cache keeps each answer for the TTL from the run that
// gave it, by key, as API Gateway does for each authorizer of a stage; it begins empty. Of
// environments that are ready it takes the first; Lambda does not say which it takes.
func Simulate(requests []Request, ttl time.Duration, a Authorizer) Counts {
	counts := Counts{Requests: len(requests)}
	expires := map[string]time.Duration{}
	var free []time.Duration // when each environment is
	for _, r := range requests {
		if until, kept := expires[r.Key]; kept && r.At < until {
			continue
		}
		counts.Runs++
		if r.Key != "" && ttl > 0 {
			expires[r.Key] = r.At + ttl
		}
		if !run(&free, r.At, a) {
			counts.Cold++
		}
	}
	return counts
}

// run takes an environment that is ready, and reports whether there was one. One that is
// gone is replaced.
func run(free *[]time.Duration, at time.Duration, a Authorizer) bool {
	gone := -1
	for i, from := range *free {
		switch {
		case from > at: // busy
		case at-from <= a.Idle:
			(*free)[i] = at + a.Warm
			return true
		case gone < 0:
			gone = i
		}
	}
	if gone >= 0 {
		(*free)[gone] = at + a.Cold
	} else {
		*free = append(*free, at+a.Cold)
	}
	return false
}
