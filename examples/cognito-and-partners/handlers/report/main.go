// Command report answers with who the caller is, whatever proved it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() { lambda.Start(handle) }

func handle(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	identity, err := authz.FromRequest(request)
	if errors.Is(err, authz.ErrNoIdentity) { // a public route
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: `{"caller":"anybody"}`}, nil
	}
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
	}
	body, err := json.Marshal(map[string]any{
		"caller": identity.Subject, "method": identity.Method, "issuer": identity.Issuer, "tier": identity.Tier, "scopes": identity.Scopes,
	})
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: string(body)}, err
}
