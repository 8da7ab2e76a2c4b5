// Command preflight is a Lambda function that answers browsers' preflights: with 204,
// and nothing else. API Gateway adds the headers of its CORS configuration, in the place
// of any that a function sets. It is public, and reads nothing of a request.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(answer) }

func answer(context.Context) (events.APIGatewayV2HTTPResponse, error) {
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNoContent}, nil
}
