package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// TestQuick measures what is cheap, with all of its sides: a side that does not do what
// it is measured for fails the part.
func TestQuick(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"verify", "warm", "--quick", "--json"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var got report.Run
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Quick || len(got.Parts) != 2 || got.Machine.Cores < 1 {
		t.Errorf("the run is %+v", got)
	}
	for i, want := range [][]string{{"authorizer: p50", "handler: list events (Query): p99"}, {"token: authz", "token: cristalhq/jwt"}} {
		for _, name := range want {
			if side := got.Parts[i].Find(name); side == nil || side.Summary.N != 5 || side.Summary.Median <= 0 {
				t.Errorf("%s: the side %q is %+v", got.Parts[i].Name, name, side)
			}
		}
		for _, c := range got.Parts[i].Comparisons {
			if c.Pairs == 0 {
				t.Errorf("%s: %+v", got.Parts[i].Name, c)
			}
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	const hint = "\ngo run ./scripts/bench --help prints its usage\n"
	for _, tt := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"--help"}, 0, help(), ""},
		{[]string{"verify", "-h"}, 0, help(), ""},
		{[]string{"verfy"}, exitUsage, "", `bench: there is no part "verfy"` + hint},
		{[]string{"verify", "--slow"}, exitUsage, "", "bench: flag provided but not defined: -slow" + hint},
		{[]string{"publish"}, exitUsage, "", "bench: publish takes files, what --json printed, and no flags" + hint},
		{[]string{"publish", "nowhere.json"}, exitFailed, "", "bench: open nowhere.json: no such file or directory\n"},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), tt.args, &stdout, &stderr)
		if code != tt.code || stdout.String() != tt.stdout || stderr.String() != tt.stderr {
			t.Errorf("%q: code %d, %q, %q", tt.args, code, stdout.String(), stderr.String())
		}
	}
}

// TestFailure: a part that fails keeps no other from being measured, and fails the run.
func TestFailure(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	temp := ""
	got, err := measure(t.Context(), []part{
		{"broken", "what fails", func(ctx context.Context, e *bench.Env, p *report.Part) error {
			temp = e.Temp
			return e.Rounds(ctx, p, 1, 1, bench.Single("ours", report.Seconds, func(context.Context) (float64, error) { return 0, os.ErrNotExist }))
		}},
		{"fine", "what does not", func(ctx context.Context, e *bench.Env, p *report.Part) error {
			if !e.Skip(p, &bench.Missing{Peer: "peer", Why: "it is not here"}) {
				t.Error("the peer is not skipped")
			}
			return e.Rounds(ctx, p, 1, 3, bench.Single("ours", report.Seconds, func(context.Context) (float64, error) { return 1, nil }))
		}},
	}, bench.Env{Progress: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	if failed := got.Err(); failed == nil || failed.Error() != "not measured to its end: broken" || got.Parts[0].Failed != "ours: file does not exist" {
		t.Errorf("the run failed with %v: %q", failed, got.Parts[0].Failed)
	}
	if p := got.Parts[1]; p.Failed != "" || p.Find("ours").Summary.N != 3 || len(p.Skipped) != 1 {
		t.Errorf("the other part is %+v", p)
	}
	if _, err := os.Stat(temp); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", filepath.Base(temp), err)
	}
	if want := "broken: failed: ours: file does not exist\nbroken: 0 s\nskipped: peer: it is not here\nfine: 0 s\n"; stderr.String() != want {
		t.Errorf("the progress is %q", stderr.String())
	}
}

// TestInterrupted: an interrupt ends the side that runs, and leaves nothing.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := measure(ctx, []part{{"slow", "what takes long", func(ctx context.Context, e *bench.Env, p *report.Part) error {
		return e.Rounds(ctx, p, 1, 1, bench.Single("sleep", report.Seconds, bench.Timed(func(ctx context.Context) error {
			cancel(errInterrupted)
			_, err := bench.Run(ctx, e.Temp, nil, "sh", "-c", "sleep 600 & sleep 600")
			return err
		})))
	}}}, bench.Env{Progress: new(strings.Builder)})
	if err == nil || err.Error() != "interrupted" {
		t.Errorf("the error is %v", err)
	}
}
