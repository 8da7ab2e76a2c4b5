package components

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

func throttle(key string, t *ThrottlingArgs) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		route := a.Routes[key]
		route.Throttling = t
		a.Routes[key] = route
	}
}

func TestCheckThrottling(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"fractions", func(a *ProtectedHttpApiArgs) { a.Throttling = ThrottlingArgs{Rate: 0.5, Burst: 1} }, ""},
		{"negative", func(a *ProtectedHttpApiArgs) { a.Throttling = ThrottlingArgs{Rate: -1, Burst: -2} },
			`Throttling.Rate: -1 is no number of requests a second: give a positive one, or leave it out
Throttling.Burst: -2 is no number of requests: give a positive one, or leave it out`},
		{"no number", func(a *ProtectedHttpApiArgs) { a.Throttling = ThrottlingArgs{Rate: math.NaN()} },
			"Throttling.Rate: NaN is no number of requests a second: give a positive one, or leave it out"},
		{"infinite", throttle("POST /events", &ThrottlingArgs{Rate: math.Inf(1)}),
			`Routes["POST /events"].Throttling.Rate: +Inf is no number of requests a second: give a positive one, or leave it out`},
		{"neither", throttle("POST /events", &ThrottlingArgs{}),
			`Routes["POST /events"].Throttling: has neither Rate nor Burst: set one of them, or leave it out`},
	})
}

// A route's settings take the place of all of the stage's: what a route leaves out is
// sent as the stage has it, since 0 would let nothing through.
func TestThrottlingOfTheStage(t *testing.T) {
	t.Parallel()
	setting := func(key string, rate, burst float64) map[string]any {
		return map[string]any{"routeKey": key, "throttlingRateLimit": rate, "throttlingBurstLimit": burst}
	}
	tests := []struct {
		name         string
		stage        ThrottlingArgs
		route        *ThrottlingArgs
		wantDefaults map[string]any
		wantRoutes   any
	}{
		{"defaults", ThrottlingArgs{}, nil, map[string]any{"throttlingRateLimit": 5000.0, "throttlingBurstLimit": 2500.0}, nil},
		{"a rate", ThrottlingArgs{Rate: 10}, nil, map[string]any{"throttlingRateLimit": 10.0, "throttlingBurstLimit": 2500.0}, nil},
		{"a route's burst", ThrottlingArgs{Rate: 10, Burst: 20}, &ThrottlingArgs{Burst: 1},
			map[string]any{"throttlingRateLimit": 10.0, "throttlingBurstLimit": 20.0}, []any{setting("POST /events", 10, 1)}},
		{"a route's rate", ThrottlingArgs{}, &ThrottlingArgs{Rate: 0.5},
			map[string]any{"throttlingRateLimit": 5000.0, "throttlingBurstLimit": 2500.0}, []any{setting("POST /events", 0.5, 2500)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Throttling, args.AccessLogs.Off = test.stage, true
			throttle("POST /events", test.route)(args)
			want := map[string]any{"apiId": "api123", "name": "$default", "autoDeploy": true, "defaultRouteSettings": test.wantDefaults}
			if test.wantRoutes != nil {
				want["routeSettings"] = test.wantRoutes
			}
			expectInputs(t, mustDeploy(t, args).find(t, "Stage", "events-stage"), want)
		})
	}
}

// AWS refuses settings of a route that is not there.
func TestStageComesAfterTheRoutes(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	dependencies := m.find(t, "Stage", "events-stage").RegisterRPC.GetDependencies()
	for _, key := range []string{"GET /events", "GET /events/{}", "POST /events", "PUT /events/{}"} {
		urn := "urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi$aws:apigatewayv2/route:Route::events-" + key
		if !slices.Contains(dependencies, urn) {
			t.Errorf("the stage does not depend on the route %s", key)
		}
	}
}

// Metrics by route are those of limited routes too.
func TestDetailedMetricsOfLimitedRoutes(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Monitoring = &MonitoringArgs{}
	throttle("POST /events", &ThrottlingArgs{Burst: 1})(args)
	settings := mustDeploy(t, args).find(t, "Stage", "events-stage").Inputs.Mappable()["routeSettings"]
	want := []any{map[string]any{"routeKey": "POST /events", "throttlingRateLimit": 5000.0, "throttlingBurstLimit": 1.0, "detailedMetricsEnabled": true}}
	if !reflect.DeepEqual(settings, want) {
		t.Errorf("the routes' settings are %v, want %v", settings, want)
	}
}
