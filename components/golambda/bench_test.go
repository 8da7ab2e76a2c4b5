package golambda

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkBuild measures the build of five functions, those of the Events API, beside go
// build of each with the same flags, one after the other: with an empty build cache, and
// again when nothing has changed.
//
//	go test -run '^$' -bench Build -benchtime 1x ./components/golambda
func BenchmarkBuild(b *testing.B) {
	var folders []string
	for _, name := range []string{"authorizer", "createevent", "deleteevent", "getevent", "listevents"} {
		folder, err := filepath.Abs(filepath.Join("..", "..", "handlers", name))
		if err != nil {
			b.Fatal(err)
		}
		folders = append(folders, folder)
	}
	goal, err := NewTarget(ARM64, "")
	if err != nil {
		b.Fatal(err)
	}
	took := map[string]time.Duration{}
	measure := func(name string, run func() error) {
		start := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		took[name] += time.Since(start)
	}
	for b.Loop() {
		archives, binaries, sides := b.TempDir(), b.TempDir(), []func(state string){}
		build := func() error {
			_, err := Build(b.Context(), Options{Packages: packages(folders...), Target: goal, folder: archives})
			return err
		}
		byHand := func() error {
			for _, folder := range folders {
				cmd := exec.CommandContext(b.Context(), "go", "build", "-tags", lambdaTag, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(binaries, filepath.Base(folder)), ".")
				cmd.Dir, cmd.Stderr = folder, os.Stderr
				cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
				if err := cmd.Run(); err != nil {
					return err
				}
			}
			return nil
		}
		for name, run := range map[string]func() error{"five": build, "by-hand": byHand} {
			cache := b.TempDir()
			sides = append(sides, func(state string) {
				b.Setenv("GOCACHE", cache)
				measure(state+"-"+name, run)
			})
		}
		for _, state := range []string{"cold", "unchanged", "unchanged", "unchanged"} {
			for _, side := range sides {
				side(state)
			}
		}
	}
	for state, times := range map[string]int{"cold": 1, "unchanged": 3} {
		for _, side := range []string{"five", "by-hand"} {
			b.ReportMetric(took[state+"-"+side].Seconds()/float64(b.N*times), "s/"+state+"-"+side)
		}
		b.ReportMetric(float64(took[state+"-five"])/float64(took[state+"-by-hand"]), "x/"+state)
	}
	b.ReportMetric(0, "ns/op")
}
