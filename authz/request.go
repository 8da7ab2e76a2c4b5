package authz

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// requestOf reads an event of format 2.0 (API Gateway developer guide,
// "Control access to HTTP APIs with AWS Lambda authorizers").
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

// payloadV1 is an event of format 1.0.
type payloadV1 struct {
	events.APIGatewayV2CustomAuthorizerV1Request
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
}

// headers returns the headers with their names in lower case. Those of the event
// keep their case: two that differ in nothing else are one repeated header. Of a
// repeated header headers has one value, and multiValueHeaders all.
func (event payloadV1) headers() map[string]string {
	repeated := make(map[string][]string, len(event.MultiValueHeaders))
	for _, name := range slices.Sorted(maps.Keys(event.MultiValueHeaders)) {
		lower := strings.ToLower(name)
		repeated[lower] = append(repeated[lower], event.MultiValueHeaders[name]...)
	}
	values := maps.Clone(repeated)
	for _, name := range slices.Sorted(maps.Keys(event.Headers)) {
		lower, value := strings.ToLower(name), event.Headers[name]
		all := repeated[lower]
		if len(all) == 0 || !slices.Contains(all, value) && value != strings.Join(all, ",") {
			values[lower] = append(values[lower], value)
		}
	}
	headers := make(map[string]string, len(values))
	for name, all := range values {
		headers[name] = strings.Join(all, ",")
	}
	return headers
}

// requestOfV1 reads an event of format 1.0.
func requestOfV1(event payloadV1) Request {
	headers := event.headers()
	var identity []string
	if event.IdentitySource != "" {
		identity = []string{event.IdentitySource}
	}
	return Request{
		Method:         event.HTTPMethod,
		Path:           event.Path,
		Host:           headers["host"],
		Headers:        headers,
		PathParameters: event.PathParameters,
		RouteKey:       event.HTTPMethod + " " + event.Resource,
		RouteARN:       event.MethodArn,
		Stage:          event.RequestContext.Stage,
		SourceIP:       event.RequestContext.Identity.SourceIP,
		RequestID:      event.RequestContext.RequestID,
		ownMethod:      true,
		identity:       identity,
	}
}

// Formats of the authorizer event.
const (
	format1 = "1.0"
	format2 = "2.0"
)

// parseEvent reads an authorizer event of either format.
func parseEvent(payload json.RawMessage) (Request, error) {
	var format struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(payload, &format); err != nil {
		return Request{}, notAnEvent(err)
	}
	switch format.Version {
	case format1:
		var event payloadV1
		if err := json.Unmarshal(payload, &event); err != nil {
			return Request{}, notAnEvent(err)
		}
		return requestOfV1(event), nil
	case format2:
		var event events.APIGatewayV2CustomAuthorizerV2Request
		if err := json.Unmarshal(payload, &event); err != nil {
			return Request{}, notAnEvent(err)
		}
		return requestOf(event), nil
	}
	return Request{}, fmt.Errorf("%w: the event's version is neither 1.0 nor 2.0: is the function invoked by an authorizer of an HTTP API?", ErrMisconfigured)
}

// notAnEvent leaves out the text of the JSON error: it can quote the event.
func notAnEvent(error) error {
	return fmt.Errorf("%w: the event is not one of an authorizer of an HTTP API", ErrMisconfigured)
}
