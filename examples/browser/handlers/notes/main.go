// Command notes answers with whose note it would be.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	lambda.Start(func(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		identity, err := authz.FromRequest(request)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: identity.Subject + " " + request.PathParameters["path"]}, nil
	})
}
