package live_test

import (
	"testing"

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

func TestNoCacheWithoutTTL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.updateAuthorizer(func(a *management.Authorizer) { a.ResultTTL = 0 })
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.get("/r/1", "Authorization: x").want(t, 200, okBody)
	w.wantRuns(3)
}
