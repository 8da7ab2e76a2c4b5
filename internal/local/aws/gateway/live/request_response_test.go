package live_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

func TestResponseInference(t *testing.T) {
	t.Parallel()
	const jsonType, textType = "application/json", "text/plain; charset=utf-8"
	tests := []struct {
		name, payload string
		status        int
		contentType   string
		body          string
	}{
		{"object without statusCode", `{"message": "hi"}`, 200, jsonType, `{"message": "hi"}`},
		{"statusCode in another case is none", `{"StatusCode":404}`, 200, jsonType, `{"StatusCode":404}`},
		{"string", `"<h1>é</h1>"`, 200, jsonType, `<h1>é</h1>`},
		{"number", `42.50`, 200, jsonType, `42.50`},
		{"boolean", `true`, 200, jsonType, `true`},
		{"null", `null`, 200, jsonType, `null`},
		{"array", `[1, {"statusCode":500}]`, 200, jsonType, `[1, {"statusCode":500}]`},
		{"invalid JSON", `{"statusCode":`, 200, jsonType, `{"statusCode":`},
		{"statusCode without content type", `{"statusCode":201,"body":"x"}`, 201, textType, `x`},
		{"statusCode and content type", `{"statusCode":404,"headers":{"content-type":"application/problem+json"},"body":"{}"}`, 404, "application/problem+json", `{}`},
		{"all members null", `{"statusCode":200,"headers":null,"cookies":null,"body":null,"isBase64Encoded":null,"multiValueHeaders":null}`, 200, textType, ``},
		{"base64 body", `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, 200, textType, `hi`},
		{"no content", `{"statusCode":204,"headers":{"Content-Length":"3"},"body":"abc"}`, 204, "", ``},
		{"statusCode 200.0", `{"statusCode":200.0}`, 200, textType, ``},
		{"statusCode 0", `{"statusCode":0,"body":"x"}`, 500, jsonType, serverErrorBody},
		{"statusCode 200.5", `{"statusCode":200.5}`, 500, jsonType, serverErrorBody},
		{"statusCode 100", `{"statusCode":100}`, 500, jsonType, serverErrorBody},
		{"statusCode 600", `{"statusCode":600}`, 500, jsonType, serverErrorBody},
		{"statusCode a string", `{"statusCode":"200"}`, 500, jsonType, serverErrorBody},
		{"statusCode null", `{"statusCode":null}`, 500, jsonType, serverErrorBody},
		{"body an object", `{"statusCode":200,"body":{}}`, 500, jsonType, serverErrorBody},
		{"headers an array", `{"statusCode":200,"headers":[]}`, 500, jsonType, serverErrorBody},
		{"header a number", `{"statusCode":200,"headers":{"a":1}}`, 500, jsonType, serverErrorBody},
		{"header with a line break", `{"statusCode":200,"headers":{"a":"b\r\nc: d"}}`, 500, jsonType, serverErrorBody},
		{"header name with a space", `{"statusCode":200,"headers":{"a b":"c"}}`, 500, jsonType, serverErrorBody},
		{"cookies a string", `{"statusCode":200,"cookies":"a=b"}`, 500, jsonType, serverErrorBody},
		{"cookie with a line break", `{"statusCode":200,"cookies":["a=b\nc"]}`, 500, jsonType, serverErrorBody},
		{"not base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, jsonType, serverErrorBody},
		{"isBase64Encoded a string", `{"statusCode":200,"isBase64Encoded":"true"}`, 500, jsonType, serverErrorBody},
	}
	w := newWorld(t)
	w.public("GET /")
	for _, test := range tests { // one after another: they share the function
		w.invoker.returns(handlerName, test.payload)
		reply := w.get("/")
		if reply.status != test.status || reply.body != test.body || reply.header.Get("Content-Type") != test.contentType {
			t.Errorf("%s: got %d %q %q, want %d %q %q", test.name, reply.status, reply.header.Get("Content-Type"), reply.body, test.status, test.contentType, test.body)
		}
		if reply.status == 204 && reply.header["Content-Length"] != nil {
			t.Errorf("%s: headers %v", test.name, reply.header)
		}
		if reply.header.Get("Apigw-Requestid") == "" || reply.header.Get("Date") == "" {
			t.Errorf("%s: headers %v", test.name, reply.header)
		}
	}
	w.wantLine("failed: its response is malformed: statusCode 200.5 is not a whole number from 200 to 599")
}

func TestResponseHeadersAndCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /")
	w.invoker.returns(handlerName, `{"statusCode":200,"body":"hi","cookies":["a=1; Secure","b=2"],"headers":{
		"x-one":"1","X-Empty":"","set-cookie":"c=3","Content-Length":"99","Connection":"close","Transfer-Encoding":"chunked","apigw-requestid":"forged","gone":null}}`)
	reply := w.get("/")
	reply.want(t, 200, "hi")
	if got, want := reply.header.Values("Set-Cookie"), []string{"c=3", "a=1; Secure", "b=2"}; !slices.Equal(got, want) {
		t.Errorf("cookies %q, want %q", got, want)
	}
	if got := reply.header; got.Get("X-One") != "1" || !slices.Equal(got["X-Empty"], []string{""}) || got.Get("Content-Length") != "2" ||
		got.Get("Connection") != "" || got.Get("Apigw-Requestid") == "forged" || got["Gone"] != nil {
		t.Errorf("headers %v", got)
	}
}

// TestIntegrationFailures checks what the client sees of a function that
// cannot answer, and what the developer sees.
func TestIntegrationFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		invoke func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error)
		status int
		body   string
		line   string
	}{
		{"function error", func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{FunctionError: "Unhandled", RequestID: "r-2", Payload: []byte(`{"errorType":"Runtime.ExitError","errorMessage":"secret"}`)}, nil
		}, 500, serverErrorBody, "handler: failed: the function returned an error (Runtime.ExitError), see its log, request r-2"},
		{"no permission", func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{}, notPermitted(in)
		}, 500, serverErrorBody, "; cure: add an aws:lambda:Permission to the function " + functionARNOf(handlerName)},
		{"no function", func(_ context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{}, awserr.New(awserr.ResourceNotFound, "Function not found: %s", in.Function)
		}, 500, serverErrorBody, "handler: failed: Function not found: " + functionARNOf(handlerName)},
		{"throttled", func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{}, awserr.New(awserr.TooManyRequests, "Rate Exceeded.")
		}, 500, serverErrorBody, "handler: failed: Rate Exceeded."},
		{"too slow", func(ctx context.Context, _ lambda.InvokeInput) (lambda.InvokeOutput, error) {
			<-ctx.Done()
			return lambda.InvokeOutput{}, ctx.Err()
		}, 503, unavailableBody, "handler: failed: no answer within 50ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.public("GET /")
			w.integration.TimeoutInMillis = 50
			must(w.service.UpdateIntegration(w.api.ID, w.integration))
			w.invoker.set(handlerName, test.invoke)
			w.get("/").want(t, test.status, test.body)
			w.wantLine(test.line)
			if strings.Contains(w.console.String(), "secret") {
				t.Errorf("the console quotes the function's error:\n%s", w.console.String())
			}
		})
	}
}
