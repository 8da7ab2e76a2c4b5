// Command createevent is the Lambda function behind POST /events.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/internal/events"
	"github.com/protected-http-api/protected-http-api/internal/events/api"
	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

func main() {
	log := httpapi.NewLogger(os.Stderr)
	store, err := events.Open(os.Getenv)
	if err != nil {
		log.Error("function cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(httpapi.Serve(log, api.Create(log, store)))
}
