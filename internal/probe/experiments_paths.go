package probe

func pathExperiments() []Experiment {
	path := func(name, asks, target, rawPath string) Experiment {
		want := Want{Status: 400, Body: badRequest}
		if rawPath != "" {
			want = Want{Status: 200, Event: map[string]string{"rawPath": `"` + rawPath + `"`, "requestContext.http.path": `"` + rawPath + `"`,
				"routeKey": `"GET /capture/{rest+}"`, "pathParameters.rest": `"` + rawPath[len("/capture/"):] + `"`}}
		}
		return Experiment{Name: "path/" + name, Asks: asks, API: "routes", Steps: []Step{{Request: Request{Target: target}, Want: want}}}
	}
	// found asks for the route that takes a request; empty is none.
	found := func(name, asks, api, target, key string) Experiment {
		want := isMissing
		if key != "" {
			want = Want{Status: 200, Event: map[string]string{"routeKey": `"` + key + `"`}}
		}
		return Experiment{Name: "path/" + name, Asks: asks, API: api, Steps: []Step{{Request: Request{Target: target}, Want: want}}}
	}
	return []Experiment{
		path("space", "Is a path decoded?", "/capture/a%20b", "/capture/a b"),
		path("slash", "Does an encoded slash separate?", "/capture/a%2Fb", "/capture/a/b"),
		path("question-mark", "Does an encoded question mark end the path?", "/capture/a%3Fb", "/capture/a"),
		path("twice", "Is a path decoded twice?", "/capture/a%252Fb", "/capture/a/b"),
		path("twice-question-mark", "Does a question mark that was encoded twice stay?", "/capture/a%253Fb", "/capture/a?b"),
		path("percent-twice", "Does a percent sign that was encoded twice stay?", "/capture/a%2525b", "/capture/a%b"),
		path("percent", "Is a percent sign refused that was encoded once?", "/capture/a%25b", ""),
		path("plus", "Does a plus stay in a path?", "/capture/a+b", "/capture/a+b"),
		path("dots", "Do dots stay in a path?", "/capture/a/../b", "/capture/a/../b"),
		path("double-slash", "Does a double slash stay in a path?", "/capture/a//b", "/capture/a//b"),
		path("end-slash", "Does a slash at the end stay?", "/capture/a/", "/capture/a/"),
		path("capital", "Does the case of a path stay?", "/capture/A", "/capture/A"),
		{Name: "path/bad-escape", Asks: "Is a path with a bad escape refused?", API: "routes", Steps: []Step{
			{Request: Request{Target: "/capture/%zz"}, Want: Want{Status: 400}},
		}},
		{Name: "path/parameters", Asks: "Are the values of path parameters decoded?", API: "routes", Steps: []Step{
			{Request: Request{Target: "/dots/a%20b.c"}, Want: Want{Status: 200, Event: map[string]string{"pathParameters": `{"id":"a b.c"}`, "routeKey": `"GET /dots/{id}"`}}},
		}},
		{Name: "path/absolute", Asks: "Is a target in absolute form without a path the path /?", API: "routes", Steps: []Step{
			{Request: Request{Target: "{origin}"}, Want: Want{Status: 200, Event: map[string]string{"rawPath": `"/"`, "routeKey": `"GET /"`}}},
			{Request: Request{Target: "{origin}/x"}, Want: Want{Status: 200, Event: map[string]string{"rawPath": `"/x"`, "routeKey": `"GET /x"`}}},
		}},
		{Name: "path/asterisk", Asks: "Is OPTIONS * refused?", API: "routes", Steps: []Step{
			{Request: Request{Method: "OPTIONS", Target: "*"}, Want: Want{Status: 400, Body: badRequest}},
		}},
		{Name: "path/connect", Asks: "Is CONNECT refused?", API: "routes", Steps: []Step{
			{Request: Request{Method: "CONNECT", Target: "{host}"}, Want: Want{Status: 400, Body: badRequest}},
		}},
		found("root", "Does / find its route?", "routes", "/", "GET /"),
		found("trailing-slash", "Is /x/ another path than /x?", "routes", "/x/", ""),
		found("leading-slashes", "Is //pub/1 another path than /pub/1?", "routes", "//pub/1", ""),
		found("inner-slashes", "Is /pub//1 another path than /pub/1?", "routes", "/pub//1", ""),
		found("empty-variable", "Is a variable never empty?", "routes", "/pub/", ""),
		found("empty-greedy", "May a greedy variable be empty?", "routes", "/capture/", "GET /capture/{rest+}"),
		found("no-greedy", "Does a greedy variable need its slash?", "routes", "/capture", ""),
		found("case", "Does the case of a literal matter?", "routes", "/case", ""),
		found("encoded-literal", "Does an encoded letter match a literal?", "routes", "/%78", "GET /x"),
		found("literal-first", "Does the literal that comes first win?", "routes", "/lit/a/b", "GET /lit/a/{b}"),
		found("literal-second", "Does a later literal beat two variables?", "routes", "/lit/c/b", "GET /lit/{a}/b"),
		found("variables", "Do variables beat a greedy one?", "routes", "/lit/c/d", "GET /lit/{a}/{b}"),
		found("greedy", "Does a greedy variable take the rest?", "routes", "/lit/c/d/e", "GET /lit/{rest+}"),
		found("method-first", "Does a method of its own beat ANY with a literal?", "routes", "/any/exact", "GET /any/{id}"),
		found("stage", "Does a stage's name come first?", "routes", "/dev/x", "GET /x"),
		found("stage-root", "Is the stage's name alone its root?", "routes", "/dev", "GET /"),
		found("stage-slash", "Is the stage's name with a slash its root?", "routes", "/dev/", "GET /"),
		found("stage-encoded", "May the stage's name be encoded?", "routes", "/%64ev/x", "GET /x"),
		found("stage-case", "Does the case of a stage's name matter?", "routes", "/DEV/x", ""),
		found("no-default-stage", "Is there nothing without a $default stage?", "bare", "/x", ""),
		found("named-stage", "Does a named stage alone serve?", "bare", "/dev/x", "GET /x"),
		found("default-route", "Does a greedy route come before $default?", "whole", "/a/b", "ANY /{proxy+}"),
		found("full-match", "Does a full match come before a greedy one?", "whole", "/a", "GET /{one}"),
		found("greedy-root", "Does ANY /{proxy+} match /?", "whole", "/", "ANY /{proxy+}"),
	}
}

