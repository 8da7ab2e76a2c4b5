package provider

import (
	"strings"
	"testing"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// Configuration and code are two calls: between them the old code runs in the new
// environment.
func TestConfigurationBeforeCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(roleType, object("name", "fn-role", "assumeRolePolicy", trust))
	it := w.create(functionType, w.functionInputs("environment", map[string]any{"variables": map[string]any{"METHODS": "old"}}))
	old, _ := w.Lambda.Function("fn")
	news := w.functionInputs("environment", map[string]any{"variables": map[string]any{"METHODS": "new"}}, "architectures", list("arm64")).
		Set("code", zipOf(t, 0o755, "#!/bin/sh\nexit\n"))
	done := make(chan error, 1)
	go func() {
		_, err := w.Update(t.Context(), p.UpdateRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: news})
		done <- err
	}()
	between := func(f lambda.FunctionInfo) bool {
		return f.Environment["METHODS"] == "new" && f.CodeSha256 == old.CodeSha256 && f.Architecture == "x86_64"
	}
	seen := false
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
			now, _ := w.Lambda.Function("fn")
			seen = seen || between(now)
			time.Sleep(time.Millisecond)
		}
	}
	if !seen {
		t.Error("the old code was never in the new environment")
	}
	if now, _ := w.Lambda.Function("fn"); now.CodeSha256 == old.CodeSha256 || now.Architecture != "arm64" || now.Environment["METHODS"] != "new" {
		t.Errorf("after the update the function is %+v", now)
	}
}

// Only what differs is sent, each by its call.
func TestUpdateCalls(t *testing.T) {
	t.Parallel()
	code := zipOf(t, 0o755, "#!/bin/sh\n")
	inputs := func(w *world, pairs ...any) property.Map { return w.functionInputs(pairs...).Set("code", code) }
	tests := []struct {
		name       string
		change     func(w *world) property.Map
		configured bool
		recoded    bool
	}{
		{"nothing", func(w *world) property.Map { return inputs(w) }, false, false},
		{"AWS's defaults", func(w *world) property.Map {
			return inputs(w, "memorySize", 128, "timeout", 3, "environment", map[string]any{"variables": map[string]any{}})
		}, false, false},
		{"memory", func(w *world) property.Map { return inputs(w, "memorySize", 256) }, true, false},
		{"log group", func(w *world) property.Map {
			return inputs(w, "loggingConfig", map[string]any{"logFormat": "Text", "logGroup": "g"})
		}, true, false},
		{"reservation", func(w *world) property.Map { return inputs(w, "reservedConcurrentExecutions", 1) }, false, false},
		{"architecture", func(w *world) property.Map { return inputs(w, "architectures", list("arm64")) }, false, true},
		{"code", func(w *world) property.Map { return inputs(w).Set("code", zipOf(t, 0o755, "#!/bin/sh\nexit\n")) }, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var old, in functionInputs
			if _, err := decode(inputs(w), &old, withoutArchives, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := decode(tt.change(w), &in, withArchives, nil); err != nil {
				t.Fatal(err)
			}
			if got := in.reconfigures(old); got != tt.configured {
				t.Errorf("the configuration is sent: %t", got)
			}
			if got := in.recodes(old); got != tt.recoded {
				t.Errorf("the code is sent: %t", got)
			}
		})
	}
}

// A failed update is written down as done, and the same update again does
// nothing: AWS's provider does so.
func TestFailedUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(roleType, object("name", "fn-role", "assumeRolePolicy", trust))
	it := w.create(functionType, w.functionInputs())
	hash := it.states.Get("codeSha256")
	news := w.functionInputs().Set("code", zipOf(t, 0o755, "#!/bin/sh\nexit\n"))
	down := true
	services := w.Services
	services.Outage = func(service string) bool { return down && service == "lambda" }
	provider := New(services)
	request := p.UpdateRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: news}
	response, err := provider.Update(t.Context(), request)
	const want = `updating aws:lambda/function:Function "x": ServiceUnavailableException: The service is unavailable. Please try again later.`
	if err == nil || err.Error() != want || response.PartialState == nil || strings.Join(response.PartialState.Reasons, "|") != want {
		t.Errorf("the error is %v, the partial state %+v", err, response.PartialState)
	}
	if !response.Properties.Get("code").Equals(news.Get("code")) || !response.Properties.Get("codeSha256").Equals(hash) {
		t.Errorf("the state is %v", response.Properties)
	}
	down = false
	request.State = response.Properties // the engine keeps the old inputs
	compared, err := provider.Diff(t.Context(), p.DiffRequest{ID: it.id, Urn: request.Urn, State: request.State, OldInputs: request.OldInputs, Inputs: news})
	if err != nil || compared.HasChanges {
		t.Errorf("the failed update is still to be done: %+v, %v", compared, err)
	}
	response, err = provider.Update(t.Context(), request)
	if err != nil || response.PartialState != nil || !response.Properties.Get("codeSha256").Equals(hash) {
		t.Errorf("the second update: %v, %+v", err, response)
	}
	if now, _ := w.Lambda.Function("fn"); now.CodeSha256 != hash.AsString() {
		t.Error("the second update has uploaded the code")
	}
}
