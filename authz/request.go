package authz

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// Request is what an authorizer sees of an HTTP request, whatever the format
// of the event that carried it. API Gateway gives an authorizer no body.
//
// Printed, logged or marshalled, it shows method, route and id only: headers,
// path and query string may each have a credential. Only in an unexported field
// of another struct fmt prints all of it.
type Request struct {
	// Method is the HTTP method, for instance "POST".
	Method string
	// Path is the path with percent-encoding undone, as API Gateway hands it
	// over. It begins with the stage's name unless that is $default.
	Path string
	// RawQuery is the query string as the client sent it, without its question
	// mark. An event of format 1.0 has none: it is empty there.
	RawQuery string
	// Host is the domain name that API Gateway was called by.
	Host string
	// Headers have lower-case names; values of repeated headers are joined
	// with commas, as API Gateway does.
	Headers map[string]string
	// PathParameters are the values of the route's variables, by name.
	PathParameters map[string]string
	// RouteKey is the route that matched, for instance "POST /events". Format
	// 1.0 does not tell it: there it is made of the request's method and the
	// route's path.
	RouteKey string
	// RouteARN is the ARN that a policy must allow for this very request.
	RouteARN string
	// Stage is the API's stage.
	Stage string
	// SourceIP is the client's address, as API Gateway saw it.
	SourceIP string
	// RequestID is API Gateway's id of the request.
	RequestID string
	// ownMethod says that the method in RouteKey is the request's own, where
	// the route's may be ANY.
	ownMethod bool
	// identity are the values of the identity sources, by which API Gateway keeps
	// answers: in format 1.0 all of them in one text.
	identity []string
	// reuse is how API Gateway reuses the answer; nil if it does not.
	reuse *reuse
}

// String returns the request's id, method and route.
func (r Request) String() string {
	return fmt.Sprintf("request %q, method %q, route %q", r.RequestID, r.Method, r.RouteKey)
}

// Format prints what String returns, for every verb.
func (r Request) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON and slog too,
// with what String returns.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// KnowsQuery reports whether RawQuery is what the client sent. For an event of
// format 1.0 it is not: without a query string and with any, RawQuery is empty.
func (r Request) KnowsQuery() bool { return !r.ownMethod }

// requestOf reads an event of format 2.0 that has been decoded.
func requestOf(event events.APIGatewayV2CustomAuthorizerV2Request) Request {
	return Request{
		Method:         event.RequestContext.HTTP.Method,
		Path:           event.RawPath,
		RawQuery:       event.RawQueryString,
		Host:           event.RequestContext.DomainName,
		Headers:        event.Headers,
		PathParameters: event.PathParameters,
		RouteKey:       event.RouteKey,
		RouteARN:       event.RouteArn,
		Stage:          event.RequestContext.Stage,
		SourceIP:       event.RequestContext.HTTP.SourceIP,
		RequestID:      event.RequestContext.RequestID,
		identity:       event.IdentitySource,
	}
}
