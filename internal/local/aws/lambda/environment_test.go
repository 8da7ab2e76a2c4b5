package lambda

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type seen struct {
	Variables []string
	Dir       string
}

func (s seen) variables() map[string]string {
	m := map[string]string{}
	for _, v := range s.Variables {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value
	}
	return m
}

// Exactly these variables, whatever the machine's environment holds.
func TestVariables(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(func(fn *Function) {
		fn.MemorySize = 256
		fn.Environment = map[string]string{"TABLE_NAME": "events=1", "LANG": "C", "EMPTY": ""}
	})
	s := decode[seen](t, f.invoke(`{"mode":"environment"}`))
	got := s.variables()
	task, api, stream, tmp, trace := got["LAMBDA_TASK_ROOT"], got["AWS_LAMBDA_RUNTIME_API"], got["AWS_LAMBDA_LOG_STREAM_NAME"], got["TMPDIR"], got["_X_AMZN_TRACE_ID"]
	want := map[string]string{
		"_HANDLER":                        "bootstrap",
		"_X_AMZN_TRACE_ID":                trace, // set by the runtime, from a header
		"LAMBDA_TASK_ROOT":                task,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_FUNCTION_NAME":        "fn",
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/fn",
		"AWS_LAMBDA_LOG_STREAM_NAME":      stream,
		"AWS_REGION":                      "eu-central-1",
		"AWS_DEFAULT_REGION":              "eu-central-1",
		"AWS_ACCESS_KEY_ID":               "ASIA2",
		"AWS_SECRET_ACCESS_KEY":           "secret of ASIA2",
		"AWS_SESSION_TOKEN":               "token of ASIA2",
		"LANG":                            "C",
		"TZ":                              ":UTC",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH":                 "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:" + task + ":" + task + "/lib:/opt/lib",
		"AWS_ENDPOINT_URL":                "http://127.0.0.1:4566",
		"TMPDIR":                          tmp,
		"TABLE_NAME":                      "events=1",
		"EMPTY":                           "",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if !strings.HasPrefix(stream, "2026/03/04/[$LATEST]") || len(stream) != len("2026/03/04/[$LATEST]")+32 {
		t.Errorf("stream %q", stream)
	}
	if s.Dir != task || !strings.HasPrefix(api, "127.0.0.1:") || !strings.HasPrefix(tmp, f.dir) {
		t.Errorf("working directory %q, task root %q, Runtime API %q, TMPDIR %q", s.Dir, task, api, tmp)
	}
}

// What AWS's SDKs refuse beside AWS_ENDPOINT_URL is not there with a meaning.
func TestEndpointSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(func(fn *Function) {
		fn.Environment = map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}
	})
	got := decode[seen](t, f.invoke(`{"mode":"environment"}`)).variables()
	for _, name := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
		if got[name] != "false" {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	if info, _ := f.Function("fn"); info.Environment["AWS_USE_FIPS_ENDPOINT"] != "true" {
		t.Error("the configuration shows another value than the function's own")
	}
}

// Each environment has a temporary folder and credentials of its own, both
// gone after its end.
func TestEnvironmentsAreApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	m := newMeeting(t)
	a, b := f.start(t.Context(), m.event("environment")), f.start(t.Context(), m.event("environment"))
	for _, g := range []guest{m.await(), m.await()} {
		_ = g.Close()
	}
	one, two := decode[seen](t, (<-a).out).variables(), decode[seen](t, (<-b).out).variables()
	for _, name := range []string{"TMPDIR", "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API"} {
		if one[name] == two[name] {
			t.Errorf("%s is %q in both", name, one[name])
		}
	}
	if err := f.DeleteFunction("fn"); err != nil {
		t.Fatal(err)
	}
	for _, vars := range []map[string]string{one, two} {
		if _, err := os.Stat(vars["TMPDIR"]); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", vars["TMPDIR"], err)
		}
		f.roles.set(func(r *roles) {
			if slices.Contains(r.valid, vars["AWS_ACCESS_KEY_ID"]) {
				t.Errorf("%s is still valid", vars["AWS_ACCESS_KEY_ID"])
			}
		})
	}
}

func TestTaskRootIsReadOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	task := decode[seen](t, f.invoke(`{"mode":"environment"}`)).Dir
	for name, want := range map[string]os.FileMode{task: os.ModeDir | 0o500, filepath.Join(task, "bootstrap"): 0o511} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if os.Geteuid() == 0 {
		return // to root everything is writable
	}
	if out := f.invoke(`{"mode":"write","text":"new"}`); !strings.Contains(string(out.Payload), "permission denied") {
		t.Errorf("%s", out.Payload)
	}
}
