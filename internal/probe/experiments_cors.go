package probe

import "maps"

func corsExperiments() []Experiment {
	const origin, get = "Origin: https://app.example.com", "Access-Control-Request-Method: GET"
	names := []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"}
	// only are these CORS headers and no other.
	only := func(headers map[string]string) map[string]string {
		all := map[string]string{}
		for _, name := range names {
			all[name] = Absent
		}
		maps.Copy(all, headers)
		return all
	}
	preflight := only(map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "GET,POST",
		"Access-Control-Allow-Headers": "authorization,x-mixed", "Access-Control-Max-Age": "300",
	})
	actual := only(map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "date,x-total",
	})
	none := only(nil)
	ask := func(name, asks, api, target string, want map[string]string, headers ...string) Experiment {
		return Experiment{Name: "cors/" + name, Asks: asks, API: api, Steps: []Step{
			{Request: Request{Method: "OPTIONS", Target: target, Headers: headers}, Want: Want{Status: 204, Body: Empty, Header: want}},
		}}
	}
	first := ask("preflight", "Is a preflight answered where only GET is routed?", "cors", "/open", preflight, origin, get)
	first.Table = []int{29}
	own := answer(`{"statusCode":200,"headers":{"access-control-allow-origin":"https://evil.example.com","access-control-max-age":"1"},"body":"x"}`)
	failing := func(name, asks, api string, r Request, status int) Experiment {
		r.Headers = append(r.Headers, origin)
		return Experiment{Name: "cors/" + name, Asks: asks, API: api, Steps: []Step{{Request: r, Want: Want{Status: status, Header: none}}}}
	}
	return []Experiment{
		first,
		ask("nowhere", "Is a preflight answered on a path without a route?", "cors", "/nowhere", preflight, origin, get),
		ask("origin-case", "Are origins compared without regard to case?", "cors", "/open", merged(preflight, "Access-Control-Allow-Origin", "http://localhost:3000"), "Origin: http://localhost:3000", get),
		ask("header-case", "Are request headers compared without regard to case?", "cors", "/open", preflight, origin, get, "Access-Control-Request-Headers: X-MIXED, authorization"),
		ask("other-header", "Is a preflight with a header that is not allowed a 204 without headers?", "cors", "/open", none, origin, get, "Access-Control-Request-Headers: x-other"),
		ask("other-method", "Is a preflight with a method that is not allowed a 204 without headers?", "cors", "/open", none, origin, "Access-Control-Request-Method: PUT"),
		ask("other-origin", "Is a preflight from an origin that is not allowed a 204 without headers?", "cors", "/open", none, "Origin: https://evil.example.com", get),
		ask("no-origin", "Is OPTIONS without an origin a 204?", "cors", "/open", none),
		ask("no-methods", "Is nothing allowed without AllowMethods?", "origins", "/open", none, origin, get),
		ask("scheme", "Does https://* allow every origin of the scheme, with an empty Access-Control-Allow-Headers?", "wild", "/open", only(map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "",
		}), origin, get),
		{Name: "cors/response", Asks: "Do the configuration's headers replace those of the integration?", API: "cors", Steps: []Step{
			{Request: Request{Target: "/open", Headers: []string{origin}, Handler: own}, Want: Want{Status: 200, Header: actual}},
			{Request: Request{Target: "/open", Handler: own}, Want: Want{Status: 200, Header: none}},
		}},
		{Name: "cors/own-options", Asks: "Does a route OPTIONS of the API's own run, with the configuration's headers?", API: "cors", Steps: []Step{
			{Request: Request{Method: "OPTIONS", Target: "/own", Headers: []string{origin, get}, Handler: own}, Want: Want{Status: 200, Body: "x", Header: preflight}},
		}},
		{Name: "cors/unauthorized", Asks: "Has an authorizer's 401 CORS headers?", API: "cors", Steps: []Step{
			{Request: Request{Target: "/off/1", Headers: []string{origin}}, Want: Want{Status: 401, Header: actual}},
		}},
		{Name: "cors/forbidden", Asks: "Has an authorizer's 403 CORS headers?", API: "cors", Steps: []Step{
			{Request: Request{Target: "/off/1", Headers: []string{authorization, origin}, Authorizer: deny}, Want: Want{Status: 403, Header: actual}},
		}},
		failing("not-found", "Has a 404 no CORS headers?", "cors", Request{Target: "/nowhere"}, 404),
		failing("authorizer-failure", "Has a 500 of a failed authorizer no CORS headers?", "cors", Request{Target: "/off/1", Headers: []string{authorization}, Authorizer: answer("{}")}, 500),
		failing("integration-failure", "Has a 500 of a failed integration no CORS headers?", "cors", Request{Target: "/open", Handler: answer(`{"statusCode":0}`)}, 500),
		failing("throttled", "Has a 429 no CORS headers?", "limits", Request{Target: "/closed"}, 429),
		failing("too-large", "Has a 413 no CORS headers?", "limits", Request{Method: "POST", Target: "/r", BodySize: 10<<20 + 1}, 413),
		failing("timed-out", "Has a 503 no CORS headers?", "limits", Request{Target: "/slow", Handler: &Instruction{Sleep: 2500}}, 503),
		{Name: "cors/catch-all", Asks: "Does a $default route with an authorizer block a preflight?", Table: []int{28}, API: "catch", Steps: []Step{
			{Request: Request{Method: "OPTIONS", Target: "/r/1", Headers: []string{origin, get}}, Want: Want{Status: 401, Body: unauthorized, Header: only(map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"})}},
			{Request: Request{Method: "OPTIONS", Target: "/any/1", Headers: []string{origin, get}}, Want: Want{Status: 200}},
		}},
		{Name: "cors/partial-wildcard", Asks: "Is an origin with a wildcard within it refused?", Refused: &refusal{
			cors: &corsSetup{origins: []string{"https://*.example.com"}}, words: []string{"BadRequestException"},
		}},
		{Name: "cors/credentials-for-all", Asks: "Are credentials for all origins refused?", Refused: &refusal{
			cors: &corsSetup{origins: []string{"*"}, credentials: true}, words: []string{"BadRequestException"},
		}},
		{Name: "cors/bad-method", Asks: "Is a method that is none refused?", Refused: &refusal{
			cors: &corsSetup{origins: []string{"https://a.example.com"}, methods: []string{"BAD"}}, words: []string{"BadRequestException"},
		}},
	}
}

// merged is a map with one value replaced.
func merged(all map[string]string, name, value string) map[string]string {
	all = maps.Clone(all)
	all[name] = value
	return all
}
