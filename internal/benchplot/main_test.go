package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkRequests/bare_HTTP-2         	   10000	    100000 ns/op	       400.0 p50-µs	      1000 p99-µs	     10000 req/s
BenchmarkRequests/public_GET-2        	    1000	   1000000 ns/op	      2000 p50-µs
BenchmarkRequests/cached_POST-2       	    1000	   1000000 ns/op	      3000 p50-µs
BenchmarkRequests/uncached_POST-2     	    1000	   1000000 ns/op	      5000 p50-µs
BenchmarkColdStart-2   	     100	  10000000 ns/op	         4.000 empty-ms	         6.000 authorizer-ms	        10.00 multiauthorizer-ms
PASS
`

func TestRun(t *testing.T) {
	t.Parallel()
	var svg strings.Builder
	if err := run(strings.NewReader(printed), &svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">0.40 ms<", ">3.00 ms (× 7.5)<", ">5.00 ms (× 12.5)<", ">10.00 ms (× 2.5)<", `width="310.0"`} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("%q is missing in %s", want, svg.String())
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg.String())); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "the benchmarks say no p50-µs of BenchmarkRequests/bare_HTTP",
		strings.Replace(printed, "6.000 authorizer-ms", "", 1):    "the benchmarks say no authorizer-ms of BenchmarkColdStart",
		strings.Replace(printed, "2000 p50-µs", "fast p50-µs", 1): "reading \"BenchmarkRequests/public_GET-2        \\t    1000\\t   1000000 ns/op\\t      fast p50-µs\": strconv.ParseFloat: parsing \"fast\": invalid syntax",
	} {
		if err := run(strings.NewReader(text), io.Discard); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
