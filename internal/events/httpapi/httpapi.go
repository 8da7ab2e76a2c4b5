// Package httpapi is what the Lambda functions behind an API Gateway HTTP API
// have in common: turning a handler's errors and panics into JSON responses
// and log lines, and reading JSON bodies strictly. It knows payload format 2.0
// only, and leaves authentication and the meaning of requests to others.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Request is what API Gateway sends, payload format 2.0. The names of its
// headers are in lower case.
type Request = events.APIGatewayV2HTTPRequest

// Response is what API Gateway makes an HTTP response of.
type Response = events.APIGatewayV2HTTPResponse

// Handler handles one request. An *Error is told to the client, any other
// error is not.
type Handler func(ctx context.Context, req Request) (Response, error)

// Error is an error that is the client's to know.
type Error struct {
	// Status is the response's status code, 4xx.
	Status int
	// Message goes into the response: {"error": Message}.
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

// Errorf returns an *Error with a formatted message.
func Errorf(status int, format string, args ...any) error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// answerTime is what is kept of the function's time for answering and logging
// after a dependency has used up the rest. Without it Lambda would end the
// function together with the call, and the log would not say what hung.
const answerTime = 250 * time.Millisecond

// NewLogger returns a logger that writes JSON lines with the member names that
// Lambda's log filter knows (timestamp, level, message).
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr}))
}

// Serve makes a Lambda function of a handler. What it returns never fails: an
// *Error becomes a response with its status, anything else and every panic a
// 500 that says nothing of the cause, which goes to the log with the request's
// ids. The handler's context ends shortly before the function's time does.
func Serve(log *slog.Logger, handle Handler) Handler {
	return func(ctx context.Context, req Request) (Response, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
			defer cancel()
		}
		resp, err := recovered(ctx, req, handle)
		if err == nil {
			return resp, nil
		}
		var told *Error
		if errors.As(err, &told) {
			return errorResponse(told.Status, told.Message), nil
		}
		Log(ctx, log, req).Error("request failed", "route", req.RouteKey, "error", err.Error())
		return errorResponse(http.StatusInternalServerError, "internal server error"), nil
	}
}

// Log returns log with the ids of the request: requestId is the invocation's,
// as in Lambda's own log lines, apiRequestId is API Gateway's, which clients
// see in the header Apigw-Requestid.
func Log(ctx context.Context, log *slog.Logger, req Request) *slog.Logger {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		log = log.With("requestId", lc.AwsRequestID)
	}
	return log.With("apiRequestId", req.RequestContext.RequestID)
}

// recovered turns a panic of handle into an error with the stack.
func recovered(ctx context.Context, req Request, handle Handler) (resp Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return handle(ctx, req)
}

// JSON returns a response with v as its body.
func JSON(status int, v any) (Response, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Response{}, fmt.Errorf("encoding the response: %w", err)
	}
	return Response{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"},
		Body:       string(body),
	}, nil
}

// NoStore keeps a response out of every cache (RFC 9111 section 5.2.2.5).
func NoStore(resp Response) Response {
	if resp.Headers == nil {
		resp.Headers = map[string]string{}
	}
	resp.Headers["Cache-Control"] = "no-store"
	return resp
}

// errorResponse is never cached: a 404 would be by default (RFC 9110 section
// 15.1), and may be wrong a moment later.
func errorResponse(status int, message string) Response {
	// JSON cannot fail: the value is a string.
	resp, _ := JSON(status, map[string]string{"error": message})
	if status == http.StatusUnauthorized {
		resp.Headers["WWW-Authenticate"] = "Bearer" // required by RFC 9110 section 15.5.2
	}
	return NoStore(resp)
}
