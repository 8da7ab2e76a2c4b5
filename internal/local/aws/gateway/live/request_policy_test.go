package live_test

import (
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// answerPolicy makes the authorizer answer with a policy of these statements,
// in which ARN stands for the API's $default stage.
func (w *world) answerPolicy(statements string) {
	w.t.Helper()
	w.updateAuthorizer(func(a *management.Authorizer) { a.EnableSimpleResponses = false })
	statements = strings.ReplaceAll(statements, "ARN", w.api.ExecutionARN+"/$default")
	w.invoker.returns(authorizerName, `{"principalId":"p-1","policyDocument":{"Version":"2012-10-17","Statement":[`+statements+`]},"context":{"tenant":"t","n":7}}`)
}

// TestMalformedPolicyAnswers checks that they are 500, say why, and are not
// cached.
func TestMalformedPolicyAnswers(t *testing.T) {
	t.Parallel()
	document := func(statement string) string {
		return `{"principalId":"p","policyDocument":{"Version":"2012-10-17","Statement":` + statement + `}}`
	}
	const good = `"Effect":"Allow","Action":"*","Resource":"*"`
	tests := []struct{ name, answer, why string }{
		{"simple answer", `{"isAuthorized":true}`, "Policy response did not include 'policyDocument'"},
		{"no principal", `{"policyDocument":{"Statement":[{` + good + `}]}}`, "Policy response did not include a string 'principalId'"},
		{"principal is a number", `{"principalId":1,"policyDocument":{"Statement":[{` + good + `}]}}`, "Policy response did not include a string 'principalId'"},
		{"document is a string", `{"principalId":"p","policyDocument":"{}"}`, "There is no object policyDocument"},
		{"no statement", `{"principalId":"p","policyDocument":{"Version":"2012-10-17"}}`, "'policyDocument' did not include an array 'Statement'"},
		{"unknown version", `{"principalId":"p","policyDocument":{"Version":"2020-01-01","Statement":[]}}`, "The 'Version' of 'policyDocument' is not 2012-10-17"},
		{"unknown element", `{"principalId":"p","policyDocument":{"statement":[]}}`, `There is the unknown element "statement" in policyDocument`},
		{"effect", document(`[{"Effect":"allow","Action":"*","Resource":"*"}]`), "The 'Effect' of statement 1 of 'policyDocument' is neither Allow nor Deny"},
		{"principal element", document(`[{` + good + `,"Principal":"*"}]`), `There is the unknown element "Principal" in statement 1 of 'policyDocument'`},
		{"condition", document(`[{` + good + `,"Condition":{}}]`), "The local AWS does not evaluate the 'Condition' of statement 1 of 'policyDocument': leave it out and decide in the authorizer"},
		{"no resource", document(`[{"Effect":"Allow","Action":"*"}]`), "Not exactly one of 'Resource' and 'NotResource' is in statement 1 of 'policyDocument'"},
		{"both actions", document(`[{` + good + `,"NotAction":"x"}]`), "Not exactly one of 'Action' and 'NotAction' is in statement 1 of 'policyDocument'"},
		{"action is an object", document(`[{"Effect":"Allow","Action":{},"Resource":"*"}]`), "The 'Action' of statement 1 of 'policyDocument' is neither a string nor an array of strings"},
		{"null among resources", document(`[{` + good + `},{"Effect":"Allow","Action":"*","Resource":["*",null]}]`), "The 'Resource' of statement 2 of 'policyDocument' has a null"},
		{"effect twice", document(`[{"Effect":"Deny","Action":"*","Resource":"*","Effect":"Allow"}]`), "It names a member twice"},
		{"statement twice", `{"principalId":"p","policyDocument":{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"},"Statement":{` + good + `}}}`, "It names a member twice"},
		{"document twice", `{"principalId":"p","policyDocument":{"Statement":[]},"policyDocument":{"Statement":[{` + good + `}]}}`, "It names a member twice"},
		{"context twice inside", `{"principalId":"p","policyDocument":{"Statement":[{` + good + `}]},"context":{"a":{"tenant":"t","tenant":"u"}}}`, "It names a member twice"},
		{"context is an array", `{"principalId":"p","policyDocument":{"Statement":[{` + good + `}]},"context":[]}`, "'context' is not an object"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answerPolicy("")
			w.invoker.returns(authorizerName, test.answer)
			for range 2 {
				w.get("/r/1", "Authorization: x").want(t, 500, serverErrorBody)
			}
			w.wantRuns(2)
			w.wantLine("authorizer: failed: " + live.AuthorizerFormatText + " " + test.why)
		})
	}
}

// TestPolicyAnswerWithPayload1 runs an authorizer with payload format version
// 1.0, whose answers are always policies.
func TestPolicyAnswerWithPayload1(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect("ANY /a/{id}/{proxy+}")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true, StageVariables: map[string]string{"colour": "blue"}}))
	w.answerPolicy("")
	w.updateAuthorizer(func(a *management.Authorizer) {
		a.PayloadFormatVersion = "1.0"
		a.IdentitySources = []string{"$request.header.Authorization", "$request.querystring.q"}
	})
	w.invoker.returns(authorizerName, `{"principalId":"p-1","policyDocument":{"Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"`+w.api.ExecutionARN+`/dev/PUT/a/*"}},"context":{"n":7}}`)
	reply := w.do("PUT", "/dev/a/b%20%C3%BC/x/y?q=1&q=2", "body", "Authorization: one", "Cookie: a=1", "User-Agent: test/1", "Content-Type: text/plain")
	reply.want(t, 200, okBody)
	w.wantEvent(authorizerName, "authorizer_v1.json", reply.header.Get("Apigw-Requestid"))
	if event := string(w.invoker.callsOf(handlerName)[0].Payload); !strings.Contains(event, `"version":"2.0"`) || !strings.Contains(event, `"authorizer":{"lambda":{"n":7}}`) {
		t.Errorf("event of the handler: %s", event)
	}
}

func TestPayload1WithoutSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect("$default")
	w.answerPolicy(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	w.updateAuthorizer(func(a *management.Authorizer) { a.PayloadFormatVersion, a.IdentitySources, a.ResultTTL = "1.0", nil, 0 })
	w.get("/x").want(t, 200, okBody)
	event := string(w.invoker.callsOf(authorizerName)[0].Payload)
	for _, want := range []string{
		`"identitySource":null`, `"authorizationToken":null`, `"resource":"$default"`, `"path":"/x"`,
		`"queryStringParameters":{}`, `"pathParameters":{}`, `"stageVariables":{}`, `"resourceId":"$default"`,
	} {
		if !strings.Contains(event, want) {
			t.Errorf("no %s in %s", want, event)
		}
	}
}
