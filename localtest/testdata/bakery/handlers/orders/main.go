// Command orders answers who asks for what.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	lambda.Start(handle)
}

func handle(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	status, by := http.StatusOK, "anybody"
	if request.RequestContext.HTTP.Method == http.MethodPost {
		status = http.StatusCreated
	}
	identity, err := authz.FromRequest(request)
	switch {
	case err == nil:
		by = identity.Subject
	case !errors.Is(err, authz.ErrNoIdentity):
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
	}
	slog.Info("order", "by", by)
	if request.Body == "crash" {
		return events.APIGatewayV2HTTPResponse{}, errors.New("the oven is cold")
	}
	body, err := json.Marshal(map[string]string{"by": by, "method": identity.Method})
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Body: string(body)}, err
}
