// Package authztest makes what API Gateway hands to authorizers and handlers, for their
// unit tests: no deployment is needed.
//
//	request := authztest.Request{RouteKey: "POST /orders", Body: `{"item":"pen"}`}
//	answer, err := handle(ctx, request.Handler(authztest.Lambda(t, authz.Identity{Subject: "usr_1"})))
//
// Types and names are those of payload format 2.0 as encoding/json reads it: numbers of
// an authorizer's context are float64, names of headers are in lower case.
package authztest

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Values of each event that no request changes.
const (
	AccountID = "000000000000"
	APIID     = "a1b2c3d4e5"
	Domain    = APIID + ".execute-api.eu-central-1.amazonaws.com"
	RequestID = "JKJaXmPLvHcESHA="
	// AccessKeyID is that of IAM callers.
	AccessKeyID = "AKIAEXAMPLE"
	SourceIP    = "192.0.2.1"
)

// Request is a client's request.
type Request struct {
	// RouteKey is that of the route that it matches, for instance
	// "DELETE /orders/{id}". Defaults to "GET /".
	RouteKey string
	// Path is what the client asked for, "/orders/7": the path parameters are read
	// from it. Defaults to the path of the route.
	Path string
	// Query is the query string, without a question mark.
	Query string
	// Headers are the client's, in any case.
	Headers map[string]string
	// Body is the body, as text.
	Body string
}

// Authorizer is the event of a Lambda authorizer whose identity source is the header
// Authorization.
func (r Request) Authorizer() events.APIGatewayV2CustomAuthorizerV2Request {
	method, path, headers := r.parts()
	event := events.APIGatewayV2CustomAuthorizerV2Request{
		Version: "2.0", Type: "REQUEST",
		RouteArn:       "arn:aws:execute-api:eu-central-1:" + AccountID + ":" + APIID + "/$default/" + method + path,
		RouteKey:       r.routeKey(),
		RawPath:        path,
		RawQueryString: r.Query,
		Headers:        headers, QueryStringParameters: r.query(), PathParameters: r.parameters(path), Cookies: cookies(headers),
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: r.routeKey(), AccountID: AccountID, APIID: APIID, Stage: "$default",
			DomainName: Domain, DomainPrefix: APIID, RequestID: RequestID, HTTP: description(method, path, headers),
		},
	}
	if credential := headers["authorization"]; credential != "" {
		event.IdentitySource = []string{credential}
	}
	return event
}

// Handler is the event of the route's function, after an authorizer that gave the
// context of by: see [Lambda], [JWT] and [IAM]. On a public route by is nil.
func (r Request) Handler(by *events.APIGatewayV2HTTPRequestContextAuthorizerDescription) events.APIGatewayV2HTTPRequest {
	method, path, headers := r.parts()
	cookies := cookies(headers)
	delete(headers, "cookie") // which an authorizer gets
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: r.routeKey(), RawPath: path, RawQueryString: r.Query,
		Headers: headers, QueryStringParameters: r.query(), PathParameters: r.parameters(path), Cookies: cookies, Body: r.Body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: r.routeKey(), AccountID: AccountID, APIID: APIID, Stage: "$default",
			DomainName: Domain, DomainPrefix: APIID, RequestID: RequestID, Authorizer: by, HTTP: description(method, path, headers),
		},
	}
}

func (r Request) routeKey() string {
	if r.RouteKey == "" {
		return "GET /"
	}
	return r.RouteKey
}

// parts are the method, the path and the headers. Of a route for any method the request
// is a GET.
func (r Request) parts() (method, path string, headers map[string]string) {
	method, path, isRoute := strings.Cut(r.routeKey(), " ")
	if !isRoute { // $default
		method, path = "GET", "/"
	}
	if method == "ANY" {
		method = "GET"
	}
	if r.Path != "" {
		path = r.Path
	}
	headers = map[string]string{"host": Domain}
	for name, value := range r.Headers {
		headers[strings.ToLower(name)] = value
	}
	return method, path, headers
}

func description(method, path string, headers map[string]string) events.APIGatewayV2HTTPRequestContextHTTPDescription {
	return events.APIGatewayV2HTTPRequestContextHTTPDescription{
		Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: SourceIP, UserAgent: headers["user-agent"],
	}
}

// variable is a variable of a route's path, as regexp.QuoteMeta leaves it.
var variable = regexp.MustCompile(`\\\{([\w.-]+)(\\\+)?\\\}`)

// parameters are the path's, as the route names them.
func (r Request) parameters(path string) map[string]string {
	_, template, _ := strings.Cut(r.routeKey(), " ")
	var names []string
	pattern := variable.ReplaceAllStringFunc(regexp.QuoteMeta(template), func(text string) string {
		match := variable.FindStringSubmatch(text)
		names = append(names, match[1])
		if match[2] != "" {
			return "(.+)"
		}
		return "([^/]+)"
	})
	values := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(path)
	if len(names) == 0 || values == nil {
		return nil
	}
	parameters := map[string]string{}
	for i, name := range names {
		parameters[name] = values[i+1]
	}
	return parameters
}

// cookies are those of the header.
func cookies(headers map[string]string) []string {
	var list []string
	for cookie := range strings.SplitSeq(headers["cookie"], ";") {
		if cookie = strings.TrimSpace(cookie); cookie != "" {
			list = append(list, cookie)
		}
	}
	return list
}

// query are the decoded parameters; of repeated ones the values have commas between
// them.
func (r Request) query() map[string]string {
	values, err := url.ParseQuery(r.Query)
	if err != nil || len(values) == 0 {
		return nil
	}
	query := map[string]string{}
	for name, list := range values {
		query[name] = strings.Join(list, ",")
	}
	return query
}
