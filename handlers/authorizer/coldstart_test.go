package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// BenchmarkColdStart starts an empty function, this authorizer, with metrics too, and
// the one of many methods in turn, built as they are deployed but for the processor, and
// reports for each the size of its binary and the time from the start of the
// process to its first request for an event, with the ratios to the empty one.
// Secrets are in the environment or missing: no network but the Runtime API's.
func BenchmarkColdStart(b *testing.B) {
	functions := []struct {
		name, folder, methods string
		env                   []string
	}{
		{"empty", "./testdata/empty", "", nil},
		{"authorizer", ".", anyTokens, []string{contract.EnvSecret + "=" + testSecret}},
		{"metrics", ".", anyTokens, []string{contract.EnvSecret + "=" + testSecret, contract.EnvMetrics + "=Events", "AWS_LAMBDA_FUNCTION_NAME=authorizer"}},
		{"multiauthorizer", "../multiauthorizer", `{"tokens":{},"apiKeys":{"tiers":{"trial":{"perDay":100}}}}`, []string{
			contract.EnvSecret + "=" + testSecret, contract.EnvRoutePermissions + "={}",
			contract.EnvAPIKeyTable + "=keys", contract.EnvStateTable + "=state",
		}},
	}
	binaries := make([]string, len(functions))
	sizes := make([]float64, len(functions))
	for i, f := range functions {
		binaries[i] = filepath.Join(b.TempDir(), f.name)
		command := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binaries[i], f.folder)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, output)
		}
		info, err := os.Stat(binaries[i])
		if err != nil {
			b.Fatal(err)
		}
		sizes[i] = float64(info.Size()) / 1e6
	}
	folders := make([]string, len(functions))
	for i, f := range functions {
		folders[i] = b.TempDir()
		if err := os.WriteFile(filepath.Join(folders[i], contract.MethodsFile), []byte(f.methods), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	times := make([]time.Duration, len(functions))
	for b.Loop() {
		for i, f := range functions {
			times[i] += startTime(b, binaries[i], append(f.env, "LAMBDA_TASK_ROOT="+folders[i]))
		}
	}
	for i, f := range functions {
		b.ReportMetric(sizes[i], f.name+"-MB")
		b.ReportMetric(float64(times[i].Microseconds())/1000/float64(b.N), f.name+"-ms")
		if i > 0 {
			b.ReportMetric(float64(times[i])/float64(times[0]), f.name+"/empty")
		}
	}
}

// startTime runs a function until it asks for its first event.
func startTime(b *testing.B, binary string, env []string) time.Duration {
	b.Helper()
	asked := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done()
	}))
	defer server.Close()
	process := exec.CommandContext(b.Context(), binary)
	process.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"), "AWS_REGION=eu-central-1"}, env...)
	start := time.Now()
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = process.Process.Kill()
		_ = process.Wait() // the signal that ended it
	}()
	select {
	case at := <-asked:
		return at.Sub(start)
	case <-time.After(patience):
		b.Fatal("the function does not ask for an event")
		return 0
	}
}
