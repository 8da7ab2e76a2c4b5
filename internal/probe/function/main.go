// Command function is the one Lambda function of the probe, deployed twice: as an
// authorizer, and as the handler behind it. Both do what an instruction.Instruction in
// the request says. For the routes of an OpenID Connect issuer the handler is one.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/internal/probe/instruction"
)

// What is answered without an instruction.
const (
	allow = `{"isAuthorized":true,"context":{"run":"{run}"}}`
	echo  = `{"statusCode":200,"headers":{"content-type":"application/json"},"body":{event}}`
)

// handler answers bytes as they are: what it says need not be JSON.
type handler struct{ header string }

func main() { lambda.Start(handler{os.Getenv(instruction.EnvHeader)}) }

// event is what both versions of an authorizer's event and a handler's have.
type event struct {
	RouteARN  string            `json:"routeArn"`
	MethodARN string            `json:"methodArn"`
	RouteKey  string            `json:"routeKey"`
	Headers   map[string]string `json:"headers"`
}

// Invoke does what the request says.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	var do instruction.Instruction
	if text := e.Headers[h.header]; text != "" {
		if err := json.Unmarshal([]byte(text), &do); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Duration(do.Sleep) * time.Millisecond)
	if do.Exit {
		os.Exit(1)
	}
	if do.Throw != "" {
		return nil, errors.New(do.Throw)
	}
	fallback := echo
	if h.header == instruction.AuthorizerHeader {
		fallback = allow
	}
	if document := issuer(e); document != "" {
		return []byte(document), nil
	}
	text, err := json.Marshal(string(payload))
	if err != nil {
		return nil, err
	}
	run := ""
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		run = invocation.AwsRequestID
	}
	answer := strings.NewReplacer(
		"{event}", string(text), "{run}", run, "{arn}", cmp.Or(e.RouteARN, e.MethodARN), "{fill}", strings.Repeat("x", do.Fill),
	).Replace(cmp.Or(do.Answer, fallback))
	return []byte(answer), nil
}

// issuer is a document of the issuer at the host that the request names; empty for
// other routes.
func issuer(e event) string {
	url := e.Headers["x-forwarded-proto"] + "://" + e.Headers["host"]
	switch e.RouteKey {
	case "GET /.well-known/openid-configuration":
		return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, url, url+"/keys")
	case "GET /keys":
		return os.Getenv(instruction.EnvKeys)
	}
	return ""
}
