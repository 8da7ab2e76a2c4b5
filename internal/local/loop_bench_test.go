package local

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkLoop measures what a developer of the Events API waits for, when everything
// was compiled before: the start of a deployment, an update without a change, and one
// after a change of a handler until the new code has answered. Beside it is go build of
// that handler by hand.
//
//	go test -run '^$' -bench Loop -benchtime 3x ./internal/local
//
// Where other programs take the processors' time, the time that the deployment takes of
// them says more: the metrics with cpu.
func BenchmarkLoop(b *testing.B) {
	dir := eventsAPI(b)
	handler := filepath.Join(dir, "handlers", "listevents", "main.go")
	source, err := os.ReadFile(handler)
	if err != nil {
		b.Fatal(err)
	}
	// What is written stands in the program's place from the first deployment on.
	start := func() *Deployment {
		d, err := Start(b.Context(), Options{Project: dir, Stack: "dev", Progress: b.Output(), Console: io.Discard})
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	if err := compiledOnce(b, start()).Close(); err != nil {
		b.Fatal(err)
	}
	d := start()
	defer d.Close() //nolint:errcheck // measured
	took, used := map[string][]float64{}, map[string][]float64{}
	measure := func(name string, run func()) {
		start, before := time.Now(), processorTime()
		run()
		took[name], used[name] = append(took[name], time.Since(start).Seconds()), append(used[name], processorTime()-before)
	}
	up := func() {
		if _, err := d.Up(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; b.Loop(); i++ {
		measure("start", func() {
			if err := start().Close(); err != nil {
				b.Fatal(err)
			}
		})
		measure("no-change", up)
		mark := fmt.Sprintf("changed %d", i)
		changed := strings.Replace(string(source), "func main() {", fmt.Sprintf("func main() {\n\tprintln(%q)\n", mark), 1)
		if err := os.WriteFile(handler, []byte(changed), 0o600); err != nil {
			b.Fatal(err)
		}
		measure("changed-and-served", func() {
			up()
			d.wantLine(b, "list-events", "/events", mark)
		})
		changed = strings.Replace(changed, mark, mark+" by hand", 1)
		if err := os.WriteFile(handler, []byte(changed), 0o600); err != nil {
			b.Fatal(err)
		}
		measure("go-build-of-it", func() {
			cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(b.TempDir(), "handler"), ".")
			cmd.Dir = filepath.Dir(handler)
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		})
	}
	for name := range took {
		b.ReportMetric(median(took[name]), "s/"+name)
		b.ReportMetric(median(used[name]), "cpu-s/"+name)
	}
	b.ReportMetric(0, "ns/op")
}

// eventsAPI copies the Events API's program, with what it is compiled from.
func eventsAPI(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for _, name := range []string{"authz", "components", "handlers", "internal"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(repository, name))); err != nil {
			b.Fatal(err)
		}
	}
	for name, content := range snapshot(b, repository) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// compiledOnce waits until it is known what the program was compiled from, as it is some
// seconds after a first deployment.
func compiledOnce(b *testing.B, d *Deployment) *Deployment {
	b.Helper()
	for d.program.Snapshot() == nil {
		select {
		case <-b.Context().Done():
			b.Fatal("the benchmark was ended")
		case <-time.After(100 * time.Millisecond):
		}
	}
	d.stopLooking()
	d.keepProgram()
	return d
}

// wantLine calls a route until its function has logged a line.
func (d *Deployment) wantLine(b *testing.B, function, path, line string) {
	b.Helper()
	name, err := d.Function("events", function)
	if err != nil {
		b.Fatal(err)
	}
	for {
		res, err := http.Get(d.APIs[0].URL + path)
		if err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
		lines, err := d.FunctionLines(name)
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res.Status, err)
		}
		if slices.Contains(lines, line) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// processorTime is what this process and those that it has waited for have had of the
// processors, in seconds.
func processorTime() float64 {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err == nil {
			total += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		}
	}
	return total.Seconds()
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
