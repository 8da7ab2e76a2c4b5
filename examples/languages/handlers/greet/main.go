// Command greet greets the caller, if it knows who that is.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	lambda.Start(func(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		name := "stranger"
		if identity, err := authz.FromRequest(request); err == nil {
			name = identity.Subject
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: os.Getenv("GREETING") + " " + name}, nil
	})
}
