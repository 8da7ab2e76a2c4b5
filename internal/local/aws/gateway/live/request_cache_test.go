package live_test

import (
	"maps"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// TestCacheIsPerStageAndAuthorizer checks what empties a cache and what
// shares one.
func TestCacheIsPerStageAndAuthorizer(t *testing.T) {
	t.Parallel()
	const token = "Authorization: x"
	tests := []struct {
		name   string
		change func(w *world)
		target string
		runs   int
	}{
		{"another stage", func(w *world) { must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true})) }, "/dev/r/1", 2},
		{"reset of another stage", func(w *world) {
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
			if err := w.service.ResetAuthorizersCache(w.api.ID, "dev"); err != nil {
				w.t.Error(err)
			}
		}, "/r/1", 1},
		{"another authorizer of the same function", func(w *world) {
			in := testAuthorizer()
			in.Name = "second"
			second := must(w.service.CreateAuthorizer(w.api.ID, in))
			must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "GET /s/{id}", Target: "integrations/" + w.integration.ID, AuthorizationType: live.AuthorizationCustom, AuthorizerID: second.ID}))
		}, "/s/1", 2},
		{"a new route", func(w *world) { w.public("GET /new") }, "/r/1", 1},
		{"an updated authorizer", func(w *world) { w.updateAuthorizer(func(*management.Authorizer) {}) }, "/r/1", 2},
		{"a deleted and recreated stage", func(w *world) {
			if err := w.service.DeleteStage(w.api.ID, "$default"); err != nil {
				w.t.Error(err)
			}
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "$default", AutoDeploy: true}))
		}, "/r/1", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.get("/r/1", token).want(t, 200, okBody)
			test.change(w)
			w.get(test.target, token).want(t, 200, okBody)
			w.wantRuns(test.runs)
		})
	}
}

// TestCachedAnswers: those are counted that would be used now, by stage and authorizer.
func TestCachedAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	in := testAuthorizer()
	in.Name, in.ResultTTL = "uncached", 0
	must(w.service.CreateAuthorizer(w.api.ID, in))
	want := func(stage string, n int) {
		t.Helper()
		if got := w.service.CachedAnswers(w.api.ID, stage); !maps.Equal(got, map[string]int{w.authorizer.ID: n}) {
			t.Errorf("%s keeps %v, want %d of the first authorizer alone", stage, got, n)
		}
	}
	w.get("/r/1", "Authorization: x")
	w.get("/r/2", "Authorization: x")
	w.clock.advance(200 * time.Second)
	w.get("/r/1", "Authorization: y")
	want("$default", 2)
	want("dev", 0)
	w.gateway.SkipAhead(100 * time.Second)
	want("$default", 1)
	w.get("/r/1", "Authorization: y")
	w.wantRuns(2)
	w.gateway.SkipAhead(100 * time.Second)
	w.gateway.SkipAhead(100 * time.Second)
	want("$default", 0)
	if ahead := w.gateway.Ahead(); ahead != 300*time.Second {
		t.Errorf("the clock of the caches is %v ahead", ahead)
	}
	for api, stage := range map[string]string{w.api.ID: "none", "none": "$default"} {
		if got := w.service.CachedAnswers(api, stage); len(got) > 0 {
			t.Errorf("the stage %s of the API %s keeps %v", stage, api, got)
		}
	}
}

func TestNoCacheWithoutTTL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.updateAuthorizer(func(a *management.Authorizer) { a.ResultTTL = 0 })
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.wantRuns(3)
}
