package probe

import "time"

func eventExperiments() []Experiment {
	// back is an experiment with what the handler returns.
	back := func(name, asks, text string, want Want) Experiment {
		return Experiment{Name: "response/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public", Handler: answer(text)}, Want: want},
		}}
	}
	inferred := func(body string) Want {
		return Want{Status: 200, Body: body, Header: map[string]string{"Content-Type": "application/json"}}
	}
	plain := func(body string) Want {
		return Want{Status: 200, Body: body, Header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}}
	}
	// sent is an experiment with a body and its type.
	sent := func(name, asks, contentType, body, wantBody, wantEncoded string) Experiment {
		r := Request{Method: "POST", Target: "/public", Body: body}
		if contentType != "" {
			r.Headers = []string{"Content-Type: " + contentType}
		}
		return Experiment{Name: "body/" + name, Asks: asks, API: mainAPI, Steps: []Step{
			{Request: r, Want: Want{Status: 200, Event: map[string]string{"body": wantBody, "isBase64Encoded": wantEncoded}}},
		}}
	}
	text := back("text", "Is a JSON string the bare text?", `"hi"`, inferred("hi"))
	text.Table = []int{30}
	return []Experiment{
		{Name: "event/authorizer", Asks: "What does the authorizer's event have, format 2.0?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/off/a%20b?q=1%2C2&e&q=a+b", Headers: []string{authorization, "X-Multi: one", "X-Multi: two", "Cookie: a=1; b=2"}, Authorizer: show}, Want: Want{
				Status: 200, AuthorizerEvent: map[string]string{
					"version": `"2.0"`, "type": `"REQUEST"`, "routeArn": `"{arn}/$default/GET/off/a b"`, "identitySource": `["{token}"]`, "routeKey": `"GET /off/{id}"`,
					"rawPath": `"/off/a b"`, "rawQueryString": `"q=1%2C2&e&q=a+b"`, "queryStringParameters": `{"e":"","q":"1,2,a b"}`, "pathParameters": `{"id":"a b"}`,
					"cookies": `["a=1","b=2"]`, "headers.x-multi": `"one,two"`, "headers.cookie": `"a=1; b=2"`, "body": Absent, "isBase64Encoded": Absent, "stageVariables": Absent,
					"requestContext.accountId": `"{account}"`, "requestContext.apiId": `"{api}"`, "requestContext.domainName": `"{domain}"`, "requestContext.domainPrefix": `"{api}"`,
					"requestContext.stage": `"$default"`, "requestContext.http.path": `"/off/a b"`, "requestContext.authorizer": Absent,
				},
				Event: map[string]string{"headers.cookie": Absent, "cookies": `["a=1","b=2"]`, "routeArn": Absent, "type": Absent, "identitySource": Absent, "body": Absent, "isBase64Encoded": "false"},
			}},
		}},
		{Name: "event/empty", Asks: "Which members of the authorizer's event are absent when empty?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/none/1", Authorizer: show}, Want: Want{Status: 200, AuthorizerEvent: map[string]string{
				"identitySource": "null", "rawQueryString": `""`, "queryStringParameters": Absent, "cookies": Absent, "stageVariables": Absent,
			}}},
		}},
		{Name: "event/post", Asks: "Has the authorizer's event no body?", Table: []int{25}, API: mainAPI, Steps: []Step{
			{Request: Request{Method: "POST", Target: "/r", Headers: []string{authorization, "Content-Type: application/json"}, Body: `{"name":"n"}`, Authorizer: show}, Want: Want{
				Status: 200, AuthorizerEvent: map[string]string{"body": Absent, "isBase64Encoded": Absent, "headers.content-length": `"12"`},
				Event: map[string]string{"body": `"{\"name\":\"n\"}"`, "isBase64Encoded": "false"},
			}},
		}},
		{Name: "event/stage", Asks: "Has the path of a named stage the stage in it?", Table: []int{26}, API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/dev/off/1", Headers: []string{authorization}, Authorizer: show}, Want: Want{Status: 200, AuthorizerEvent: map[string]string{
				"rawPath": `"/dev/off/1"`, "routeArn": `"{arn}/dev/GET/off/1"`, "requestContext.http.path": `"/dev/off/1"`, "stageVariables": `{"colour":"blue"}`,
			}}},
		}},
		{Name: "event/payload-1", Asks: "What does the authorizer's event have, format 1.0?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/dev/policy1/1?q=1&q=2", Headers: []string{authorization, "X-Multi: one", "X-Multi: two"}, Authorizer: showPolicy}, Want: Want{
				Status: 200, AuthorizerEvent: map[string]string{
					"version": `"1.0"`, "type": `"REQUEST"`, "methodArn": `"{arn}/dev/GET/policy1/1"`, "identitySource": `"{token}"`, "authorizationToken": `"{token}"`,
					"resource": `"/policy1/{id}"`, "path": `"/dev/policy1/1"`, "httpMethod": `"GET"`, "headers.x-multi": `"one,two"`, "queryStringParameters": `{"q":"1,2"}`,
					"pathParameters": `{"id":"1"}`, "stageVariables": `{"colour":"blue"}`, "requestContext.path": `"/dev/policy1/1"`, "requestContext.resourceId": `"GET /policy1/{id}"`,
					"requestContext.resourcePath": `"/policy1/{id}"`, "requestContext.identity.apiKey": Absent, "requestContext.identity.clientCert": Absent,
				},
			}},
		}},
		{Name: "event/payload-1-empty", Asks: "What are the empty members of an event of format 1.0?", API: "more", Steps: []Step{
			{Request: Request{Target: "/none1/1", Authorizer: showPolicy}, Want: Want{Status: 200, AuthorizerEvent: map[string]string{
				"identitySource": "null", "authorizationToken": "null", "queryStringParameters": "{}", "stageVariables": `{"colour":"blue"}`, "path": `"/none1/1"`,
			}}},
		}},
		{Name: "event/cookie-lines", Asks: "Are two Cookie lines two cookies?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/off/1", Headers: []string{authorization, "Cookie: a=1", "Cookie: b=2"}, Authorizer: show}, Want: Want{
				Status: 200, Event: map[string]string{"cookies": `["a=1","b=2"]`}, AuthorizerEvent: map[string]string{"cookies": `["a=1","b=2"]`, "headers.cookie": `"a=1,b=2"`},
			}},
		}},
		{Name: "event/two-authorizations", Asks: "Are two Authorization lines one source, with a comma?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/off/1", Headers: []string{authorization, "Authorization: other"}, Authorizer: show}, Want: Want{
				Status: 200, AuthorizerEvent: map[string]string{"identitySource": `["{token},other"]`},
			}},
		}},
		{Name: "event/query-twice", Asks: "Are two values of a query parameter one source, with a comma?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/query/1?tok={token}&tok=b%2Bc+d", Authorizer: show}, Want: Want{
				Status: 200, AuthorizerEvent: map[string]string{"identitySource": `["{token},b+c d"]`},
			}},
		}},
		{Name: "event/sources", Asks: "What are the values of $context and $stageVariables as sources?", API: "more", Steps: []Step{
			{Request: Request{Target: "/variable/1", Authorizer: show}, Want: Want{Status: 200, AuthorizerEvent: map[string]string{"identitySource": `["blue"]`}}},
			{Request: Request{Target: "/missing/1"}, Want: nobody},
			{Request: Request{Target: "/cookie/1", Headers: []string{"Cookie: a=1"}, Authorizer: show}, Want: Want{Status: 200, AuthorizerEvent: map[string]string{"identitySource": `["a=1"]`}}},
			{Request: Request{Target: "/context/1"}, Want: allowed},
		}},
		{Name: "event/forwarded", Asks: "Is the client's X-Forwarded-For kept, and its address added?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public", Headers: []string{"X-Forwarded-Proto: gopher", "Te: trailers", "Keep-Alive: 1"}}, Want: Want{
				Status: 200, Event: map[string]string{"headers.te": Absent, "headers.keep-alive": Absent, "headers.connection": Absent},
			}},
		}},
		{Name: "event/empty-query", Asks: "Is a query that is empty, or has empty parts, as it was sent?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public?"}, Want: Want{Status: 200, Event: map[string]string{"rawQueryString": `""`, "queryStringParameters": Absent}}},
			{Request: Request{Target: "/public?&a=1&&=2"}, Want: Want{Status: 200, Event: map[string]string{"rawQueryString": `"&a=1&&=2"`, "queryStringParameters": `{"":"2","a":"1"}`}}},
			{Request: Request{Target: "/public?a=%zz"}, Want: Want{Status: 200, Event: map[string]string{"rawQueryString": `"a=%zz"`, "queryStringParameters": `{"a":"%zz"}`}}},
		}},
		{Name: "event/method", Asks: "Does ANY take a method of one's own?", API: mainAPI, Steps: []Step{
			{Request: Request{Method: "PURGE", Target: "/public"}, Want: Want{Status: 200, Event: map[string]string{"requestContext.http.method": `"PURGE"`}}},
		}},
		sent("text", "Is a text body a text?", "text/html; charset=utf-8", "<b>", `"<b>"`, "false"),
		sent("json", "Is a JSON body a text?", "application/json", `{}`, `"{}"`, "false"),
		sent("form", "Is a form base64?", "application/x-www-form-urlencoded", "a=1", `"YT0x"`, "true"),
		sent("json-kind", "Is a type that ends in +json base64?", "application/problem+json", `{}`, `"e30="`, "true"),
		sent("no-type", "Is a body without a type base64?", "", "a", `"YQ=="`, "true"),
		sent("no-utf-8", "Is a text body that is not UTF-8 base64?", "text/plain", "\xff", `"/w=="`, "true"),
		text,
		back("number", "Is a number the body?", `7`, inferred("7")),
		back("array", "Is an array the body?", `[1, 2]`, inferred("[1, 2]")),
		back("object", "Is an object without statusCode the body?", `{"a": 1}`, inferred(`{"a": 1}`)),
		back("no-json", "Is what is no JSON the body?", `<p>`, inferred(`<p>`)),
		back("null", "Is null the body?", `null`, inferred(`null`)),
		back("status-only", "Is the content type text/plain with a statusCode?", `{"statusCode":200,"body":"x"}`, plain("x")),
		back("status-text", "Is a statusCode that is a text a failure?", `{"statusCode":"200"}`, failed),
		back("status-0", "Is a statusCode of 0 a failure?", `{"statusCode":0}`, failed),
		back("status-fraction", "Is a statusCode of 200.5 a failure?", `{"statusCode":200.5}`, failed),
		back("status-199", "Is a statusCode of 199 a failure?", `{"statusCode":199}`, failed),
		back("status-600", "Is a statusCode of 600 a failure?", `{"statusCode":600}`, failed),
		back("status-null", "Is a statusCode that is null a failure?", `{"statusCode":null}`, failed),
		back("body-number", "Is a body that is no text a failure?", `{"statusCode":200,"body":7}`, failed),
		back("null-members", "May the members be null?", `{"statusCode":200,"headers":null,"cookies":null,"body":null,"isBase64Encoded":null}`, plain(Empty)),
		back("cookies", "Is each of the cookies a Set-Cookie of its own?", `{"statusCode":200,"cookies":["a=1","b=2"]}`, Want{Status: 200, Header: map[string]string{"Set-Cookie": "a=1 | b=2"}}),
		back("base64", "Is a base64 body decoded?", `{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}`, plain("hi")),
		back("base64-bad", "Is a body that is no base64 a failure?", `{"statusCode":200,"isBase64Encoded":true,"body":"a"}`, failed),
		back("header-number", "Is a header that is no text a failure?", `{"statusCode":200,"headers":{"x-a":1}}`, failed),
		back("header-line", "Is a header with a line break a failure?", `{"statusCode":200,"headers":{"x-a":"1\r\nx-b: 2"}}`, failed),
		back("multi-value", "Are multiValueHeaders left out?", `{"statusCode":200,"multiValueHeaders":{"x-a":["1"]}}`, Want{Status: 200, Header: map[string]string{"X-A": Absent}}),
		back("content-length", "Is a content-length of the function's own left out?", `{"statusCode":200,"headers":{"content-length":"1"},"body":"abc"}`, plain("abc")),
		back("no-content", "Has a 204 no body?", `{"statusCode":204,"body":"x"}`, Want{Status: 204, Body: Empty}),
		{Name: "response/thrown", Asks: "Is a handler's error a 500?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public", Handler: &Instruction{Throw: "out of order"}}, Want: failed},
			{Request: Request{Target: "/public", Handler: &Instruction{Exit: true}}, Want: failed},
		}},
		{Name: "response/sealed", Asks: "Is a missing permission to invoke the handler a 500?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/sealed-handler"}, Want: failed},
		}},
		{Name: "log/escaped", Asks: "Are values in the access log escaped as in JSON?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/public", Headers: []string{`User-Agent: a"b\c`}}, Want: Want{Status: 200, Log: map[string]string{"userAgent": `"a\"b\\c"`, "authorizerError": `"-"`}}},
		}},
		{Name: "log/response-types", Asks: "Which error types does the access log name?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/header/1"}, Want: Want{Status: 401, Log: map[string]string{"responseType": `"UNAUTHORIZED"`, "message": `"Unauthorized"`}}},
			{Request: told("/off/1", deny), Want: Want{Status: 403, Log: map[string]string{"responseType": `"ACCESS_DENIED"`, "message": `"Forbidden"`}}},
			{Request: told("/off/1", answer(`{}`)), Want: Want{Status: 500, Log: map[string]string{
				"responseType":    `"AUTHORIZER_FAILURE"`,
				"authorizerError": `"The response from the Lambda Authorizer function doesn't match the format that API Gateway expects. Simple response did not include 'isAuthorized'"`,
			}}},
			{Request: Request{Target: "/sealed-handler"}, Want: Want{Status: 500, Log: map[string]string{"responseType": `"INTEGRATION_FAILURE"`}}},
			{Request: Request{Target: "/nowhere"}, Want: Want{Status: 404, Log: map[string]string{"responseType": `"RESOURCE_NOT_FOUND"`, "message": `"Not Found"`}}},
		}},
		{Name: "log/no-group", Asks: "Is an access log in a group that is not there refused?", Refused: &refusal{
			stage: &stageSetup{name: "log"}, format: "$context.requestId", group: "-none", words: []string{"BadRequestException"},
		}},
		{Name: "log/no-request-id", Asks: "Is an access log format without the request's ID refused?", Refused: &refusal{
			stage: &stageSetup{name: "log"}, format: "$context.status", words: []string{"BadRequestException"},
		}},
		{Name: "iam/signed", Asks: "Is a request with a signature by somebody who may let in?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/iam"}, Want: refused},
			{Request: Request{Target: "/iam?a=1", Sign: &Signature{}}, Want: Want{Status: 200, Event: map[string]string{
				"requestContext.authorizer.iam.cognitoIdentity": "null", "requestContext.authorizer.iam.principalOrgId": "null", "requestContext.authorizer.iam.accountId": `"{account}"`,
			}}},
			{Request: Request{Target: "/iam", Sign: &Signature{Service: "lambda"}}, Want: refused},
			{Request: Request{Target: "/iam", Sign: &Signature{Region: "us-gov-west-1"}}, Want: refused},
		}},
		{Name: "iam/presigned", Asks: "Is a signature in the query let in?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/iam", Sign: &Signature{Presign: true}}, Want: Want{Status: 200}},
		}},
		{Name: "iam/both", Asks: "Are two signatures refused, one in the query and one in the header?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/iam", Sign: &Signature{Both: true}}, Want: refused},
		}},
		{Name: "iam/presigned-lifetime", Asks: "For how long is a signature in the query good?", API: mainAPI, Steps: []Step{
			{Request: Request{Target: "/iam", Sign: &Signature{Presign: true, Age: 6 * time.Minute}}, Want: refused},
		}},
	}
}

// showPolicy allows and hands the authorizer's event to the handler.
var showPolicy = answer(`{"principalId":"probe","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]},` +
	`"context":{"run":"{run}","event":{event}}}`)
