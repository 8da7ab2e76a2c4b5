// Command github puts GitHub's deliveries into the queue.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/authz/webhook"
)

func main() {
	if err := run(context.Background()); err != nil {
		slog.Error("starting", "error", err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	github, err := webhook.New(webhook.Config{Sender: webhook.GitHub, Keys: secret.FromPath(os.Getenv, "GITHUB_SECRET_PATH")})
	if err != nil {
		return err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	queue, url := sqs.NewFromConfig(aws), os.Getenv("QUEUE_URL")
	lambda.Start(func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		body, err := github.Body(ctx, request)
		if err != nil {
			return webhook.Refuse(err)
		}
		text := string(body)
		if _, err := queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text}); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err // 500: GitHub's list of deliveries shows it
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusAccepted}, nil
	})
	return nil
}
