package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkWarm sends events to an empty function, the authorizers and the handlers in
// turn, some to each, all of them warm, and reports for each the median and the 99th
// percentile of the time until its answer, and its processor time of an event, with the
// ratios to the empty one.
func BenchmarkWarm(b *testing.B) {
	functions := functionsToMeasure(b)
	runs, times := make([]*run, len(functions)), make([][]time.Duration, len(functions))
	stops := make([]func(), len(functions))
	count := 0
	const turn = 20 // events
	call := func(keep bool) {
		for _, i := range rand.Perm(len(functions)) {
			f := functions[i]
			for range turn {
				runs[i].next(b)
				sent, answered := runs[i].invoke(b, f)
				if keep {
					times[i] = append(times[i], answered.Sub(sent))
				}
			}
		}
		count += turn
	}
	for i, f := range functions {
		runs[i], stops[i] = f.start(b)
	}
	for range 10 {
		call(false)
	}
	for b.Loop() {
		call(true)
	}
	used := make([][]time.Duration, len(functions))
	for i := range functions {
		stops[i]()
		state := runs[i].process.ProcessState
		used[i] = []time.Duration{(state.UserTime() + state.SystemTime()) / time.Duration(count)}
	}
	reportTimes(b, functions, times, 0.5, "-p50", time.Microsecond)
	reportTimes(b, functions, times, 0.99, "-p99", time.Microsecond)
	reportTimes(b, functions, used, 0.5, "-cpu", time.Microsecond)
}