func routeExperiments() []Experiment {
	return []Experiment{
		{Name: "route/none", Asks: "Is a path without a route a 404, without a run of an authorizer?", Table: []int{27}, API: mainAPI, Steps: []Step{
			{Request: get("/nowhere"), Want: isMissing},
		}},
		{Name: "route/method", Asks: "Is another method a 404 and no 405?", API: "routes", Steps: []Step{
			{Request: Request{Method: "POST", Target: "/x"}, Want: isMissing},
			{Request: Request{Method: "OPTIONS", Target: "/x"}, Want: isMissing},
		}},
		{Name: "route/head", Asks: "Is HEAD a method like any other?", API: "routes", Steps: []Step{
			{Request: Request{Method: "HEAD", Target: "/x"}, Want: Want{Status: 404, Body: Empty}},
			{Request: Request{Method: "HEAD", Target: "/head"}, Want: Want{Status: 200, Body: Empty}},
			{Request: Request{Target: "/head"}, Want: isMissing},
		}},
		{Name: "route/disabled", Asks: "What does an API answer whose endpoint is disabled?", API: "disabled", Steps: []Step{
			{Request: Request{Target: "/x"}, Want: isMissing},
		}},
		{Name: "route/answer", Asks: "Which headers has an answer of API Gateway's own?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/nowhere"}, Want: Want{Status: 404, Header: map[string]string{"Content-Type": "application/json", "Content-Length": "23"}}},
		}},
		{Name: "route/literal-tilde", Asks: "Is ~ refused in a route's path?", Refused: &refusal{route: "GET /a~b", words: []string{"BadRequestException"}}},
		{Name: "route/literal-at", Asks: "Is @ refused in a route's path?", Refused: &refusal{route: "GET /@b", words: []string{"BadRequestException"}}},
		{Name: "route/literal-comma", Asks: "Is , refused in a route's path?", Refused: &refusal{route: "GET /a,b", words: []string{"BadRequestException"}}},
		{Name: "route/trailing-slash", Asks: "Is a slash at the end of a route's path refused?", Refused: &refusal{route: "GET /a/", words: []string{"BadRequestException"}}},
		{Name: "route/two-greedy", Asks: "Is a greedy variable that is not the last refused?", Refused: &refusal{route: "GET /{a+}/b", words: []string{"BadRequestException"}}},
		{Name: "route/partial-variable", Asks: "Is a variable within a segment refused?", Refused: &refusal{route: "GET /a{b}", words: []string{"BadRequestException"}}},
	}
}
