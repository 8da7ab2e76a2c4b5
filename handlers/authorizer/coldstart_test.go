package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkColdStart starts an empty function, the authorizers and the handlers in
// turn, and reports for each the size of its binary and the median of two times since
// the start of the process, with the ratios to the empty one: until its first request
// for an event, and until its first answer.
func BenchmarkColdStart(b *testing.B) {
	functions := functionsToMeasure(b)
	starts, answers := make([][]time.Duration, len(functions)), make([][]time.Duration, len(functions))
	for b.Loop() {
		for _, i := range rand.Perm(len(functions)) { // who came before leaves its traces
			f := functions[i]
			r, stop := f.start(b)
			asked := r.next(b)
			_, answered := r.invoke(b, f)
			stop()
			starts[i] = append(starts[i], asked.Sub(r.began))
			answers[i] = append(answers[i], answered.Sub(r.began))
		}
	}
	for _, f := range functions {
		b.ReportMetric(f.size, f.name+"-MB")
	}
	reportTimes(b, functions, starts, 0.5, "", time.Millisecond)
	reportTimes(b, functions, answers, 0.5, "-answer", time.Millisecond)
}
