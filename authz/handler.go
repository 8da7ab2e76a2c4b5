package authz

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Handler is a Lambda authorizer of an API Gateway HTTP API, payload format
// 2.0 with simple responses: lambda.Start(handler.Handle).
type Handler struct {
	// Extractor finds the credential. Defaults to BearerHeader.
	Extractor Extractor
	// Verifier judges it. Required: without one every invocation returns
	// ErrMisconfigured.
	Verifier Verifier
	// Logger gets one record a denial and one a fault. Defaults to JSON on
	// standard error.
	Logger *slog.Logger
}

// Handle answers one authorizer event. A credential that is refused, for
// whatever reason, is isAuthorized false. Where the credential cannot be
// judged the error is returned, so that API Gateway answers 500 and caches
// nothing.
//
// The context of an allow is the contract's: the subject as a string and the
// expiry in seconds since the Unix epoch as a number.
func (h Handler) Handle(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	principal, err := h.authorize(ctx, event)
	if err == nil {
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{
			IsAuthorized: true,
			Context: map[string]any{
				contract.ContextUserID:    principal.Subject,
				contract.ContextExpiresAt: principal.ExpiresAt.Unix(),
			},
		}, nil
	}
	var lambdaRequestID string
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		lambdaRequestID = lc.AwsRequestID
	}
	reason, denied := classify(err)
	log := h.logger().With("reason", reason, "error", err.Error(), "requestId", lambdaRequestID,
		"apiRequestId", event.RequestContext.RequestID, "routeKey", event.RouteKey)
	if denied {
		log.WarnContext(ctx, "request denied")
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, nil
	}
	log.ErrorContext(ctx, "request not judged")
	return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, fmt.Errorf("judging a request: %w", err)
}

func (h Handler) authorize(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (Principal, error) {
	if h.Verifier == nil {
		return Principal{}, fmt.Errorf("%w: Handler.Verifier is not set", ErrMisconfigured)
	}
	// Header names keep their case in format 1.0, and its answers have another
	// shape.
	if event.Version != "2.0" {
		return Principal{}, fmt.Errorf("%w: the event's version is not 2.0; set the authorizer's payload format version to 2.0", ErrMisconfigured)
	}
	extractor := h.Extractor
	if extractor == nil {
		extractor = BearerHeader{}
	}
	credential, err := extractor.Extract(Request{
		Headers:   event.Headers,
		RouteKey:  event.RouteKey,
		RequestID: event.RequestContext.RequestID,
	})
	if err != nil {
		return Principal{}, err
	}
	principal, err := h.Verifier.Verify(ctx, credential)
	if err != nil {
		return Principal{}, err
	}
	// FromRequest would refuse the identity on every request: better to fail
	// here, where the mistake is. The errors' texts have none of the values.
	if err := CheckSubject(principal.Subject); err != nil {
		return Principal{}, fmt.Errorf("%w: the verifier's principal: %w", ErrMisconfigured, err)
	}
	if seconds := principal.ExpiresAt.Unix(); seconds <= 0 || seconds > maxNumericDate {
		return Principal{}, fmt.Errorf("%w: the verifier's principal: its expiry is out of range", ErrMisconfigured)
	}
	return principal, nil
}

func (h Handler) logger() *slog.Logger {
	if h.Logger != nil {
		return h.Logger
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
