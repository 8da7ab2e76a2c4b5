package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCacheBounds(t *testing.T) {
	t.Parallel()
	key := func(i int) cacheKey { return newCacheKey([]string{fmt.Sprint(i)}) }
	tests := []struct {
		name    string
		puts    int
		context int // bytes
		kept    int
	}{
		{"entries", maxCachedAnswers + 10, 0, maxCachedAnswers},
		{"bytes", 20, maxCachedBytes / 16, 16},
		{"an answer over the bound is not kept", 1, maxCachedBytes + 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := &clock{now: time.Unix(0, 0)}
			c := newResultCache(time.Minute, clock.Now)
			context := json.RawMessage(strings.Repeat("x", test.context))
			for i := range test.puts {
				c.put(key(i), answer{allowed: true, context: context})
			}
			if len(c.entries) != test.kept || c.order.Len() != test.kept || c.bytes != test.kept*test.context {
				t.Errorf("%d entries, %d in order, %d bytes; want %d", len(c.entries), c.order.Len(), c.bytes, test.kept)
			}
			// The newest are kept.
			if _, _, ok := c.get(key(test.puts - 1)); ok != (test.kept > 0) {
				t.Errorf("newest kept: %t", ok)
			}
			if _, _, ok := c.get(key(0)); ok {
				t.Error("the oldest is still there")
			}
		})
	}
}

func TestCacheDropsWhatHasExpired(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Unix(0, 0)}
	c := newResultCache(time.Minute, clock.Now)
	one, two := newCacheKey([]string{"1"}), newCacheKey([]string{"2"})
	for range 100 {
		c.put(one, answer{context: json.RawMessage(`{}`)})
	}
	if len(c.entries) != 1 || c.bytes != 2 {
		t.Fatalf("%d entries, %d bytes after putting one key often", len(c.entries), c.bytes)
	}
	clock.advance(time.Minute)
	c.put(two, answer{})
	if len(c.entries) != 1 || c.bytes != 0 {
		t.Errorf("%d entries, %d bytes: the expired one was not dropped", len(c.entries), c.bytes)
	}
	clock.advance(time.Minute)
	if _, _, ok := c.get(two); ok || len(c.entries) != 0 {
		t.Errorf("got an expired answer, %d entries", len(c.entries))
	}
}

func TestCacheKeysAreApart(t *testing.T) {
	t.Parallel()
	seen := map[cacheKey][]string{}
	for _, values := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a,b"}, {"a", "b"}, {"1:a"}, {"a1:", "b"}, {"a", "1:b"}} {
		key := newCacheKey(values)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have the same key", values, other)
		}
		seen[key] = values
	}
}

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
		{"another stage", func(w *world) { must(w.service.CreateStage(w.api.ID, Stage{Name: "dev", AutoDeploy: true})) }, "/dev/r/1", 2},
		{"reset of another stage", func(w *world) {
			must(w.service.CreateStage(w.api.ID, Stage{Name: "dev", AutoDeploy: true}))
			if err := w.service.ResetAuthorizersCache(w.api.ID, "dev"); err != nil {
				w.t.Error(err)
			}
		}, "/r/1", 1},
		{"another authorizer of the same function", func(w *world) {
			in := testAuthorizer()
			in.Name = "second"
			second := must(w.service.CreateAuthorizer(w.api.ID, in))
			must(w.service.CreateRoute(w.api.ID, Route{RouteKey: "GET /s/{id}", Target: "integrations/" + w.integration.ID, AuthorizationType: AuthorizationCustom, AuthorizerID: second.ID}))
		}, "/s/1", 2},
		{"a new route", func(w *world) { w.public("GET /new") }, "/r/1", 1},
		{"an updated authorizer", func(w *world) { w.updateAuthorizer(func(*Authorizer) {}) }, "/r/1", 2},
		{"a deleted and recreated stage", func(w *world) {
			if err := w.service.DeleteStage(w.api.ID, "$default"); err != nil {
				w.t.Error(err)
			}
			must(w.service.CreateStage(w.api.ID, Stage{Name: "$default", AutoDeploy: true}))
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
	w.updateAuthorizer(func(a *Authorizer) { a.ResultTTL = 0 })
	a := w.service.apis[w.api.ID]
	if len(a.caches) != 0 {
		t.Errorf("%d caches although the TTL is 0", len(a.caches))
	}
}
