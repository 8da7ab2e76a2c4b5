package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/load"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// Names of the sides of the live page. The first two are the same.
const (
	without = "no page"
	again   = "no page, once more"
	unseen  = "a page, nobody looks"
	seen    = "a page, somebody looks"
)

// crowd is how many clients send requests beside the page.
const crowd = 200

// Served is what a server says of itself: the API's and the page's address, and a token.
type Served struct{ URL, Page, Token string }

// MeasurePage fills the part of the live page of pha up.
func MeasurePage(ctx context.Context, e *bench.Env, part *report.Part) error {
	n := e.Repeats(2000, 400)
	part.Notes = []string{
		fmt.Sprintf("A sample is a batch of %d POST requests by %d clients with one token, whose verdict is cached. The API is served as pha up does it, by two processes that differ in the page alone; each sends as many batches as the other.", n, crowd),
		"Somebody who looks reads the page's stream and parses its JSON, beside the clients. A batch of which the page did not tell every request, as a row or among those dropped, fails the part.",
	}
	program := filepath.Join(e.Temp, "server")
	e.Logf("page: deploying the Events API twice")
	if _, err := bench.Run(ctx, e.Root, nil, "go", "build", "-o", program, "./scripts/bench/internal/gateway/server"); err != nil {
		return err
	}
	var servers [2]Served
	for i, flags := range [][]string{nil, {"-page"}} {
		served, stop, err := serve(ctx, e, program, flags...)
		if err != nil {
			return err
		}
		defer stop()
		servers[i] = served
	}
	bare, paged := servers[0], servers[1]
	var sides []bench.Side
	for _, s := range []struct {
		name string
		Served
		looks bool
	}{{without, bare, false}, {again, bare, false}, {unseen, paged, false}, {seen, paged, true}} {
		sides = append(sides, bench.Side{
			Name:    s.name,
			Figures: []bench.Figure{{Name: figure(s.name, cached, crowd, rate), Unit: report.PerSecond}, {Name: figure(s.name, cached, crowd, median), Unit: report.Seconds}},
			Run: func(ctx context.Context) ([]float64, error) {
				request := target{url: s.URL}.send(http.MethodPost, "/events", http.StatusCreated, func(int) string { return s.Token })
				batch := func() (values []float64, err error) {
					perSecond, p50, err := load.Batch(ctx, crowd, n, request)
					return []float64{perSecond, p50}, err
				}
				if s.looks {
					return look(ctx, s.Page, uint64(n), batch) //nolint:gosec // above zero
				}
				return batch()
			},
		})
	}
	e.Logf("page: sending requests")
	if err := e.Rounds(ctx, part, 1, e.Repeats(41, 5), sides...); err != nil {
		return err
	}
	beside := figure(without, cached, crowd, rate)
	return errors.Join(
		part.Compare(figure(again, cached, crowd, rate), beside, nil),
		part.Compare(figure(unseen, cached, crowd, rate), beside, report.AtLeast(0.97)),
		part.Compare(figure(seen, cached, crowd, rate), beside, report.AtLeast(0.9)),
	)
}

// serve starts a server.
func serve(ctx context.Context, e *bench.Env, program string, flags ...string) (served Served, stop func(), err error) {
	command := bench.Command(ctx, e.Root, nil, program, append(flags, "-project", e.Root, "-temp", e.Temp, "-concurrency", strconv.Itoa(2*crowd))...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return served, nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return served, nil, err
	}
	if err := command.Start(); err != nil {
		return served, nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = command.Wait() // what it has served is measured
	}
	if err := json.NewDecoder(stdout).Decode(&served); err != nil {
		stop()
		return served, nil, fmt.Errorf("the server does not serve: %w: %s", err, stderr.Bytes())
	}
	return served, stop, nil
}

// look looks at a page while a batch of n requests is sent, and fails unless it tells of
// each.
func look(ctx context.Context, page string, n uint64, batch func() ([]float64, error)) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"events", http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it does not end
	v := viewer{stream: bufio.NewReader(response.Body)}
	if err := v.read(func() bool { return v.counted }); err != nil {
		return nil, err
	}
	before, told := v.last, v.told
	all := make(chan error, 1)
	go func() { all <- v.read(func() bool { return v.last >= before+n }) }()
	values, err := batch()
	patience := time.AfterFunc(10*time.Second, func() { cancel(errors.New("the page does not tell of every request")) })
	defer patience.Stop()
	if err != nil {
		cancel(err)
	}
	if failed := <-all; failed != nil {
		return nil, errors.Join(err, failed, context.Cause(ctx))
	}
	if got := v.told - told; err == nil && (v.last != before+n || got != n) {
		err = fmt.Errorf("the page tells of %d requests up to %d: %d were sent after %d", got, v.last, n, before)
	}
	return values, err
}

// viewer reads a page's stream: server-sent events, a line of JSON each.
type viewer struct {
	stream *bufio.Reader
	// last is the number of the last request, told how many were shown or dropped, counted
	// whether there was an event with counts.
	last, told uint64
	counted    bool
}

// read reads events until enough.
func (v *viewer) read(enough func() bool) error {
	for name := ""; !enough(); {
		line, err := v.stream.ReadString('\n')
		if err != nil {
			return fmt.Errorf("reading the page's stream: %w", err)
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			var data struct {
				Rows    []struct{ Seq uint64 }
				Dropped uint64
			}
			if err := json.Unmarshal([]byte(value), &data); err != nil {
				return fmt.Errorf("an event %q of the page: %w", name, err)
			}
			v.counted = v.counted || name == "counts"
			v.told += data.Dropped
			for _, r := range data.Rows {
				if r.Seq > v.last { // else more is known of an older one
					v.last, v.told = r.Seq, v.told+1
				}
			}
		}
	}
	return nil
}
