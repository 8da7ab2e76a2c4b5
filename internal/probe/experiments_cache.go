package probe

import (
	"net/http"
	"time"
)

// Requests to routes with an authorizer: with the token of the experiment, and
// perhaps what the authorizer is told.
func get(target string) Request {
	return Request{Target: target, Headers: []string{authorization}}
}

func told(target string, do *Instruction) Request {
	r := get(target)
	r.Authorizer = do
	return r
}

// What is expected of them.
var (
	allowed   = Want{Status: http.StatusOK, Run: Fresh}
	cached    = Want{Status: http.StatusOK, Run: Cached}
	refused   = Want{Status: http.StatusForbidden, Body: forbidden}
	nobody    = Want{Status: http.StatusUnauthorized, Body: unauthorized}
	failed    = Want{Status: http.StatusInternalServerError, Body: serverError}
	isMissing = Want{Status: http.StatusNotFound, Body: notFound}
)

func cacheExperiments() []Experiment {
	tenant := Request{Target: "/two/1", Headers: []string{authorization, "X-Tenant: one"}}
	return []Experiment{
		{Name: "cache/shared", Asks: "Is an answer reused, on another route too?", Table: []int{3, 4, 7}, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/header/1", Headers: []string{"AUTHORIZATION: {token}"}}, Want: allowed},
			{Request: get("/header/1"), Want: cached},
			{Request: get("/header/other/1"), Want: cached},
		}},
		{Name: "cache/refusal", Asks: "Is a refusal reused, though the authorizer would allow now?", Table: []int{5, 6}, API: mainAPI, Steps: []Step{
			{Request: told("/header/1", deny), Want: refused},
			{Request: get("/header/1"), Want: refused},
		}},
		{Name: "cache/route-key", Asks: "Is an answer reused on its own route only, where $context.routeKey is a source?", Table: []int{8}, API: mainAPI, Steps: []Step{
			{Request: get("/route/1"), Want: allowed},
			{Request: get("/route/other/1"), Want: allowed},
			{Request: get("/route/2"), Want: cached},
			{Request: get("/route/other/2"), Want: cached},
		}},
		{Name: "cache/off", Asks: "Does the authorizer run for each request with a TTL of 0?", Table: []int{9}, API: mainAPI, Steps: []Step{
			{Request: get("/off/1"), Want: allowed},
			{Request: get("/off/1"), Want: allowed},
		}},
		{Name: "cache/expiry", Asks: "Does the authorizer run again when the TTL of 2 s has passed?", Table: []int{10}, API: mainAPI, Steps: []Step{
			{Request: get("/short/1"), Want: allowed},
			{Wait: 3 * time.Second, Request: get("/short/1"), Want: allowed},
		}},
		{Name: "cache/reset", Asks: "Does ResetAuthorizersCache make the authorizer run again?", Table: []int{11}, API: "change", Steps: []Step{
			// No other experiment has an answer there at that time.
			{Request: get("/same/1"), Want: allowed},
			{Reset: defaultStage, Request: get("/same/1"), Want: allowed},
			{Request: get("/same/1"), Want: cached},
		}},
		{Name: "cache/stages", Asks: "Has each stage a cache of its own?", API: mainAPI, Steps: []Step{
			{Request: get("/header/1"), Want: allowed},
			{Request: get("/dev/header/1"), Want: allowed},
			{Request: get("/dev/header/1"), Want: cached},
		}},
		{Name: "cache/authorizers", Asks: "Has each authorizer a cache of its own?", API: mainAPI, Steps: []Step{
			{Request: told("/header/1", deny), Want: refused},
			{Request: get("/route/1"), Want: allowed},
		}},
		{Name: "cache/values", Asks: "Are the values of two sources kept apart in the cache's key?", Table: []int{12}, API: mainAPI, Steps: []Step{
			{Request: tenant, Want: allowed},
			{Request: Request{Target: "/two/1", Headers: []string{authorization, "X-Tenant: two"}}, Want: allowed},
			{Request: Request{Target: "/two/1", Headers: []string{"Authorization: {token},one", "X-Tenant: two"}}, Want: allowed},
			{Request: tenant, Want: cached},
			{Request: get("/two/1"), Want: nobody},
			{Request: Request{Target: "/two/1", Headers: []string{"X-Tenant: one"}}, Want: nobody},
		}},
		{Name: "cache/error", Asks: "Is an authorizer's error remembered?", Table: []int{16}, API: mainAPI, Steps: []Step{
			{Request: told("/header/1", &Instruction{Throw: "out of order"}), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}},
		{Name: "cache/malformed", Asks: "Is an answer that is none remembered?", Table: []int{14}, API: mainAPI, Steps: []Step{
			{Request: told("/header/1", answer(`{}`)), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}},
		{Name: "cache/timeout", Asks: "Is an authorizer that takes 11 s a failure, and is it remembered?", Table: []int{18}, API: mainAPI, Steps: []Step{
			{Request: told("/header/1", &Instruction{Sleep: 11_000}), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}},
		{Name: "cache/unauthorized", Asks: "Is a 401 that the authorizer asked for remembered?", API: mainAPI, Steps: []Step{
			{Request: told("/header/1", answer(`{"errorMessage":"Unauthorized"}`)), Want: nobody},
			{Request: get("/header/1"), Want: allowed},
		}},
		{Name: "cache/after-update", Asks: "Does a deployment that leaves the authorizer alone leave its cache alone?", API: "change",
			Steps: []Step{{Request: get("/same/1"), Want: allowed}},
			After: []Step{{Request: Request{Target: "/added"}, Want: Want{Status: 200}}, {Request: get("/same/1"), Want: cached}},
		},
		{Name: "cache/updated-ttl", Asks: "Does a change of an authorizer's TTL empty its cache?", API: "change",
			Steps: []Step{{Request: get("/ttl/1"), Want: allowed}},
			After: []Step{{Request: get("/ttl/1"), Want: allowed}, {Request: get("/ttl/1"), Want: cached}},
		},
		{Name: "cache/updated-sources", Asks: "Does a source more empty an authorizer's cache, and is it asked for?", API: "change",
			Steps: []Step{{Request: get("/sources/1"), Want: allowed}},
			After: []Step{
				{Request: get("/sources/1"), Want: nobody},
				{Request: Request{Target: "/sources/1", Headers: []string{authorization, "User-Agent: probe"}}, Want: allowed},
			},
		},
		{Name: "cache/emptied-sources", Asks: "Does an update that takes all sources away make the authorizer run without any?", API: "change",
			Steps: []Step{{Request: Request{Target: "/emptied/1"}, Want: nobody}},
			After: []Step{{Request: Request{Target: "/emptied/1", Authorizer: show}, Want: Want{
				Status: 200, Run: Fresh, AuthorizerEvent: map[string]string{"identitySource": "null"},
			}}},
		},
	}
}
