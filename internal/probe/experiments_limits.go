package probe

import (
	"fmt"
	"strings"
)

func limitExperiments() []Experiment {
	long := func(n int) []string { return []string{"X-Long: " + strings.Repeat("x", n)} }
	throttled := Want{Status: 429, Body: tooMany}
	variables := map[string]string{}
	for i := range 101 {
		variables[fmt.Sprintf("v%d", i)] = "x"
	}
	return []Experiment{
		{Name: "limit/headers", Asks: "Are request line and headers of more than 10,240 bytes refused, and with which status?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public", Headers: long(9_500)}, Want: Want{Status: 200}},
			{Request: Request{Target: "/public", Headers: long(11_000)}, Want: Want{Status: 431, Body: headersToo}},
		}},
		{Name: "limit/target", Asks: "Does the request line count as the headers do?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public?q=" + strings.Repeat("x", 9_500)}, Want: Want{Status: 200}},
			{Request: Request{Target: "/public?q=" + strings.Repeat("x", 11_000)}, Want: Want{Status: 431, Body: headersToo}},
		}},
		{Name: "limit/body", Asks: "Is a body of more than 10 MB refused?", API: "limits", Steps: []Step{
			{Request: Request{Method: "POST", Target: "/r", Headers: []string{"Content-Type: text/plain"}, BodySize: 10<<20 + 1}, Want: Want{Status: 413, Body: tooLarge}},
		}},
		{Name: "limit/event", Asks: "Is an event of more than 6 MB refused?", API: "limits", Steps: []Step{
			{Request: Request{Method: "POST", Target: "/r", Headers: []string{"Content-Type: text/plain"}, BodySize: 6<<20 + 1, Handler: answer(`"ok"`)}, Want: Want{Status: 413, Body: tooLarge}},
			{Request: Request{Method: "POST", Target: "/r", Headers: []string{"Content-Type: text/plain"}, BodySize: 5 << 20, Handler: answer(`"ok"`)}, Want: Want{Status: 200}},
		}},
		{Name: "limit/response", Asks: "Is a handler's response of more than 6 MB a failure?", API: "limits", Steps: []Step{
			{Request: Request{Method: "POST", Target: "/r", Handler: &Instruction{Answer: `"{fill}"`, Fill: 6<<20 + 200}}, Want: failed},
		}},
		{Name: "limit/integration", Asks: "Is an integration that takes longer than its limit a 503?", API: "limits", Steps: []Step{
			{Request: Request{Target: "/slow", Handler: &Instruction{Sleep: 2500}}, Want: Want{Status: 503, Body: unavailable, Log: map[string]string{"responseType": `"INTEGRATION_TIMEOUT"`}}},
		}},
		{Name: "limit/authorizer", Asks: "May an authorizer take 5 s?", API: mainAPI, Steps: []Step{
			{Request: told("/off/1", &Instruction{Sleep: 5_000}), Want: allowed},
		}},
		{Name: "throttle/zero-rate", Asks: "Does a rate of 0 beside a burst let nothing through, and what is the answer?", API: "limits", Steps: []Step{
			{Request: Request{Target: "/closed"}, Want: throttled},
			{Request: Request{Target: "/a"}, Want: Want{Status: 200}},
		}},
		{Name: "throttle/before-authorizer", Asks: "Does throttling come before the authorizer?", API: "limits", Steps: []Step{
			{Request: Request{Target: "/closed/off/1"}, Want: throttled},
		}},
		{Name: "throttle/own-bucket", Asks: "Has each route a limit of its own, where the stage sets one for all?", API: "limits", Once: true, Steps: []Step{
			{Request: Request{Target: "/tight/a"}, Want: Want{Status: 200}},
			{Request: Request{Target: "/tight/b"}, Want: Want{Status: 200}},
			{Request: Request{Target: "/tight/a"}, Want: throttled},
		}},
		{Name: "throttle/no-route", Asks: "Are settings of a route that is not there refused?", Refused: &refusal{
			stage: &stageSetup{name: "settings", limits: map[string]limitSetup{"GET /nowhere": {1, 1}}}, words: []string{"NotFoundException"},
		}},
		{Name: "limit/stage-variables", Asks: "Are more than 100 stage variables refused?", Refused: &refusal{
			stage: &stageSetup{name: "variables", variables: variables}, words: []string{"BadRequestException"},
		}},
		{Name: "limit/stage-variable-name", Asks: "Is a stage variable's name of more than 64 characters refused?", Refused: &refusal{
			stage: &stageSetup{name: "variables", variables: map[string]string{strings.Repeat("n", 65): "x"}}, words: []string{"BadRequestException"},
		}},
		{Name: "limit/stage-variable-value", Asks: "Is a stage variable's value of more than 512 characters refused?", Refused: &refusal{
			stage: &stageSetup{name: "variables", variables: map[string]string{"v": strings.Repeat("x", 513)}}, words: []string{"BadRequestException"},
		}},
	}
}
