package webhook_test

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/authz/webhook"
)

// The handler of a public route that GitHub calls. GITHUB_SECRET_PATH names the SSM
// parameter with the secret. In a function of its own lambda.Start calls handle.
func Example() {
	github, err := webhook.New(webhook.Config{Sender: webhook.GitHub, Keys: secret.FromPath(os.Getenv, "GITHUB_SECRET_PATH")})
	if err != nil {
		log.Fatal(err)
	}
	handle := func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		body, err := github.Body(ctx, request)
		if err != nil {
			return webhook.Refuse(err)
		}
		log.Printf("delivery %s has %d bytes", request.Headers["x-github-delivery"], len(body))
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNoContent}, nil
	}
	_ = handle
	// Output:
}
