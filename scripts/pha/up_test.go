package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

// deployment is what pha up serves.
type deployment struct {
	apiURL, pageURL string
	apis            []local.API
	output          *bytes.Buffer
	// stop interrupts it as Ctrl-C does, and waits.
	stop func() *os.ProcessState
}

// start runs pha up for the Events API, with every method.
func start(t *testing.T) deployment {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state.json")
	d := deployment{output: &bytes.Buffer{}}
	cmd := command(t, "up", "--project", "../..", "--stack", "dev", "--state-file", state, "--config", "authMethods=jwt,apikey,signature", "--config", "revocation=true")
	cmd.Stdout, cmd.Stderr = d.output, d.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	d.stop = func() *os.ProcessState {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		return cmd.ProcessState
	}
	t.Cleanup(func() { d.stop() })
	for {
		var written struct {
			APIURL, PageURL string
			APIs            []local.API
		}
		if content, err := os.ReadFile(state); err == nil && json.Unmarshal(content, &written) == nil {
			d.apiURL, d.pageURL, d.apis = written.APIURL, written.PageURL, written.APIs
			return d
		}
		select {
		case <-ended:
			t.Fatalf("pha up has ended: %s", d.output)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// command is the test binary as pha, with nothing of the machine's AWS environment.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, envRunMain+"=1", "AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none", "AWS_EC2_METADATA_DISABLED=true")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd
}

// TestUp: the parts of the command find what pha up serves, by its project alone, and
// when it has ended nothing is found any more.
func TestUp(t *testing.T) {
	t.Parallel()
	d := start(t)
	run := func(args ...string) (stdout, stderr string, code int) {
		t.Helper()
		cmd := command(t, append(args, "--project", "../..", "--local")...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}
	ok := func(args ...string) string {
		t.Helper()
		stdout, stderr, code := run(args...)
		if code != 0 {
			t.Fatalf("%s: exit code %d, %s", args, code, stderr)
		}
		return strings.TrimSpace(stdout)
	}
	post := func(want int, headers ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.apiURL+"/events", strings.NewReader(`{"name":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("POST is %d, want %d", response.StatusCode, want)
		}
	}

	token := ok("token", "--subject", "usr_abc", "--claim", `permissions=["events:*"]`)
	post(http.StatusCreated, "Authorization: Bearer "+token)
	post(http.StatusCreated, "X-Api-Key: "+ok("apikey", "create", "--subject", "usr_key", "--tier", "standard"))
	if keys := ok("apikey", "list", "--json"); !strings.Contains(keys, "usr_key") || !strings.Contains(keys, "lastUsed") {
		t.Errorf("the keys are %s", keys)
	}
	post(http.StatusCreated, strings.Split(ok("sign", "--url", d.apiURL+"/events", "--body", `{"name":"x"}`), "\n")...)
	if out := ok("rotate"); !strings.HasPrefix(out, "secret rotated: parameter /events-api/dev/jwt-secret, ") || !strings.Contains(out, " rotate --project '../..' --local --finish") {
		t.Errorf("rotate says %s", out)
	}
	post(http.StatusCreated, "Authorization: Bearer "+ok("token", "--subject", "usr_new", "--claim", `permissions=["events:*"]`))
	if out := ok("revoke", "--subject", "usr_abc", "--no-wait"); !strings.Contains(out, `revoked: subject "usr_abc"`) {
		t.Errorf("revoke says %s", out)
	}
	post(http.StatusForbidden, "Authorization: Bearer "+token)
	if out := ok("revoke", "--list"); !strings.Contains(out, "usr_abc") {
		t.Errorf("the entries are %s", out)
	}
	if out := ok("reset-cache"); !strings.HasPrefix(out, "authorizer cache reset: API ") {
		t.Errorf("reset-cache says %s", out)
	}
	// The access log is found and read; these requests are of some seconds.
	if _, stderr, code := run("ttl"); code != 1 || !strings.HasPrefix(stderr, "pha ttl: the access log is about ") || !strings.HasSuffix(stderr, ": take a minute or more\n") {
		t.Errorf("ttl: %d, %s", code, stderr)
	}
	if _, stderr, code := run("token", "--subject", "s", "--stack", "prod"); code != 1 || !strings.Contains(stderr, `no local deployment of the stack "prod" of `) || !strings.HasSuffix(stderr, " serves, but one of dev: name it with --stack\n") {
		t.Errorf("another stack: %d, %s", code, stderr)
	}
	if _, stderr, code := run("token", "--subject", "s", "--api", "other"); code != 1 || !strings.Contains(stderr, `has no API "other"; it has events (`) {
		t.Errorf("another API: %d, %s", code, stderr)
	}
	d.tryAll(t)

	stop := d.stop()
	// A line a step, and one a request.
	if out := d.output.String(); strings.Contains(out, "START RequestId") || strings.Contains(out, "aws:lambda:Function") || !strings.Contains(out, "pulumi up: ready in ") || !strings.Contains(out, " POST /events 201; ") {
		t.Error("pha up is not brief")
	}
	if state := stop; state.ExitCode() != 0 {
		t.Errorf("pha up ends with %d: %s", state.ExitCode(), d.output)
	}
	if _, stderr, code := run("token", "--subject", "s"); code != 1 || !strings.Contains(stderr, " serves: start one with ") {
		t.Errorf("when it has ended: %d, %s", code, stderr)
	}
}
