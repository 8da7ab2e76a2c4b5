// Command createnote answers with who made the note.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	lambda.Start(func(_ context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		identity, err := authz.FromRequest(req)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
		}
		// Subjects are unique within a tenant only.
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusCreated, Body: identity.Tenant + "/" + identity.Subject}, nil
	})
}
