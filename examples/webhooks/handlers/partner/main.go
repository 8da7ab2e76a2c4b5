// Command partner puts what partners send into the queue.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
)

func main() {
	aws, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		slog.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	h := handler{sqs.NewFromConfig(aws), os.Getenv("QUEUE_URL")}
	lambda.Start(h.handle)
}

type handler struct {
	queue *sqs.Client
	url   string
}

func (h handler) handle(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	identity, err := authz.FromRequest(request)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
	}
	// The authorizer has verified the signature, which covers the body's digest.
	if err := httpsig.CheckContentDigest(request); err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest, Body: err.Error()}, nil
	}
	message, err := json.Marshal(map[string]string{"partner": identity.Subject, "body": request.Body})
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	text := string(message)
	if _, err := h.queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &h.url, MessageBody: &text}); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusAccepted}, nil
}
