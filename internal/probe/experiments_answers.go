package probe

// show is an answer that allows and hands the authorizer's event to the handler.
var show = answer(`{"isAuthorized":true,"context":{"run":"{run}","event":{event}}}`)

// context is what the handler gets of a simple answer's context.
const lambdaContext = "requestContext.authorizer"

func answerExperiments() []Experiment {
	// fails is an experiment with an answer that is none.
	fails := func(name, asks, text string) Experiment {
		return Experiment{Name: "answer/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: told("/header/1", answer(text)), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}}
	}
	// gives is one whose context reaches the handler.
	gives := func(name, asks, context, want string) Experiment {
		return Experiment{Name: "answer/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: told("/off/1", answer(context)), Want: Want{Status: 200, Event: map[string]string{lambdaContext: want}}},
		}}
	}
	text := fails("authorized-text", `Is isAuthorized: "true" a failure?`, `{"isAuthorized":"true"}`)
	text.Table = []int{15}
	nested := gives("context-types", "Does a context keep its types, also from the cache?",
		`{"isAuthorized":true,"context":{"s":"<&>","n":12345678901234567890,"f":1.50,"b":true,"a":[1,"x",null],"m":{"k":{"l":false}}}}`,
		`{"lambda":{"a":[1,"x",null],"b":true,"f":1.50,"m":{"k":{"l":false}},"n":12345678901234567890,"s":"<&>"}}`)
	nested.Table, nested.Steps[0].Target = []int{24}, "/header/1"
	nested.Steps = append(nested.Steps, nested.Steps[0])
	nested.Steps[1].Authorizer = nil
	return []Experiment{
		{Name: "answer/none", Asks: "Is a request without its source refused, though the authorizer would allow?", Table: []int{1, 2}, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/header/1"}, Want: nobody},
			{Request: Request{Target: "/header/1", Headers: []string{"Authorization: "}}, Want: nobody},
			{Request: Request{Target: "/header/1", Headers: []string{"Authorization:   "}}, Want: nobody},
		}},
		{Name: "answer/no-challenge", Asks: "Has a 401 of a Lambda authorizer no WWW-Authenticate?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/header/1"}, Want: Want{Status: 401, Header: map[string]string{"WWW-Authenticate": Absent}}},
		}},
		{Name: "answer/query", Asks: "Does the case of a query parameter's name matter?", Table: []int{13}, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/query/1?Tok={token}"}, Want: nobody},
			{Request: Request{Target: "/query/1?tok="}, Want: nobody},
			{Request: Request{Target: "/query/1?tok={token}"}, Want: allowed},
		}},
		{Name: "answer/sealed", Asks: "Is a missing permission to invoke the authorizer a failure?", Table: []int{17}, API: mainAPI, Steps: []Step{
			{Request: get("/sealed/1"), Want: Want{Status: 500, Body: serverError, Log: map[string]string{
				"authorizerError": `"The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer. Check the permissions and try again."`,
			}}},
		}},
		{Name: "answer/payload-unauthorized", Asks: `Is an answer {"errorMessage":"Unauthorized"} a 401?`, Table: []int{19}, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/none/1", Authorizer: answer(`{"errorMessage":"Unauthorized"}`)}, Want: nobody},
		}},
		{Name: "answer/payload-other-error", Asks: "Is an answer with another errorMessage a failure?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/none/1", Authorizer: answer(`{"errorMessage":"unauthorized"}`)}, Want: failed},
		}},
		{Name: "answer/payload-unauthorized-allowed", Asks: "Does errorMessage Unauthorized count beside isAuthorized true?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/none/1", Authorizer: answer(`{"isAuthorized":true,"errorMessage":"Unauthorized"}`)}, Want: nobody},
		}},
		{Name: "answer/payload-unauthorized-policy", Asks: "Is it a 401 with payload format 1.0 and policy answers too?", API: "more", Steps: []Step{
			{Request: Request{Target: "/none1/1", Authorizer: answer(`{"errorMessage":"Unauthorized"}`)}, Want: nobody},
		}},
		{Name: "answer/thrown-unauthorized", Asks: "Is a thrown Unauthorized a failure, and not a 401 as on REST APIs?", API: mainAPI, Steps: []Step{
			{Request: told("/header/1", &Instruction{Throw: "Unauthorized"}), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}},
		{Name: "answer/thrown-unauthorized-policy", Asks: "Is a thrown Unauthorized one with payload format 1.0 too?", API: "more", Steps: []Step{
			{Request: Request{Target: "/none1/1", Authorizer: &Instruction{Throw: "Unauthorized"}}, Want: failed},
		}},
		{Name: "answer/exit", Asks: "Is an authorizer whose process ends a failure?", API: mainAPI, Steps: []Step{
			{Request: told("/header/1", &Instruction{Exit: true}), Want: failed},
			{Request: get("/header/1"), Want: allowed},
		}},
		text,
		fails("authorized-number", "Is isAuthorized: 1 a failure?", `{"isAuthorized":1}`),
		fails("authorized-null", "Is isAuthorized: null a failure?", `{"isAuthorized":null}`),
		fails("authorized-twice", "Is isAuthorized false and then true a failure?", `{"isAuthorized":false,"isAuthorized":true}`),
		fails("authorized-case", "Is isauthorized in another case a failure?", `{"isauthorized":true}`),
		fails("no-json", "Is an answer that is no JSON a failure?", `yes`),
		fails("empty", "Is an empty answer a failure?", ` `),
		fails("array", "Is an array a failure?", `[{"isAuthorized":true}]`),
		fails("null", "Is null a failure?", `null`),
		fails("policy-for-simple", "Is a policy a failure where simple answers are configured?", policyAnswer(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}`)),
		fails("context-text", "Is a context that is no object a failure?", `{"isAuthorized":true,"context":"text"}`),
		nested,
		gives("context-none", "Is requestContext.authorizer.lambda null without a context?", `{"isAuthorized":true}`, `{"lambda":null}`),
		gives("context-null", "Is it null with a context that is null?", `{"isAuthorized":true,"context":null}`, `{"lambda":null}`),
		gives("context-empty", "Does an empty context arrive as one?", `{"isAuthorized":true,"context":{}}`, `{"lambda":{}}`),
		gives("unknown-member", "Does a member that the format does not have matter?", `{"isAuthorized":true,"more":1}`, `{"lambda":null}`),
		{Name: "answer/context-large", Asks: "May a context have 100,000 bytes, and 2 MB?", API: mainAPI, Steps: []Step{
			{Request: told("/off/1", &Instruction{Answer: `{"isAuthorized":true,"context":{"fill":"{fill}"}}`, Fill: 100_000}), Want: Want{Status: 200}},
			{
				Request: Request{
					Target: "/off/1", Headers: []string{authorization}, Handler: answer(`"ok"`),
					Authorizer: &Instruction{Answer: `{"isAuthorized":true,"context":{"fill":"{fill}"}}`, Fill: 2 << 20},
				},
				Want: Want{Status: 200, Body: "ok"},
			},
		}},
	}
}

// policyAnswer is an answer with a policy of statements.
func policyAnswer(statements string) string {
	return `{"principalId":"probe","policyDocument":{"Version":"2012-10-17","Statement":[` + statements + `]},"context":{"run":"{run}"}}`
}

func policyExperiments() []Experiment {
	// judged asks one policy of both payload formats.
	judged := func(name, asks, statements string, want Want) Experiment {
		return Experiment{Name: "policy/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: told("/policy/1", answer(policyAnswer(statements))), Want: want},
			{Request: told("/policy1/1", answer(policyAnswer(statements))), Want: want},
		}}
	}
	malformed := func(name, asks, text string) Experiment {
		return Experiment{Name: "policy/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: told("/policy/1", answer(text)), Want: failed},
		}}
	}
	const all = `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}`
	exact := answer(policyAnswer(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"{arn}"}`))
	both := answer(policyAnswer(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"},{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"{arn}"}`))
	return []Experiment{
		{Name: "policy/exact", Asks: "Is a cached policy evaluated again for another path?", Table: []int{20, 21}, API: mainAPI, Steps: []Step{
			{Request: told("/policy/1", exact), Want: allowed},
			{Request: told("/policy/1", exact), Want: cached},
			{Request: told("/policy/2", exact), Want: refused},
			{Request: told("/policy/1", exact), Want: cached},
		}},
		{Name: "policy/deny", Asks: "Does Deny beat Allow, and is that remembered?", Table: []int{22}, API: mainAPI, Steps: []Step{
			{Request: told("/policy/1", both), Want: refused},
			{Request: told("/policy/1", exact), Want: refused},
			{Request: told("/policy/2", exact), Want: Want{Status: 200, Run: Fresh}},
		}},
		judged("implicit-deny", "Is a policy without a matching statement a refusal?", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:none/*"}`, refused),
		judged("other-action", "Does a statement for another action count?", `{"Effect":"Allow","Action":"execute-api:ManageConnections","Resource":"*"}`, refused),
		judged("action-case", "Are actions compared without regard to case?", `{"Effect":"Allow","Action":"EXECUTE-API:invoke","Resource":"*"}`, allowed),
		judged("action-wildcard", "May an action have a wildcard?", `{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}`, allowed),
		judged("not-action", "Does NotAction work?", `{"Effect":"Allow","NotAction":"execute-api:ManageConnections","Resource":"*"}`, allowed),
		judged("not-resource", "Does NotResource work?", `{"Effect":"Allow","Action":"execute-api:Invoke","NotResource":"{arn}"}`, refused),
		judged("question-mark", "Does ? stand for one character of a resource?", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*/GET/polic*/?"}`, allowed),
		judged("resource-case", "Are resources compared with regard to case?", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*/get/*"}`, refused),
		malformed("no-principal", "Is a policy without principalId a failure?", `{"policyDocument":{"Version":"2012-10-17","Statement":[`+all+`]}}`),
		malformed("no-document", "Is an answer without policyDocument a failure?", `{"principalId":"probe"}`),
		malformed("simple-for-policy", "Is a simple answer a failure where policies are configured?", `{"isAuthorized":true}`),
		malformed("no-effect", "Is a statement without Effect a failure?", policyAnswer(`{"Action":"execute-api:Invoke","Resource":"*"}`)),
		malformed("no-resource", "Is a statement without Resource a failure?", policyAnswer(`{"Effect":"Allow","Action":"execute-api:Invoke"}`)),
		malformed("unknown-element", "Is an element that policies do not have a failure?", policyAnswer(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Other":"x"}`)),
		malformed("version", "Is another Version a failure?", `{"principalId":"probe","policyDocument":{"Version":"2020-01-01","Statement":[`+all+`]}}`),
		malformed("no-statement", "Is a policy without a statement a failure?", `{"principalId":"probe","policyDocument":{"Version":"2012-10-17"}}`),
		{Name: "policy/ttl-without-source", Asks: "Is a TTL without a source refused?", Table: []int{23}, Refused: &refusal{
			authorizer: &authorizerSetup{ttl: 300}, words: []string{"BadRequestException", "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"},
		}},
		{Name: "policy/simple-with-payload-1", Asks: "Are simple answers with payload format 1.0 refused?", Refused: &refusal{
			authorizer: &authorizerSetup{version1: true, sources: []string{authorizationSource}}, words: []string{"BadRequestException"},
		}},
	}
}
