// Command table is a Lambda function for tests: an authorizer that answers
// what its caller's token asks for (or the header X-Answer, where one token is
// to get two answers), or a handler that returns what it got from the
// authorizer. Both log their event as one line of JSON.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// tooLong is a second longer than API Gateway waits for an authorizer.
const tooLong = 11 * time.Second

// answers are the authorizer's answers to tokens; ARN stands for the routeArn.
var answers = map[string]string{
	"allow":        `{"isAuthorized":true}`,
	"deny":         `{"isAuthorized":false}`,
	"empty":        `{}`,
	"text":         `{"isAuthorized":"true"}`,
	"unauthorized": `{"errorMessage":"Unauthorized"}`,
	"context":      `{"isAuthorized":true,"context":{"s":"<&>","n":12345678901234567890,"f":1.50,"b":true,"a":[1,"x",null],"m":{"k":{"l":false}}}}`,
	"exact":        policy(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"ARN"}`),
	"both": policy(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"},
		{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"ARN"}`),
}

func policy(statements string) string {
	return `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[` + statements + `]}}`
}

func main() {
	handle := integrate
	if os.Getenv("MODE") == "authorizer" {
		handle = authorize
	}
	lambda.Start(func(event json.RawMessage) (json.RawMessage, error) {
		var line bytes.Buffer
		if err := json.Compact(&line, event); err != nil {
			return nil, err
		}
		fmt.Println(line.String())
		return handle(event)
	})
}

func authorize(event json.RawMessage) (json.RawMessage, error) {
	var req struct {
		RouteARN              string
		Headers               map[string]string
		QueryStringParameters map[string]string
	}
	if err := json.Unmarshal(event, &req); err != nil {
		return nil, err
	}
	wanted := cmp.Or(req.Headers["x-answer"], req.Headers["authorization"], req.QueryStringParameters["tok"])
	switch wanted {
	case "error":
		return nil, errors.New("Unauthorized") // a 401 where it is an answer, not an error
	case "sleep":
		time.Sleep(tooLong)
		wanted = "allow"
	}
	answer, ok := answers[wanted]
	if !ok {
		return nil, errors.New("no such answer")
	}
	return bytes.ReplaceAll([]byte(answer), []byte("ARN"), []byte(req.RouteARN)), nil
}

// integrate returns the authorizer's part of the event, and a JSON string for
// the id "hi".
func integrate(event json.RawMessage) (json.RawMessage, error) {
	var req struct {
		PathParameters map[string]string
		RequestContext struct{ Authorizer json.RawMessage }
	}
	if err := json.Unmarshal(event, &req); err != nil {
		return nil, err
	}
	if req.PathParameters["id"] == "hi" {
		return json.RawMessage(`"hi"`), nil
	}
	return req.RequestContext.Authorizer, nil
}
